/// An ordered list of HTTP fields over one array of bytes. A value; copying shares the bytes until one is changed.
///
/// Field values are bytes (RFC 9110, section 5.5: US-ASCII, and obs-text that is passed on untouched). The String
/// accessors read them as Latin-1, so a round trip never changes a byte. Names keep the spelling they came with and
/// compare without regard to case. Nothing that would break a head can get in: CR, LF and NUL in a value become SP,
/// and a field whose name is not a token is left out.
public struct FieldList: Sendable {
    /// Where a field lies in ``FieldList/bytes``. A value.
    public struct Field: Sendable, Equatable {
        /// The name when it is a known one, else `other`.
        public var name: FieldName
        /// First byte of the name.
        public var nameStart: UInt32
        /// One after the last byte of the name.
        public var nameEnd: UInt32
        /// First byte of the value.
        public var valueStart: UInt32
        /// One after the last byte of the value.
        public var valueEnd: UInt32

        /// The bytes of the name.
        public var nameRange: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        /// The bytes of the value, without blanks around it.
        public var valueRange: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// The head's bytes, or names and values one after the other; only the ranges in ``fields`` have meaning.
    public internal(set) var bytes: [UInt8] = []
    /// The fields in the order in which they came.
    public internal(set) var fields: [Field] = []
    /// Bit n: there is a field whose known name has the raw value n. Bits of removed names may linger.
    var present: UInt64 = 0

    /// An empty list.
    public init() {}

    /// The number of field lines.
    public var count: Int { fields.count }
    /// No fields at all?
    public var isEmpty: Bool { fields.isEmpty }

    /// Forgets the fields and keeps the memory, for the next head on the same connection.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        present = 0
    }

    @inline(__always)
    mutating func note(_ field: Field) {
        present |= 1 &<< UInt64(field.name.rawValue)
        fields.append(field)
    }

    /// May there be a field of this known name? False is certain; so it is for `other`, which names nothing.
    @inline(__always)
    func mayContain(_ name: FieldName) -> Bool { name != .other && present &>> UInt64(name.rawValue) & 1 == 1 }

    /// May there be a Range, or one of the preconditions of RFC 9110, section 13.1? False is certain, and costs one test.
    public var mayHavePreconditions: Bool { present & Self.preconditionBits != 0 }

    @inline(__always)
    private static var preconditionBits: UInt64 {
        bit(.range) | bit(.ifMatch) | bit(.ifNoneMatch) | bit(.ifModifiedSince) | bit(.ifUnmodifiedSince)
    }

    @inline(__always)
    private static func bit(_ name: FieldName) -> UInt64 { 1 &<< UInt64(name.rawValue) }
}

extension FieldList: Equatable {
    /// The same fields in the same order: names without regard to case, values byte by byte.
    public static func == (left: FieldList, right: FieldList) -> Bool {
        guard left.count == right.count else { return false }
        for (one, other) in zip(left.fields, right.fields) {
            guard one.name == other.name,
                left.bytes[one.valueRange] == right.bytes[other.valueRange],
                left.bytes[one.nameRange].elementsEqual(
                    right.bytes[other.nameRange],
                    by: { ASCII.lower($0) == ASCII.lower($1) }
                )
            else { return false }
        }
        return true
    }
}
