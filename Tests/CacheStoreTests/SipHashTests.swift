import Testing

@testable import CacheStore

@Suite("SipHash with 128 bits")
struct SipHashTests {
    private let hash = SipHash(k0: 0x0706_0504_0302_0100, k1: 0x0f0e_0d0c_0b0a_0908)

    private func hex(_ value: UInt128) -> String {
        (0..<16).map { index in
            let byte = UInt8(truncatingIfNeeded: value >> UInt128(8 * index))
            return (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    @Test(
        "the published vectors of SipHash-2-4-128 (input 00 01 02 …)",
        arguments: [
            (0, "a3817f04ba25a8e66df67214c7550293"), (1, "da87c1d86b99af44347659119b22fc45"),
            (8, "3b62a9ba6258f5610f83e264f31497b4"), (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
            (63, "5150d1772f50834a503e069a973fbd7c"),
        ]
    )
    func rounds24(count: Int, expected: String) {
        let input = (0..<UInt8(count)).map { $0 }
        #expect(hex(hash.hash(input.span, compression: 2, finalisation: 4)) == expected)
    }

    @Test(
        "SipHash-1-3-128 as OpenSSL computes it",
        arguments: [
            (0, "e77ebcb22788a5befd62db6add303001"), (1, "fc6f370460d3eda85e0573cc2b2ff063"),
            (8, "aa12fee1d5e3dab4724f16ab35f9c799"), (15, "c17e5505b2bd526c2921cdec1e7e0109"),
            (63, "4c5800e34efe426f079f6b0aa75260ad"),
        ]
    )
    func rounds13(count: Int, expected: String) {
        let input = (0..<UInt8(count)).map { $0 }
        #expect(hex(hash.hash(input.span)) == expected)
    }
}
