import SignatureV4
import Testing

/// Known answers from RFC 1321, RFC 4231, FIPS 180-4, and the check values of the CRC catalogue.
struct DigestTests {
    @Test("RFC 1321 and FIPS 180-4: known answers")
    func digests() {
        #expect(Hex.encode(Digest.md5([])) == "d41d8cd98f00b204e9800998ecf8427e")
        #expect(Hex.encode(Digest.md5(Array("message digest".utf8))) == "f96b697d7cb7938d525a2f31aaf161d0")
        #expect(
            Hex.encode(Digest.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(
            Hex.encode(Digest.hash(.sha1, Array("abc".utf8).span.bytes)) == "a9993e364706816aba3e25717850c26c9cd0d89d"
        )
    }

    @Test("RFC 4231: HMAC-SHA-256, test cases 2 and 6")
    func hmac() {
        #expect(
            Hex.encode(Digest.hmacSHA256(key: Array("Jefe".utf8), "what do ya want for nothing?"))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
        let long = [UInt8](repeating: 0xAA, count: 131)
        #expect(
            Hex.encode(Digest.hmacSHA256(key: long, "Test Using Larger Than Block-Size Key - Hash Key First"))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        )
        // An empty key has no address, which is no reason to fail.
        #expect(Digest.hmacSHA256(key: [], "").count == 32)
    }

    @Test("A digest fed in pieces is that of the whole")
    func incremental() {
        let bytes = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for algorithm in DigestAlgorithm.allCases {
            var digest = IncrementalDigest(algorithm)
            digest.update(Array(bytes[..<1]))
            digest.update([])
            digest.update(Array(bytes[1..<64]))
            digest.update(Array(bytes[64...]))
            #expect(digest.finish() == Digest.hash(algorithm, bytes.span.bytes))
        }
    }

    @Test(
        "CRC check values",
        arguments: [
            (CRCKind.crc32, 0xCBF4_3926 as UInt64), (.crc32c, 0xE306_9283), (.crc64nvme, 0xAE8B_1486_0A79_9888),
        ] as [(CRCKind, UInt64)]
    )
    func crc(kind: CRCKind, expected: UInt64) {
        #expect(CRC.checksum(kind, Array("123456789".utf8).span.bytes) == expected)
        #expect(CRC(kind).value == 0)
    }

    @Test("A CRC fed in pieces, and put together from parts, is that of the whole", arguments: CRCKind.allCases)
    func crcParts(kind: CRCKind) {
        let bytes = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) }
        let whole = CRC.checksum(kind, bytes.span.bytes)
        for split in [0, 1, 7, 8, 9, 2_500, 4_999, 5_000] {
            let first = Array(bytes[..<split])
            let second = Array(bytes[split...])
            var crc = CRC(kind)
            crc.update(first.span.bytes)
            crc.update(second.span.bytes)
            #expect(crc.value == whole)
            let combined = CRC.combine(
                kind,
                CRC.checksum(kind, first.span.bytes),
                CRC.checksum(kind, second.span.bytes),
                secondLength: UInt64(second.count)
            )
            #expect(combined == whole)
        }
        #expect(CRC.bytes(0x0102_0304, .crc32) == [1, 2, 3, 4])
    }

    @Test("Base64 (RFC 4648, section 10) and hexadecimal: there and back, and what is refused")
    func textCodings() {
        for (text, encoded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.encode(Array(text.utf8)) == encoded)
            #expect(Base64.decode(encoded) == Array(text.utf8))
        }
        for bad in ["Zg=", "Zg", "Z===", "====", "Zh==", "Zm9v ", "Zm=v", "Zg==Zg==", "Zm\u{e9}v"] {
            #expect(Base64.decode(bad) == nil, "\(bad)")
        }
        #expect(Hex.encode([0, 255, 16]) == "00ff10")
        #expect(Hex.decode("00FF10") == [0, 255, 16])
        #expect(Hex.decode("0") == nil)
        #expect(Hex.decode("0g") == nil)
    }

    @Test("Comparison in constant time is still a comparison")
    func constantTime() {
        #expect(Digest.constantTimeEqual([1, 2, 3], [1, 2, 3]))
        #expect(!Digest.constantTimeEqual([1, 2, 3], [1, 2, 4]))
        #expect(!Digest.constantTimeEqual([1, 2, 3], [1, 2]))
        #expect(Digest.constantTimeEqual([], []))
    }

    @Test("x-amz-date: the basic form of ISO 8601, and nothing else")
    func dates() {
        #expect(AmzDate.basic(1_440_938_160) == "20150830T123600Z")
        #expect(AmzDate.parseBasic("20150830T123600Z") == 1_440_938_160)
        #expect(AmzDate.parseBasic("20240229T235959Z").map(AmzDate.basic) == "20240229T235959Z")
        #expect(AmzDate.extended(unixMilliseconds: 1_440_938_160_007) == "2015-08-30T12:36:00.007Z")
        for bad in [
            "", "20150830T123600", "20150830 123600Z", "20150230T123600Z", "20151301T123600Z", "20150830T243600Z",
            "2015-08-30T12:36Z", "2015083xT123600Z",
        ] {
            #expect(AmzDate.parseBasic(bad) == nil, "\(bad)")
        }
    }
}
