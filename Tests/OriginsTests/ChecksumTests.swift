import HTTPClient
import HTTPWire
import NIOCore
import Origins
import SignatureV4
import TestSupport
import Testing

/// Bodies are compared with what their answers say of them.
struct ChecksumTests {
    private static let body = TestBytes.pattern(300_000)

    private static func value(_ algorithm: String, _ body: [UInt8]) -> String {
        let bytes: [UInt8] =
            switch algorithm {
            case "crc32": CRC.bytes(CRC.checksum(.crc32, body.span.bytes), .crc32)
            case "crc32c": CRC.bytes(CRC.checksum(.crc32c, body.span.bytes), .crc32c)
            case "crc64nvme": CRC.bytes(CRC.checksum(.crc64nvme, body.span.bytes), .crc64nvme)
            case "sha1": Digest.hash(.sha1, body.span.bytes)
            default: Digest.sha256(body)
            }
        return Base64.encode(bytes)
    }

    private static func changed(_ body: [UInt8]) -> [UInt8] {
        var body = body
        body[body.count / 2] ^= 1
        return body
    }

    /// Whole and right, or broken before the last byte that Content-Length has promised.
    @Test(
        "a bucket's checksum of the whole object",
        arguments: ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"],
        [ScriptedAnswer.Framing.length, .chunked, .untilClose]
    )
    func bucket(algorithm: String, framing: ScriptedAnswer.Framing) async throws {
        let bench = try await OriginBench()
        let sum = Self.value(algorithm, Self.body)
        for isRight in [true, false] {
            let sent = isRight ? Self.body : Self.changed(Self.body)
            bench.origin.onAnything { _ in
                ScriptedAnswer(200, ["x-amz-checksum-\(algorithm)": sum], bytes: sent, framing: framing)
            }
            let fetched = try await bench.fetch("/a")
            #expect(bench.origin.requests.last?["x-amz-checksum-mode"] == "ENABLED")
            #expect(fetched.now.failures.isEmpty == isRight)
            if isRight {
                #expect(fetched.now.body == sent)
            } else {
                let failure = try #require(fetched.failure)
                #expect(failure.detail == "origin-checksum" && failure.status == 502)
                #expect(failure.message.hasPrefix("\(algorithm): ") && failure.message.hasSuffix(" found"))
                if case .length = framing { #expect(fetched.now.body.count < sent.count) }
            }
            // One that was checked is whole, however it ended.
            #expect(fetched.answer?.mayBeCut == false)
        }
        #expect(bench.origin.requests.count == 2, "no second try in silence")
    }

    @Test("what cannot be compared is not: composite, of a part, of another answer, malformed, unknown")
    func notComparable() async throws {
        let bench = try await OriginBench()
        let wrong = Self.value("crc32", [1])
        let cases: [(Int, KeyValuePairs<String, String>)] = [
            (200, ["x-amz-checksum-crc32": wrong, "x-amz-checksum-type": "COMPOSITE"]),
            (200, ["x-amz-checksum-crc32": wrong + "-3"]), (206, ["x-amz-checksum-crc32": wrong]),
            (200, ["x-amz-checksum-crc32": "%%"]), (200, ["x-amz-checksum-sha256": wrong]),
            (200, ["x-amz-checksum-xxh3": wrong]), (200, ["Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="]),
            (200, ["ETag": "\"00000000000000000000000000000000\""]),
        ]
        for (status, fields) in cases {
            bench.origin.onAnything { _ in ScriptedAnswer(status, fields, bytes: Self.body) }
            let fetched = try await bench.fetch("/a")
            #expect(fetched.now.body == Self.body && fetched.now.failures.isEmpty, "\(fields)")
        }
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["x-amz-checksum-crc32": wrong], bytes: Self.body) }
        #expect(try await bench.fetch("/a", method: .head).failure == nil)
        #expect(bench.origin.requests.last?["x-amz-checksum-mode"] == nil)
    }

    @Test("an empty body is compared before its head is passed on")
    func empty() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["x-amz-checksum-crc32": Self.value("crc32", [1])]) }
        let fetched = try await bench.fetch("/a")
        #expect(fetched.answer == nil && fetched.failure?.detail == "origin-checksum")
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["x-amz-checksum-crc32": Self.value("crc32", [])]) }
        #expect(try await bench.fetch("/a").now.ends == 1)
    }

    @Test("an entity tag is compared as an MD5 where the operator says that it is one")
    func md5() async throws {
        let bench = try await OriginBench(verifiesMD5: true)
        let tag = "\"\(Hex.encode(Digest.md5(Self.body)))\""
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["ETag": tag], bytes: Self.body) }
        #expect(try await bench.fetch("/a").now.body == Self.body)
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["ETag": tag], bytes: Self.changed(Self.body)) }
        #expect(try await bench.fetch("/a").failure?.detail == "origin-checksum")
        let encrypted = "x-amz-server-side-encryption"
        bench.origin.onAnything { _ in
            ScriptedAnswer(200, ["ETag": tag, encrypted: "aws:kms"], bytes: Self.changed(Self.body))
        }
        #expect(try await bench.fetch("/a").failure == nil)
    }

    @Test("RFC 9530: an HTTP origin's digests", arguments: ["Repr-Digest", "Content-Digest"])
    func server(name: String) async throws {
        let bench = try await OriginBench()
        let right = Self.value("sha256", Self.body)
        let wrong = Self.value("sha256", [])
        let cases: [(KeyValuePairs<String, String>, isWhole: Bool)] = [
            ([name: "sha-256=:\(right):"], true), ([name: "sha-256=:\(wrong):"], false),
            ([name: "unixsum=30637, sha-256=:\(wrong):;x=1"], false), ([name: "sha-512=:\(wrong):"], true),
            ([name: "sha-256=\(wrong)"], true), ([name: "sha-256=:\(wrong)"], true), ([name: "sha-256=:%:"], true),
            ([name: "sha-256=:\(wrong):", "Content-Encoding": "gzip"], true),
            ([name: "sha-256=:\(wrong):", "Content-Encoding": "identity"], false),
        ]
        for (fields, isWhole) in cases {
            bench.origin.onAnything { _ in ScriptedAnswer(200, fields, bytes: Self.body) }
            let fetched = try await Fetched(bench.server, bench.request("/a"), on: bench.eventLoop).over()
            #expect(fetched.now.failures.isEmpty == isWhole, "\(fields)")
        }
        bench.origin.onAnything { _ in ScriptedAnswer(206, [name: "sha-256=:\(wrong):"], bytes: Self.body) }
        #expect(try await Fetched(bench.server, bench.request("/a"), on: bench.eventLoop).over().failure == nil)
    }

    @Test("RFC 9112, section 6.3: what a bucket ends with its connection may have been cut")
    func cut() async throws {
        let bench = try await OriginBench()
        for framing in [ScriptedAnswer.Framing.length, .chunked, .untilClose] {
            bench.origin.onAnything { _ in ScriptedAnswer(200, bytes: Self.body, framing: framing) }
            let fetched = try await bench.fetch("/a")
            let mayBeCut = if case .untilClose = framing { true } else { false }
            #expect(fetched.answer?.mayBeCut == mayBeCut)
        }
    }
}
