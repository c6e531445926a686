/// Every bound of reading a trace, in one place. A value with no state.
enum Limits {
    /// Bytes read at a time.
    static let readBytes = 256 << 10
    /// Bytes that decompressing gives at a time.
    static let decodedBytes = 1 << 20
    /// Bytes of one line.
    static let lineBytes = 1 << 20
    /// Bytes of one object.
    static let objectBytes = 1 << 47
    /// Bytes of all requests together, so that no sum overflows.
    static let requestedBytes = 1 << 61
}
