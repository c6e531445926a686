/// What bounds the work on one message. A namespace.
enum Limits {
    /// Bytes of a targeted field (RFC 9213) that are parsed; a longer one counts as malformed.
    static let targetedFieldBytes = 4096
}
