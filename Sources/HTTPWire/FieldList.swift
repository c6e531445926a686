/// An ordered list of HTTP fields over one array of bytes. A value; copying shares the bytes until one is changed.
///
/// Field values are bytes (RFC 9110, section 5.5: US-ASCII, and obs-text that is passed on untouched). The String
/// accessors read them as Latin-1, so a round trip never changes a byte. Names keep the spelling they came with and
/// compare without regard to case.
public struct FieldList: Sendable, Equatable {
    /// Where a field lies in ``bytes``.
    public struct Field: Sendable, Equatable {
        public var name: FieldName
        public var nameStart: UInt32
        public var nameEnd: UInt32
        public var valueStart: UInt32
        public var valueEnd: UInt32

        public var nameRange: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        public var valueRange: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// The head's bytes, or names and values one after the other; only the ranges in ``fields`` have meaning.
    public internal(set) var bytes: [UInt8] = []
    public internal(set) var fields: [Field] = []

    public init() {}
}
