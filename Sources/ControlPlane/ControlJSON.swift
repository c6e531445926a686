import FoundationEssentials
import NIOCore

/// JSON as control reads and writes it: keys sorted, slashes plain. A namespace.
enum ControlJSON {
    /// The JSON text of `value`.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return [UInt8](try encoder.encode(value))
    }

    /// The JSON text of `value` and a line feed.
    static func line(_ value: some Encodable) throws -> ByteBuffer {
        var bytes = try encode(value)
        bytes.append(UInt8(ascii: "\n"))
        return ByteBuffer(bytes: bytes)
    }

    /// Reads `bytes` as a `Value`; throws `DecodingError`.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// What a decoding error says, as one sentence for the person who wrote the JSON.
    static func sentence(for error: any Error) -> String {
        guard let error = error as? DecodingError else { return "The body is not valid JSON." }
        switch error {
        case .keyNotFound(let key, let context):
            return "The JSON lacks \"\(key.stringValue)\"\(place(context.codingPath))."
        case .typeMismatch(let type, let context):
            return "The JSON has a wrong type\(place(context.codingPath)): expected \(type)."
        case .valueNotFound(_, let context):
            return "The JSON has null\(place(context.codingPath)), where a value is expected."
        case .dataCorrupted(let context):
            // Errors of ours say where; one without a place is the parser's.
            return context.codingPath.isEmpty
                ? "The body is not valid JSON." : "\(context.debugDescription)\(place(context.codingPath))."
        @unknown default:
            return "The body is not valid JSON."
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        guard !path.isEmpty else { return "" }
        let text = path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
        return " at \(text.replacing(".[", with: "["))"
    }
}
