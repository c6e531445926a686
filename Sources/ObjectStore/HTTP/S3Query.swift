internal import HTTPWire

/// The parameters of a request's query, decoded. *Value*.
struct S3Query: Sendable, Equatable {
    struct Parameter: Sendable, Equatable {
        let name: String
        let value: String
        /// `?acl` rather than `?acl=`.
        let isBare: Bool
    }

    private(set) var parameters: [Parameter] = []

    /// `+` stands for a space. Throws when a `%` is followed by anything but two digits, or text is not UTF-8.
    init(_ text: String) throws(S3Error) {
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            parameters.append(
                Parameter(
                    name: try Self.decode(halves[0]),
                    value: halves.count > 1 ? try Self.decode(halves[1]) : "",
                    isBare: halves.count == 1
                )
            )
        }
    }

    private static func decode(_ text: Substring.UTF8View) throws(S3Error) -> String {
        let spaced = text.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        guard let bytes = RequestTarget.percentDecode(spaced), let result = String(validating: bytes, as: UTF8.self)
        else {
            throw S3Error(.invalidURI, "Couldn't parse the specified URI: the query is not encoded UTF-8.")
        }
        return result
    }

    /// The first value of that name.
    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    func contains(_ name: String) -> Bool { parameters.contains { $0.name == name } }

    /// A number within bounds; nil when the parameter is absent.
    func number(_ name: String, in range: ClosedRange<Int>) throws(S3Error) -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .invalidArgument(
                name,
                text,
                "Argument \(name) must be an integer between \(range.lowerBound) and \(range.upperBound)"
            )
        }
        return number
    }
}
