/// What bounds the work on one message. A namespace.
enum Limits {
    /// Bytes of a targeted field (RFC 9213) that are parsed; a longer one counts as malformed.
    static let targetedFieldBytes = 4096
    /// Members of Accept-Language and its like up to which their order is made not to count; the work grows with the
    /// square.
    static let preferencesSorted = 32
}
