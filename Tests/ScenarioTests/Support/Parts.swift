import HTTPWire
import TestSupport
import Testing

/// What a 206 carries, taken apart as a client would. A value.
struct Part: Equatable {
    var range: Range<Int>
    var total: Int
    var contentType: String?
    var bytes: [UInt8]

    /// The parts of a 206, of one range or of several; nil: it is none, or malformed.
    static func all(of response: RawClient.Response) -> [Part]? {
        guard response.status == 206 else { return nil }
        let type = response["Content-Type"]
        if let value = response["Content-Range"] {
            return part(value, type, response.body).map { [$0] }
        }
        let prefix = "multipart/byteranges; boundary="
        guard let type, type.hasPrefix(prefix) else { return nil }
        return multipart(response.body, boundary: String(type.dropFirst(prefix.count)))
    }

    /// RFC 2046, section 5.1.1, by the letter: no preamble, no epilogue, no blanks behind a boundary.
    private static func multipart(_ body: [UInt8], boundary: String) -> [Part]? {
        var rest = body[...]
        guard take("--\(boundary)\r\n", from: &rest) else { return nil }
        var parts: [Part] = []
        while true {
            guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            var fields: [String: String] = [:]
            for line in lines {
                guard let colon = line.firstRange(of: ": ") else { return nil }
                fields[line[..<colon.lowerBound].lowercased()] = String(line[colon.upperBound...])
            }
            rest = rest[end.upperBound...]
            guard let value = fields["content-range"], let length = ContentRange(value)?.range?.count,
                rest.count >= length, let part = part(value, fields["content-type"], Array(rest.prefix(length)))
            else { return nil }
            parts.append(part)
            rest = rest.dropFirst(length)
            guard take("\r\n--\(boundary)", from: &rest) else { return nil }
            if take("--\r\n", from: &rest) { return rest.isEmpty ? parts : nil }
            guard take("\r\n", from: &rest) else { return nil }
        }
    }

    private static func part(_ contentRange: String, _ type: String?, _ bytes: [UInt8]) -> Part? {
        guard let value = ContentRange(contentRange), let range = value.range, let total = value.completeLength,
            range.count == bytes.count
        else { return nil }
        return Part(
            range: Int(range.lowerBound)..<Int(range.upperBound),
            total: Int(total),
            contentType: type,
            bytes: bytes
        )
    }

    private static func take(_ text: String, from rest: inout ArraySlice<UInt8>) -> Bool {
        let bytes = Array(text.utf8)
        guard rest.starts(with: bytes) else { return false }
        rest = rest.dropFirst(bytes.count)
        return true
    }
}

extension RawClient.Response {
    /// Whether this is a 206 of exactly these ranges of `body`, in this order.
    func isPart(_ ranges: Range<Int>..., of body: [UInt8]) -> Bool { isPart(ranges, of: body) }

    func isPart(_ ranges: [Range<Int>], of body: [UInt8]) -> Bool {
        guard let parts = Part.all(of: self), parts.count == ranges.count else { return false }
        return zip(parts, ranges).allSatisfy { part, range in
            part.range == range && part.total == body.count && part.bytes == Array(body[range])
        }
    }
}
