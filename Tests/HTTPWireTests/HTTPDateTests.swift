import HTTPWire
import TestSupport
import Testing

@Suite struct HTTPDateTests {
    @Test("RFC 9110, 5.6.7: the three formats")
    func formats() {
        #expect(HTTPDate.parse("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.parse("Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(HTTPDate.parse("Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(HTTPDate.parse("Sun Nov 16 08:49:37 1994") == 784_975_777)
        #expect(HTTPDate.parse("Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(HTTPDate.parse("Sun, 21 Nov 2286 04:46:39 GMT") == 10_000_039_599)
        #expect(HTTPDate.parse("Sat, 31 Dec 2016 23:59:60 GMT") == 1_483_228_800)
        #expect(HTTPDate.parse("Thu, 29 Feb 2024 00:00:00 GMT") == 1_709_164_800)
    }

    @Test("the public test-suite for caches: any case, and a wrong day's name, are understood")
    func lenience() {
        #expect(HTTPDate.parse("THU, 18 Aug 2050 02:01:18 GMT") == 2_544_400_878)
        #expect(HTTPDate.parse("Thu, 18 AUG 2050 02:01:18 gmt") == 2_544_400_878)
        #expect(HTTPDate.parse("Thu Aug  8 02:01:18 2050") == 2_543_536_878)
        #expect(HTTPDate.parse("Mon, 18 Aug 2050 02:01:18 GMT") == 2_544_400_878)
    }

    @Test("RFC 9110, 5.6.7: two-digit years are never more than 50 years ahead")
    func twoDigitYears() {
        func year(_ short: String, _ reference: Int) -> Int64? {
            HTTPDate.parse("Thursday, 01-Jan-\(short) 00:00:00 GMT", referenceYear: reference)
        }
        #expect(year("70", 2019) == 0)
        #expect(year("71", 2020) == 31_536_000)
        #expect(year("70", 2026) == 3_155_760_000)
        #expect(year("26", 2026) == 1_767_225_600)
        #expect(year("77", 2026) == 220_924_800)
        #expect(year("99", 2026) == 915_148_800)
        #expect(year("00", 1990) == 946_684_800)
    }

    @Test(
        "RFC 9110, 5.6.7: everything else is no date",
        arguments: [
            "", " ", "0", "-1", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 AEST",
            "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 18  Aug 2050 02:01:18 GMT",
            "Thu, 8 Aug 2050 02:01:18 GMT", "Thu,18 Aug 2050 02:01:18 GMT", "18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18", "Thu, 18 Aug 2050 02:01:18 GMT ", " Thu, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 24:01:18 GMT", "Thu, 18 Aug 2050 02:60:18 GMT", "Thu, 18 Aug 2050 02:01:61 GMT",
            "Thu, 31 Feb 2050 02:01:18 GMT", "Thu, 29 Feb 2023 02:01:18 GMT", "Thu, 00 Aug 2050 02:01:18 GMT",
            "Thu, 32 Aug 2050 02:01:18 GMT", "Xyz, 18 Aug 2050 02:01:18 GMT", "Thursday, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18-Aug-50 02:01:18 GMT", "Thursday, 18-Aug-2050 02:01:18 GMT", "Thu Aug 8 02:01:18 2050",
            "Thu Aug 08 02:01:18 50", "Thu Aug  8 02:01:18 2050 GMT", "Thu, 18 Foo 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 +0000", "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug -050 02:01:18 GMT", "1994-11-06T08:49:37Z",
        ]
    )
    func malformed(text: String) {
        #expect(HTTPDate.parse(text) == nil)
    }

    @Test("formatting and parsing are each other's inverse over ten thousand years")
    func roundTrip() {
        #expect(HTTPDate.format(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(HTTPDate.format(-1) == "Wed, 31 Dec 1969 23:59:59 GMT")
        #expect(HTTPDate.format(.max) == "Fri, 31 Dec 9999 23:59:59 GMT")
        #expect(HTTPDate.format(.min) == "Sat, 01 Jan 0000 00:00:00 GMT")
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            let moment = Int64.random(in: -62_167_219_200...253_402_300_799, using: &random)
            #expect(HTTPDate.parse(HTTPDate.format(moment)) == moment)
        }
    }

    @Test("random changes to a date never do harm, and what is accepted has a meaning")
    func randomChanges() {
        var random = SeededGenerator(seed: 6)
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            for _ in 0..<3000 {
                var bytes = Array(text.utf8)
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0x20...0x7E, using: &random)
                }
                bytes.removeLast(Int.random(in: 0...2, using: &random))
                if let moment = HTTPDate.parse(bytes.span) { #expect(HTTPDate.format(moment).utf8.count == 29) }
            }
        }
    }
}
