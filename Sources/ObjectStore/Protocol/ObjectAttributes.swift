/// The header fields that are kept with an object and come back when it is read. *Value*.
///
/// Values are bytes, as HTTP has them (RFC 9110, section 5.5); names are lower case.
public struct ObjectAttributes: Sendable, Equatable {
    /// A kept field. *Value*.
    public struct Field: Sendable, Equatable {
        /// Lower case.
        public let name: String
        /// Never contains NUL, CR or LF.
        public let value: [UInt8]
    }

    /// In the order in which they came.
    public private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    /// What a program storing files of its own wants to say of them.
    public init(contentType: String?, cacheControl: String? = nil, contentEncoding: String? = nil) {
        set("content-type", contentType)
        set("cache-control", cacheControl)
        set("content-encoding", contentEncoding)
    }

    /// The system fields that S3 keeps, besides `x-amz-meta-*`.
    static let systemNames: Set<String> = [
        "content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
    ]

    static let metadataPrefix = "x-amz-meta-"

    /// The value as Latin-1, so that no byte changes.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }.map { String($0.value.map { Character(Unicode.Scalar($0)) }) }
    }

    /// Replaces the field; nil removes it. NUL, CR and LF cannot stand in a field and are left out.
    public mutating func set(_ name: String, _ value: String?) {
        fields.removeAll { $0.name == name }
        guard let value else { return }
        append(name, Array(value.utf8))
    }

    mutating func append(_ name: String, _ value: [UInt8]) {
        fields.append(Field(name: name.lowercased(), value: value.filter { $0 != 0 && $0 != 13 && $0 != 10 }))
    }

    /// Bytes of the user's metadata, names without their prefix.
    var metadataBytes: Int {
        fields.reduce(0) { sum, field in
            guard field.name.hasPrefix(Self.metadataPrefix) else { return sum }
            return sum + field.name.utf8.count - Self.metadataPrefix.utf8.count + field.value.count
        }
    }

    /// The form in the database: name NUL value NUL ….
    var stored: [UInt8] {
        fields.reduce(into: []) { bytes, field in
            bytes.append(contentsOf: field.name.utf8)
            bytes.append(0)
            bytes.append(contentsOf: field.value)
            bytes.append(0)
        }
    }

    init(stored bytes: [UInt8]) {
        let parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            fields.append(Field(name: String(decoding: parts[index], as: UTF8.self), value: Array(parts[index + 1])))
        }
    }
}
