import Testing

@testable import CacheStore

@Suite("CRC-32C")
struct CRC32CTests {
    @Test("RFC 3720, appendix B.4, and the check value")
    func vectors() {
        let check = Array("123456789".utf8)
        #expect(CRC32C.of(check.span) == 0xE306_9283)
        let zeros = [UInt8](repeating: 0, count: 32)
        #expect(CRC32C.of(zeros.span) == 0x8A91_36AA)
        let ones = [UInt8](repeating: 0xFF, count: 32)
        #expect(CRC32C.of(ones.span) == 0x62A8_AB43)
    }

    @Test("lanes side by side and tables agree around every length at which lanes begin and end")
    func lanes() {
        let bytes = testBytes(70_000, seed: 3)
        for count in [4079, 4080, 4081, 4087, 8159, 8160, 8161, 16_384, 65_536, 69_997] {
            let part = Array(bytes[3..<(3 + count)])
            #expect(part.withUnsafeBytes { ~CRC32C.byTables(.max, $0) } == CRC32C.of(part.span), "\(count)")
        }
    }

    @Test("instruction and tables agree for every length and any split")
    func agreement() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for count in 0...bytes.count {
            let part = Array(bytes[..<count])
            let whole = CRC32C.of(part.span)
            #expect(part.withUnsafeBytes { ~CRC32C.byTables(.max, $0) } == whole)
            var split = CRC32C()
            split.add(part.span.extracting(0..<(count / 3)))
            split.add(part.span.extracting((count / 3)..<count))
            #expect(split.value == whole)
        }
    }
}
