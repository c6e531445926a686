/// A request as it came over the wire to a ``ScriptedOrigin``. A value.
public struct RecordedRequest: Sendable {
    /// "GET".
    public let method: String
    /// The request target as sent, with its query.
    public let target: String
    /// The field lines in their order, names as sent.
    public let fields: [(name: String, value: String)]
    /// The head's bytes as text (Latin-1), with the empty line.
    public let rawHead: String
    /// The body, decoded when it was chunked; empty when the answer did not wait for it.
    public internal(set) var body: [UInt8] = []
    /// Number of the connection it came on, counted from 1.
    public let connection: Int

    /// The target without its query.
    public var path: String {
        String(target.prefix { $0 != "?" })
    }

    /// The value of the first field of that name, in any case.
    public subscript(name: String) -> String? {
        values(name).first
    }

    /// The values of all fields of that name, in any case.
    public func values(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// Parses a head that ends in an empty line; nil when its first line is not a request line.
    init?(head: [UInt8], connection: Int) {
        rawHead = String(decoding: head.map(UInt16.init), as: UTF16.self)
        var lines = rawHead.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return nil }
        let first = lines.removeFirst().split(separator: " ", omittingEmptySubsequences: false)
        guard first.count == 3, first[2].hasPrefix("HTTP/1.") else { return nil }
        method = String(first[0])
        target = String(first[1])
        fields = lines.map { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? String(parts[1]) : ""
            return (String(parts[0]), Self.trimmed(value))
        }
        self.connection = connection
    }

    private static func trimmed(_ text: String) -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = text.drop(while: isSpace)
        return String(start.reversed().drop(while: isSpace).reversed())
    }
}
