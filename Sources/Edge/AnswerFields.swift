import CachingRules
import HTTPWire
import NIOCore

/// Writes the field lines that differ from answer to answer: Age, Cache-Status (RFC 9211) and Via (RFC 9110, 7.6.3).
/// Loop-confined: one scratch buffer per loop, its memory used again for the next answer.
struct AnswerFields {
    private(set) var buffer: ByteBuffer
    /// `Via: 1.1 edge-1\r\nCache-Status: edge-1`
    private let prefix: ByteBuffer
    /// `Via: 1.1 edge-1\r\nCache-Status: edge-1; hit; ttl=`
    private let hitPrefix: ByteBuffer

    init(node: String, allocator: ByteBufferAllocator) {
        let name = Self.structuredName(node)
        prefix = allocator.buffer(string: "Via: 1.1 \(Self.pseudonym(node))\r\nCache-Status: \(name)")
        hitPrefix = allocator.buffer(string: "Via: 1.1 \(Self.pseudonym(node))\r\nCache-Status: \(name); hit; ttl=")
        buffer = allocator.buffer(capacity: 256)
    }

    /// An answer from the store, the hot path.
    mutating func writeHit(ttl: Int64, age: Int64, detail: String? = nil) {
        buffer.clear()
        buffer.writeImmutableBuffer(hitPrefix)
        buffer.writeDecimal(ttl)
        if let detail {
            buffer.writeStaticString("; detail=")
            buffer.writeString(detail)
        }
        writeAge(age)
    }

    /// An answer for which the origin was asked.
    ///
    /// - Parameters:
    ///   - age: seconds, nil when the answer did not come from the store.
    ///   - ttl: seconds for which what was stored is fresh from now on; nil: not to be said.
    mutating func writeForward(
        _ reason: ForwardReason,
        status: Int?,
        stored: Bool,
        collapsed: Bool,
        detail: String? = nil,
        age: Int64? = nil,
        ttl: Int64? = nil
    ) {
        buffer.clear()
        buffer.writeImmutableBuffer(prefix)
        buffer.writeStaticString("; fwd=")
        buffer.writeString(reason.rawValue)
        if let status {
            buffer.writeStaticString("; fwd-status=")
            buffer.writeDecimal(Int64(status))
        }
        if let ttl {
            buffer.writeStaticString("; ttl=")
            buffer.writeDecimal(ttl)
        }
        if stored { buffer.writeStaticString("; stored") }
        if collapsed { buffer.writeStaticString("; collapsed") }
        if let detail {
            buffer.writeStaticString("; detail=")
            buffer.writeString(detail)
        }
        if let age { writeAge(age) } else { buffer.writeStaticString("\r\n") }
    }

    /// An answer of the edge itself, for a request that it neither looked up nor passed on.
    mutating func writeLocal(detail: String) {
        buffer.clear()
        buffer.writeImmutableBuffer(prefix)
        buffer.writeStaticString("; detail=")
        buffer.writeString(detail)
        buffer.writeStaticString("\r\n")
    }

    private mutating func writeAge(_ age: Int64) {
        buffer.writeStaticString("\r\nAge: ")
        buffer.writeDecimal(max(0, age))
        buffer.writeStaticString("\r\n")
    }

    /// RFC 8941: a token where the name is one, else a quoted string.
    static func structuredName(_ node: String) -> String {
        let isToken =
            node.unicodeScalars.first.map { $0 == "*" || ($0.isASCII && $0.properties.isAlphabetic) } ?? false
            && node.utf8.allSatisfy { isTokenByte($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "/") }
        if isToken { return node }
        let printable = node.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }
        var quoted = "\""
        for scalar in printable {
            if scalar == "\"" || scalar == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }

    /// RFC 9110, 7.6.3: a pseudonym is a token.
    static func pseudonym(_ node: String) -> String {
        let kept = node.utf8.filter(isTokenByte)
        return kept.isEmpty ? "apus" : String(decoding: kept, as: UTF8.self)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
            UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}

extension ByteBuffer {
    /// Writes a number in decimal without making a String.
    mutating func writeDecimal(_ value: Int64) {
        if value < 0 { writeInteger(UInt8(ascii: "-")) }
        var rest = value.magnitude
        var digits = 1
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        rest = value.magnitude
        let start = writerIndex
        writeRepeatingByte(UInt8(ascii: "0"), count: digits)
        var index = start + digits - 1
        while rest > 0 {
            setInteger(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10), at: index)
            rest /= 10
            index -= 1
        }
    }
}
