import CacheStore
import HTTPWire
import SignatureV4
import Telemetry
import TestSupport
import Testing

@Suite("A fill that is not what its answer says: stored for nobody, whole for nobody")
struct IntegrityTests {
    private static let body = TestBytes.pattern(300_000)
    private static let sum = Base64.encode(CRC(of: body).bytes)

    /// The last bit is wrong.
    private static var damaged: [UInt8] {
        var body = body
        body[body.count - 1] ^= 1
        return body
    }

    @Test(
        "a wrong checksum: every reader's connection breaks, nothing is stored, and the origin was asked once",
        arguments: [ScriptedAnswer.Framing.length, .chunked],
        [1, 2]
    )
    func checksum(framing: ScriptedAnswer.Framing, loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let fields: KeyValuePairs = ["x-amz-checksum-crc32c": Self.sum, "x-amz-checksum-type": "FULL_OBJECT"]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, fields, bytes: Self.damaged, framing: framing).holdingHead(latch),
                ScriptedAnswer(200, fields, bytes: Self.body)
            )
            let crowd = try await stage.crowd(10, "/a")
            try await stage.waitUntil(collapsed: 9)
            latch.open()
            for client in crowd.clients {
                let (bytes, ending) = try await client.untilClosed()
                let headEnd = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound ?? bytes.count
                #expect(ending == .broken && !bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8))
                if case .length = framing { #expect(bytes.count - headEnd < Self.body.count) }
            }
            #expect(stage.origin.count("/site/a") == 1 && stage.statistics.memoryObjects == 0)
            let again = try await stage.get("/a")
            #expect(again.isForwarded("uri-miss") && again.isStored && again.body == Self.body)
            let names = again.head.fields.fields.map { again.head.fields.nameString($0).lowercased() }
            #expect(!names.contains { $0.hasPrefix("x-amz-") })
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("a body that is waited for whole, for its compressed form: 502 with the word in Cache-Status")
    func beforeTheForm() async throws {
        try await scenario { stage in
            let fields: KeyValuePairs = ["Content-Type": "text/css", "x-amz-checksum-crc32c": Self.sum]
            stage.origin.on("/site/a.css", ScriptedAnswer(200, fields, body: Texts.css(9_000)))
            let response = try await stage.get("/a.css", ["Accept-Encoding": "br"])
            #expect(response.status == 502 && response.cacheStatus.contains("detail=origin-checksum"))
            #expect(stage.statistics.memoryObjects == 0)
        }
    }

    @Test("an object that goes into blocks: none of them is kept when the whole is wrong")
    func blocks() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(12 << 20)
            var damaged = body
            damaged[3 << 20] ^= 1
            let sum = Base64.encode(CRC(of: body).bytes)
            let fields: KeyValuePairs = ["ETag": "\"v1\"", "x-amz-checksum-crc32c": sum]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, fields, bytes: damaged),
                ScriptedAnswer(200, fields, bytes: body)
            )
            let client = try await stage.connect()
            try await client.send(Stage.request("/a"))
            let (bytes, ending) = try await client.untilClosed(within: .seconds(60))
            #expect(ending == .broken && bytes.count < damaged.count)
            #expect(stage.origin.count("/site/a") == 1 && stage.failures("origin-checksum") == 1)
            try await eventually("nothing in memory") { stage.statistics.memoryObjects == 0 }
            let again = try await stage.get("/a")
            #expect(again.status == 200 && again.body == body && stage.origin.count("/site/a") == 2)
        }
    }

    @Test("RFC 9112, section 6.3: a bucket's body that ends with its connection is passed on and not stored")
    func closeDelimited() async throws {
        try await scenario { stage in
            let fields: KeyValuePairs = ["Cache-Control": "max-age=60"]
            stage.origin.on("/site/a", ScriptedAnswer(200, fields, bytes: Self.body, framing: .untilClose))
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(response.body == Self.body && !response.isStored && response.isForwarded("uri-miss"))
            }
            #expect(stage.statistics.memoryObjects == 0)
            // One whose digest is right is known to be whole.
            let known: KeyValuePairs = ["Cache-Control": "max-age=60", "x-amz-checksum-crc32c": Self.sum]
            stage.origin.on("/site/a", ScriptedAnswer(200, known, bytes: Self.body, framing: .untilClose))
            #expect(try await stage.get("/a").isStored)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test(
        "RFC 9112, section 8: too few bytes, a last chunk that is missing, in every cut",
        arguments: [0, 1, 40, 299_999]
    )
    func cut(offset: Int) async throws {
        for framing in [ScriptedAnswer.Framing.length, .chunked] {
            for reset in [true, false] {
                try await scenario { stage in
                    stage.origin.on(
                        "/site/a",
                        ScriptedAnswer(200, bytes: Self.body, framing: framing).cutting(after: offset, reset: reset)
                    )
                    let client = try await stage.connect()
                    try await client.send(Stage.request("/a"))
                    let (bytes, ending) = try await client.untilClosed()
                    let text = String(decoding: bytes.prefix(12), as: UTF8.self)
                    // Before the head was passed on there may still be a clear answer.
                    #expect(ending == .broken || text == "HTTP/1.1 502")
                    #expect(stage.statistics.memoryObjects == 0)
                }
            }
        }
    }

    @Test("more bytes than Content-Length: they belong to nothing, the body is as long as was said")
    func tooLong() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                .raw(.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n".utf8)))
            )
            let response = try await stage.get("/a")
            #expect(response.text == "hello" && response.isStored)
            #expect(try await stage.get("/a").text == "hello")
        }
    }
}

extension CRC {
    fileprivate init(of bytes: [UInt8]) {
        self.init(.crc32c)
        update(bytes.span.bytes)
    }
}
