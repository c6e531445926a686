import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Ranges of what is still coming")
struct RangeFillTests {
    /// As RangeTests, with one object that has come to a stop.
    static func serve(_ stage: Stage, _ body: [UInt8], heldAt offset: Int, _ latch: Latch) {
        let answer = ScriptedAnswer(
            200,
            ["ETag": "\"v1\"", "Content-Type": "video/webm", "Cache-Control": "max-age=600"],
            bytes: body
        )
        stage.origin.on("/site/a", answer.holdingBody(after: offset, latch))
        stage.origin.on("/a", answer.holdingBody(after: offset, latch))
    }

    @Test("a part that has come is sent although the rest has not; what has not come is waited for", arguments: [1, 2])
    func retained(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000)
            Self.serve(stage, body, heldAt: 1_000_000, latch)
            let whole = try await stage.crowd(5, "/a")
            try await stage.waitUntil(asked: "/site/a")
            for range in [0..<10, 500_000..<999_999, 999_999..<1_000_000] {
                let response = try await stage.get("/a", ["Range": "bytes=\(range.lowerBound)-\(range.upperBound - 1)"])
                #expect(response.isPart(range, of: body))
                #expect(response.isForwarded("uri-miss") && response.isCollapsed && response["ETag"] == "\"v1\"")
            }
            let later = try await stage.crowd(10, "/a", ["Range": "bytes=999000-2999999"])
            let last = try await stage.crowd(10, "/a", ["Range": "bytes=-1000"])
            let several = try await stage.crowd(10, "/a", ["Range": "bytes=0-9,2000000-2999999"])
            try await stage.waitUntil(collapsed: 37)
            // Its first byte is there: it has begun.
            let begun = try await later.clients[0].bytes(1000)
            #expect(String(decoding: begun, as: UTF8.self).hasPrefix("HTTP/1.1 206 "))
            #expect(last.clients[0].bytesWaiting == 0 && several.clients[0].bytesWaiting == 0)
            latch.open()
            for client in later.clients.dropFirst() {
                #expect(try await client.response().isPart(999_000..<3_000_000, of: body))
            }
            await later.close()
            for response in try await last.responses() { #expect(response.isPart(2_999_000..<3_000_000, of: body)) }
            for response in try await several.responses() {
                #expect(response.isPart(0..<10, 2_000_000..<3_000_000, of: body))
            }
            for response in try await whole.responses() { #expect(response.body == body) }
            #expect(stage.origin.count("/site/a") == 1)
            #expect(try await stage.get("/a", ["Range": "bytes=5-6"]).isHit)
        }
    }

    @Test("the first request for an object may be for a part of it: the whole is kept")
    func first() async throws {
        try await scenario { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: body).holdingBody(after: 500_000, latch)
            )
            let response = try await stage.get("/a", ["Range": "bytes=100000-199999"])
            #expect(response.isPart(100_000..<200_000, of: body) && response.isStored)
            latch.open()
            #expect(stage.origin.last("/site/a")?["Range"] == "bytes=0-1048575")
            try await eventually("the entry") { try await stage.get("/a").isHit }
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("through a window: what lies before is passed over, and who has its part leaves", arguments: [1, 2])
    func window(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 8) { stage in
            let latch = Latch()
            let held = Latch()
            let body = TestBytes.pattern(3_000_000)
            let answer = ScriptedAnswer(200, ["ETag": "W/\"v1\""], bytes: body)
            stage.origin.on("/site/a", answer.holdingHead(held).holdingBody(after: 2_000_000, latch))
            let early = try await stage.crowd(5, "/a", ["Range": "bytes=10-1499999"])
            let late = try await stage.crowd(5, "/a", ["Range": "bytes=1999990-2499999"])
            let whole = try await stage.crowd(2, "/a")
            let several = try await stage.crowd(2, "/a", ["Range": "bytes=0-9,20-29"])
            try await stage.waitUntil(collapsed: 13)
            held.open()
            // The others must not be held back: who reads them?
            async let wholes = whole.responses()
            async let both = several.responses()
            for response in try await early.responses() { #expect(response.isPart(10..<1_500_000, of: body)) }
            latch.open()
            for response in try await late.responses() { #expect(response.isPart(1_999_990..<2_500_000, of: body)) }
            for response in try await wholes { #expect(response.body == body) }
            for response in try await both { #expect(response.status == 200 && response.body == body) }
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("nobody waits for the rest of a window: the origin is let go")
    func abandoned() async throws {
        try await scenario(memoryMiB: 8) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingBody(after: 2_000_000, latch))
            let response = try await stage.get("/a", ["Range": "bytes=1500000-1500009"])
            #expect(response.isPart(1_500_000..<1_500_010, of: body))
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            latch.open()
        }
    }

    @Test(
        "a fill that breaks: parts that had come are whole, those that had begun are broken, others get 502",
        arguments: [64, 8]
    )
    func broken(memoryMiB: Int) async throws {
        try await scenario(memoryMiB: memoryMiB) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: body)
                    .holdingBody(after: 2_000_000, latch).cutting(after: 2_500_000)
            )
            let begun = try await stage.connect()
            try await begun.send(Stage.request("/a", [("Range", "bytes=1000000-2600000")]))
            let waiting = try await stage.connect()
            if memoryMiB == 64 { try await waiting.send(Stage.request("/a", [("Range", "bytes=2600000-")])) }
            let head = try await begun.bytes(500_000)
            #expect(String(decoding: head.prefix(13), as: UTF8.self) == "HTTP/1.1 206 ")
            if memoryMiB == 64 {
                try await stage.waitUntil(collapsed: 1)
                #expect(try await stage.get("/a", ["Range": "bytes=5-9"]).isPart(5..<10, of: body))
            }
            latch.open()
            let rest = try await begun.untilClosed()
            #expect(rest.ending == .broken && rest.bytes.count < 1_200_000)
            if memoryMiB == 64 {
                let response = try await waiting.response()
                #expect(response.status == 502 && response["Content-Range"] == nil)
            }
            await begun.close()
            await waiting.close()
        }
    }

    @Test("416, 304 and 412 do not wait for the body")
    func atOnce() async throws {
        try await scenario { stage in
            let latch = Latch()
            let body = TestBytes.pattern(100_000)
            Self.serve(stage, body, heldAt: 1000, latch)
            let first = try await stage.crowd(1, "/a", ["Range": "bytes=100000-"])
            let refused = try await first.responses()[0]
            #expect(refused.status == 416 && refused["Content-Range"] == "bytes */100000")
            let same = try await stage.get("/a", ["Range": "bytes=5000-", "If-None-Match": "\"v1\""])
            #expect(same.status == 304)
            let other = try await stage.get("/a", ["Range": "bytes=5000-", "If-Match": "\"v2\""])
            #expect(other.status == 412)
            let whole = try await stage.crowd(1, "/a", ["Range": "bytes=5000-", "If-Range": "\"v2\""])
            latch.open()
            #expect(try await whole.responses()[0].body == body)
        }
    }

    @Test("without a length there is nothing to cut: the whole, and a part when it is stored")
    func chunked() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(100_000)
            stage.origin.on("/site/a", ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: body, framing: .chunked))
            let first = try await stage.get("/a", ["Range": "bytes=10-19"])
            #expect(first.status == 200 && first.body == body)
            let second = try await stage.get("/a", ["Range": "bytes=10-19"])
            #expect(second.isHit && second.isPart(10..<20, of: body))
        }
    }

    @Test("an answer that nobody may share is cut for the one it is for")
    func unshareable() async throws {
        try await scenario(.http) { stage in
            let body = TestBytes.pattern(100_000)
            stage.origin.on("/a", ScriptedAnswer(200, ["Cache-Control": "private", "ETag": "\"v1\""], bytes: body))
            let response = try await stage.get("/a", ["Range": "bytes=50000-50009"])
            #expect(response.isPart(50_000..<50_010, of: body))
        }
    }

    @Test("slow readers of parts, and such that leave, harm nobody", arguments: [64, 8])
    func nasty(memoryMiB: Int) async throws {
        try await scenario(loops: 2, memoryMiB: memoryMiB) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000)
            stage.origin.on("/site/a", ScriptedAnswer(200, ["ETag": "W/\"v1\""], bytes: body).holdingHead(latch))
            let slow = try await stage.connect(receiveBuffer: 16 << 10)
            try await slow.setReading(false)
            try await slow.send(Stage.request("/a", [("Range", "bytes=1000000-2999999")]))
            let leaving = try await stage.crowd(10, "/a", ["Range": "bytes=2000000-2999999"])
            let whole = try await stage.crowd(1, "/a")
            try await stage.waitUntil(collapsed: 11)
            latch.open()
            for client in leaving.clients { await client.reset() }
            try await slow.setReading(true)
            async let body1 = whole.responses()
            #expect(try await slow.response().isPart(1_000_000..<3_000_000, of: body))
            #expect(try await body1[0].body == body)
            await slow.close()
        }
    }

    @Test("a body that is kept nowhere: a server is asked for the part alone, once that is known")
    func unkept() async throws {
        try await scenario(.http, memoryMiB: 8) { stage in
            let body = TestBytes.pattern(3_000_000)
            stage.origin.on("/a", ScriptedAnswer(200, ["Last-Modified": RangeTests.modified], bytes: body))
            #expect(try await stage.get("/a", ["Range": "bytes=0-99"]).isPart(0..<100, of: body))
            #expect(stage.origin.last("/a")?["Range"] == nil)
            stage.origin.on(
                "/a",
                ScriptedAnswer(
                    206,
                    ["Content-Range": "bytes 2000000-2000099/3000000"],
                    bytes: Array(body[2_000_000..<2_000_100])
                )
            )
            let part = try await stage.get("/a", ["Range": "bytes=2000000-2000099"])
            #expect(part.isPart(2_000_000..<2_000_100, of: body) && !part.isStored)
            #expect(stage.origin.last("/a")?["Range"] == "bytes=2000000-2000099")
            stage.origin.on("/a", ScriptedAnswer(200, bytes: body))
            #expect(try await stage.get("/a").body == body)
            #expect(stage.origin.last("/a")?["Range"] == nil)
        }
    }

    @Test("a stale entry is confirmed first, then cut; a new one is sent whole to who resumes the old")
    func revalidated() async throws {
        try await scenario { stage in
            let old = TestBytes.pattern(50_000)
            let new = TestBytes.pattern(60_000, seed: 2)
            let stale: KeyValuePairs = ["ETag": "\"v1\"", "Cache-Control": "max-age=1", "Age": "100"]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, stale, bytes: old),
                ScriptedAnswer(304, stale),
                ScriptedAnswer(200, ["ETag": "\"v2\"", "Cache-Control": "max-age=600"], bytes: new)
            )
            _ = try await stage.get("/a")
            let resumed: KeyValuePairs = ["Range": "bytes=20000-", "If-Range": "\"v1\""]
            let same = try await stage.get("/a", resumed)
            #expect(same.isPart(20_000..<50_000, of: old) && same.isForwarded("stale; fwd-status=304"))
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == "\"v1\"")
            let other = try await stage.get("/a", resumed)
            #expect(other.status == 200 && other.body == new)
            #expect(try await stage.get("/a", ["Range": "bytes=-5"]).isPart(59_995..<60_000, of: new))
        }
    }

    @Test("the origin fails: a part of the stale entry (RFC 5861, 4)")
    func staleIfError() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(50_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(
                    200,
                    ["ETag": "\"v1\"", "Cache-Control": "max-age=1, stale-if-error=600", "Age": "100"],
                    bytes: body
                ),
                ScriptedAnswer(500)
            )
            _ = try await stage.get("/a")
            let part = try await stage.get("/a", ["Range": "bytes=100-199"])
            #expect(part.isPart(100..<200, of: body))
        }
    }

    @Test("readers of a window that leave, all of one loop's even, do not hold up those that stay", arguments: 1...4)
    func left(round: Int) async throws {
        try await scenario(loops: 2, memoryMiB: 8) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3_000_000, seed: UInt64(round))
            stage.origin.on("/site/a", ScriptedAnswer(200, ["ETag": "W/\"v1\""], bytes: body).holdingHead(latch))
            // Of the connections of a crowd, some are on each loop.
            let parts = try await stage.crowd(11, "/a", ["Range": "bytes=1000-400000"])
            let whole = try await stage.crowd(1, "/a")
            try await stage.waitUntil(collapsed: 11)
            latch.open()
            for response in try await parts.responses() { #expect(response.isPart(1000..<400_001, of: body)) }
            for response in try await whole.responses() { #expect(response.body == body) }
        }
    }
}
