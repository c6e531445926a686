import CachingRules
import NIOCore
import Testing

@testable import Edge

@Suite("Via, Cache-Status and Age (RFC 9110 7.6.3, RFC 9211, RFC 9111 5.1)")
struct AnswerFieldsTests {
    static func fields(_ node: String = "edge-1") -> AnswerFields {
        AnswerFields(node: node, allocator: ByteBufferAllocator())
    }

    static let start = "Via: 1.1 edge-1\r\nCache-Status: edge-1"

    @Test("a hit has its lifetime left and its age")
    func hit() {
        var fields = Self.fields()
        fields.writeHit(ttl: 55, age: 5)
        #expect(fields.buffer.text == Self.start + "; hit; ttl=55\r\nAge: 5\r\n")
        fields.writeHit(ttl: -5, age: -1)
        #expect(fields.buffer.text == Self.start + "; hit; ttl=-5\r\nAge: 0\r\n")
    }

    @Test("a forwarded one says why, what came, and what became of it; nothing of the answer before is left")
    func forward() {
        var fields = Self.fields()
        fields.writeForward(.stale, status: 304, stored: true, collapsed: true, detail: "x", age: 7)
        #expect(
            fields.buffer.text == Self.start + "; fwd=stale; fwd-status=304; stored; collapsed; detail=x\r\nAge: 7\r\n"
        )
        fields.writeForward(.uriMiss, status: nil, stored: false, collapsed: false)
        #expect(fields.buffer.text == Self.start + "; fwd=uri-miss\r\n")
        fields.writeLocal(detail: "bad-host")
        #expect(fields.buffer.text == Self.start + "; detail=bad-host\r\n")
    }

    @Test(
        "a node's name is a token where it can be, else a quoted string (RFC 8941 3.3.3, 3.3.4)",
        arguments: [
            ("edge", "edge"), ("edge-1.x", "edge-1.x"), ("*", "*"), ("a:b/c", "a:b/c"), ("1edge", "\"1edge\""),
            ("", "\"\""), ("a b", "\"a b\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("k\u{f6}ln", "\"kln\""),
            ("a\r\nX: y", "\"aX: y\""), ("-a", "\"-a\""),
        ]
    )
    func name(node: String, expected: String) {
        #expect(AnswerFields.structuredName(node) == expected)
        var fields = Self.fields(node)
        fields.writeLocal(detail: "x")
        // Two lines, whatever the name is.
        #expect(fields.buffer.text.split(separator: "\r\n").count == 2)
        #expect(fields.buffer.text.contains("Cache-Status: \(expected); detail=x\r\n"))
    }

    @Test(
        "in Via it is a token",
        arguments: [("edge", "edge"), ("a b", "ab"), ("", "apus"), ("\u{f6}", "apus"), ("a/b:c", "abc")]
    )
    func pseudonym(node: String, expected: String) {
        #expect(AnswerFields.pseudonym(node) == expected)
    }

    @Test("numbers", arguments: [0, 1, 9, 10, 99, 100, 4_294_967_296, -1, -10, .max, .min] as [Int64])
    func decimal(number: Int64) {
        var buffer = ByteBuffer(string: ">")
        buffer.writeDecimal(number)
        buffer.writeString("<")
        #expect(buffer.text == ">\(number)<")
    }
}
