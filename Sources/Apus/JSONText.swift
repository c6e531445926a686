import Foundation

/// `--json` output. A namespace.
enum JSONText {
    /// Pretty-printed with sorted keys and a final line end.
    static func of(_ value: some Encodable) throws -> String { try text(value, JSONEncoder()) }

    /// The same, with names such as `objectHitRatio` written as `object_hit_ratio`.
    static func snakeCase(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try text(value, encoder)
    }

    private static func text(_ value: some Encodable, _ encoder: JSONEncoder) throws -> String {
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    }
}
