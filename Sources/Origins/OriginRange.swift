/// The one range of bytes that an edge asks an origin for (RFC 9110, section 14.1.2). A value.
public enum OriginRange: Sendable, Equatable {
    /// From `first` to `last`, both included; nil: to the end. An origin ignores the field when `last` lies before `first`.
    case bytes(first: UInt64, last: UInt64?)
    /// The last bytes.
    case suffix(UInt64)

    /// The Range field's value.
    public var text: String {
        switch self {
        case .bytes(let first, let last?): "bytes=\(first)-\(last)"
        case .bytes(let first, nil): "bytes=\(first)-"
        case .suffix(let count): "bytes=-\(count)"
        }
    }
}
