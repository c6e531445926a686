import HTTPWire

/// What a font is. A namespace.
enum FontType {
    /// Whether the value of a Content-Type names a font.
    static func matches(_ bytes: Span<UInt8>, _ value: Range<Int>) -> Bool {
        let type = bytes.trimmingBlanks(value)
        return begins(bytes, type, "font/") || begins(bytes, type, "application/font-")
            || begins(bytes, type, "application/x-font-") || begins(bytes, type, "application/vnd.ms-fontobject")
    }

    /// Whether a path has the suffix of a font.
    static func isNamed(_ path: Span<UInt8>) -> Bool {
        ends(path, ".woff2") || ends(path, ".woff") || ends(path, ".ttf") || ends(path, ".otf") || ends(path, ".eot")
    }

    private static func begins(_ bytes: Span<UInt8>, _ range: Range<Int>, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard range.count >= length else { return false }
        return bytes.matches(range.lowerBound..<range.lowerBound + length, lowercase: text)
    }

    private static func ends(_ bytes: Span<UInt8>, _ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        return bytes.count >= length && bytes.matches(bytes.count - length..<bytes.count, lowercase: text)
    }
}
