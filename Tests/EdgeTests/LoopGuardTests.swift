import HTTPWire
import TestSupport
import Testing

@testable import Edge

/// Loops, Max-Forwards: what a request says of its own way.
struct LoopGuardTests {
    private let loopGuard = LoopGuard(node: "Edge-1")

    private func fields(_ name: String, _ values: String...) -> FieldList {
        var fields = FieldList()
        for value in values { fields.append(name: name, value) }
        return fields
    }

    @Test(
        arguments: [
            "edge-1", "EDGE-1", "a,edge-1", "a , edge-1;x=\"y\"", "edge-1 ;x", " ,, edge-1",
        ])
    func cdnLoopsThatNameIt(value: String) {
        #expect(loopGuard.hasPassed(fields("CDN-Loop", value)))
        #expect(loopGuard.hasPassed(fields("cdn-loop", "x", value)))
        #expect(!loopGuard.hasPassed(fields("X-Loop", value)))
    }

    @Test(arguments: [
        "edge-12", "edge", "xedge-1", "a;edge-1", "a edge-1", "", ",", ";", "\"edge-1\"", "a;b=\"c,edge-1\"",
        "edge-1:80",
    ])
    func cdnLoopsThatDoNot(value: String) {
        #expect(!loopGuard.hasPassed(fields("CDN-Loop", value)))
    }

    @Test(arguments: [
        "1.1 edge-1", "HTTP/1.1 Edge-1 (x)", "1.0 a, 1.1 edge-1(x)", "1.0 fred,1.1\tedge-1", "1.1  edge-1,",
    ])
    func viasThatNameIt(value: String) {
        #expect(loopGuard.hasPassed(fields("Via", value)))
    }

    @Test(arguments: ["edge-1", "edge-1 1.1", "1.1 edge-1:80", "1.1 a (edge-1)", "1.1", "1.1 ", ""])
    func viasThatDoNot(value: String) {
        #expect(!loopGuard.hasPassed(fields("Via", value)))
    }

    @Test func nothingThatAClientCanWriteIsATrap() {
        var random = SeededGenerator(seed: 7)
        let parts = ["edge-1", "1.1", " ", ",", ";", "(", ")", "\"", "\t", "=", "é"]
        for _ in 0..<2000 {
            let value = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                parts.randomElement(using: &random) ?? ""
            }.joined()
            _ = loopGuard.hasPassed(fields("Via", value))
            _ = loopGuard.hasPassed(fields("CDN-Loop", value))
            // And nothing that stands behind this edge's name hides it.
            #expect(loopGuard.hasPassed(fields("Via", "1.1 edge-1," + value)))
            #expect(loopGuard.hasPassed(fields("CDN-Loop", "edge-1," + value)))
        }
    }

    @Test func maxForwards() {
        let cases: [(String, UInt64?)] = [
            ("0", 0), ("00", 0), ("12", 12), ("99999999999999999999", .max), ("", nil), ("-1", nil), ("+1", nil),
            ("1 ", 1),
            ("1,2", nil), ("x", nil),
        ]
        for (text, left) in cases { #expect(MaxForwards.left(fields("max-forwards", text)) == left, "\(text)") }
        var two = fields("Max-Forwards", "3", "9")
        MaxForwards.decrement(&two)
        #expect(two.values(name: "max-forwards") == ["2"])
        var none = fields("Max-Forwards", "x")
        MaxForwards.decrement(&none)
        #expect(none["Max-Forwards"] == "x")
    }
}
