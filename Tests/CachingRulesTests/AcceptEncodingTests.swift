import CachingRules
import HTTPWire
import TestSupport
import Testing

@Suite struct AcceptEncodingTests {
    private func preferred(_ value: String?, _ available: CodingSet = .all) -> Coding? {
        guard let value else { return AcceptEncoding.preferred(Optional<Span<UInt8>>.none, available: available) }
        let bytes = Array(value.utf8)
        let fromSpan = AcceptEncoding.preferred(bytes.span, available: available)
        #expect(AcceptEncoding.preferred(fields([("Accept-Encoding", value)]), available: available) == fromSpan)
        return fromSpan
    }

    @Test("RFC 9110, 12.5.3: weights, wildcard, exclusion")
    func negotiation() {
        #expect(preferred(nil) == .identity)
        #expect(preferred("") == .identity)
        #expect(preferred("gzip, deflate, br, zstd") == .br)
        #expect(preferred("gzip, deflate, br, zstd", [.identity, .gzip]) == .gzip)
        #expect(preferred("gzip, deflate, zstd") == .zstd)
        #expect(preferred("gzip;q=1.0, br;q=0.5") == .gzip)
        #expect(preferred("br;q=0.001, gzip;q=0.002") == .gzip)
        #expect(preferred("GZIP ; Q=1") == .gzip)
        #expect(preferred("x-gzip") == .gzip)
        #expect(preferred("deflate") == .identity)
        #expect(preferred("*") == .br)
        #expect(preferred("*", [.identity, .gzip]) == .gzip)
        #expect(preferred("*;q=0.5, gzip") == .gzip)
        #expect(preferred("br;q=0, *") == .zstd)
        #expect(preferred("identity, gzip;q=0.5") == .identity)
        #expect(preferred("identity;q=0.5, gzip;q=0.5") == .gzip)
        #expect(preferred("gzip;q=0") == .identity)
        #expect(preferred(", gzip ,, ") == .gzip)
        #expect(preferred("gzip, gzip;q=0") == .gzip)
    }

    @Test("RFC 9110, 12.5.3: identity can be excluded, and then nothing may be left")
    func nothingAcceptable() {
        #expect(preferred("identity;q=0") == nil)
        #expect(preferred("*;q=0") == nil)
        #expect(preferred("identity;q=0, gzip", [.identity, .br]) == nil)
        #expect(preferred("identity;q=0, gzip") == .gzip)
        #expect(preferred("*;q=0, identity") == .identity)
        #expect(preferred("*;q=0, gzip") == .gzip)
        #expect(preferred("*;q=0, gzip", .identity) == nil)
        #expect(preferred("gzip", []) == nil)
    }

    @Test(
        "a malformed field counts as absent",
        arguments: [
            "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=0.1234", "gzip;q=a", "gzip;q", "gzip;level=5", "gzip q=1",
            "(br)",
            "gzip;;q=1", "br;q=-1", "\"br\"", "br;q=0.5;q=1", "gzip;q=1.x", ";q=1", "br/gzip", "br;q=.5", "br;q=00",
        ]
    )
    func garbage(value: String) {
        #expect(preferred(value) == .identity)
        #expect(preferred("br, " + value) == .identity)
    }

    @Test("RFC 9110, 5.3: several lines are one list")
    func lines() {
        let request = fields([("Accept-Encoding", "gzip"), ("accept-encoding", "br;q=0.9")])
        #expect(AcceptEncoding.preferred(request, available: .all) == .gzip)
        #expect(AcceptEncoding.preferred(request, available: [.br, .identity]) == .br)
        #expect(AcceptEncoding.preferred(fields([]), available: .all) == .identity)
    }

    @Test("random values never do harm, and the answer is always available")
    func randomValues() {
        var random = SeededGenerator(seed: 1)
        let parts = [
            "gzip", "br", "zstd", "identity", "*", ",", ";q=0", ";q=0.5", ";q=1", " ", "x", "=", ";", "\"", "é",
        ]
        for _ in 0..<5000 {
            var value = ""
            for _ in 0..<Int.random(in: 0..<9, using: &random) { value += parts.randomElement(using: &random) ?? "" }
            let available = CodingSet(rawValue: UInt8.random(in: 0..<16, using: &random)).union(.identity)
            if let coding = preferred(value, available) { #expect(available.contains(coding)) }
        }
    }

    @Test("names of codings")
    func tokens() {
        for coding in Coding.allCases { #expect(Coding(token: coding.token.uppercased()) == coding) }
        #expect(Coding(token: "X-GZIP") == .gzip)
        #expect(Coding(token: "deflate") == nil)
    }
}
