/// An object's key: 1 to 1,024 bytes of UTF-8, ordered by its bytes. *Value*. It is never part of a file's name.
public struct ObjectKey: Sendable, Hashable, Comparable {
    /// The key's UTF-8.
    public let bytes: [UInt8]

    /// nil when the bytes are not a key: empty, too long, or not UTF-8.
    public init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count <= ObjectStoreLimits.keyBytes, String(validating: bytes, as: UTF8.self) != nil
        else { return nil }
        self.bytes = bytes
    }

    /// nil when the text is not a key: empty or too long.
    public init?(_ text: String) {
        self.init(Array(text.utf8))
    }

    /// For keys read back from the database, which were checked when they were stored.
    init(stored bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The key as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// By bytes, S3's order.
    public static func < (a: ObjectKey, b: ObjectKey) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
