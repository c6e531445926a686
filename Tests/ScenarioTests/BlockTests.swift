import CacheStore
import HTTPWire
import NIOConcurrencyHelpers
import Telemetry
import TestSupport
import Testing

@Suite("Large objects in blocks", .serialized)
struct BlockTests {
    private static let mebibyte = 1 << 20
    private static let length = 9 * mebibyte + 4321
    private static let oneBody = TestBytes.pattern(length, seed: 1)
    private static let otherBody = TestBytes.pattern(length, seed: 2)

    /// An object of 10 blocks, the last of them short, at /large of a bucket.
    private func serve(_ stage: Stage, _ tag: String = "v1", _ bytes: [UInt8] = BlockTests.oneBody) {
        stage.origin.serve("/site/large", bytes: bytes, etag: "\"\(tag)\"", ["Cache-Control": "max-age=3600"])
    }

    /// What the origin was asked for: method, Range and If-Match of each request.
    private func asked(_ stage: Stage) -> [String] {
        stage.origin.requests.map { request in
            [request.method, request["Range"], request["If-Match"]].compactMap { $0 }.joined(separator: " ")
        }
    }

    private func range(_ stage: Stage, _ text: String, _ fields: [(String, String)] = []) async throws
        -> RawClient.Response
    {
        let client = try await stage.connect()
        try await client.send(Stage.request("/large", [("Range", "bytes=\(text)")] + fields))
        let response = try await client.response()
        await client.close()
        return response
    }

    @Test("read whole: one request to the origin for a crowd, and none afterwards", arguments: [1, 2])
    func whole(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 256) { stage in
            serve(stage)
            let responses = try await stage.crowd(3, "/large").responses()
            for response in responses {
                #expect(response.status == 200 && response.body == Self.oneBody)
                #expect(response["Content-Length"] == "\(Self.length)" && response["ETag"] == "\"v1\"")
            }
            #expect(responses[0].isForwarded("uri-miss") && responses[0].isStored)
            #expect(stage.origin.count("/site/large") == 1)
            let again = try await stage.get("/large")
            #expect(again.isHit && again.body == Self.oneBody && stage.origin.count("/site/large") == 1)
            let head = try await stage.head("/large")
            #expect(head.isHit && head["Content-Length"] == "\(Self.length)")
            let unchanged = try await stage.get("/large", ["If-None-Match": "\"v1\""])
            #expect(unchanged.status == 304)
            #expect(stage.origin.count("/site/large") == 1)
            // The object's entry, and one for each block.
            #expect(stage.statistics.memoryObjects == 11)
        }
    }

    @Test("a range of what is not known asks for its blocks alone, the whole then for the others")
    func coldRange() async throws {
        try await scenario(memoryMiB: 256) { stage in
            serve(stage)
            let first = 5 * Self.mebibyte + 100
            let cold = try await range(stage, "\(first)-\(first + 99)")
            #expect(cold.status == 206 && cold.body == Array(Self.oneBody[first..<first + 100]))
            #expect(cold["Content-Range"] == "bytes \(first)-\(first + 99)/\(Self.length)")
            #expect(cold.isForwarded("uri-miss") && cold.isStored)
            try await eventually("the whole block") { stage.fillsUnderWay == 0 }
            let warm = try await range(stage, "\(first + 50)-\(first + 59)")
            #expect(warm.isHit && warm.body == Array(Self.oneBody[(first + 50)..<(first + 60)]))
            #expect(asked(stage) == ["GET bytes=5242880-6291455"])
            let whole = try await stage.get("/large")
            #expect(whole.status == 200 && whole.body == Self.oneBody)
            #expect(whole.isForwarded("partial"))
            #expect(
                asked(stage).dropFirst() == [
                    "GET bytes=0-5242879 \"v1\"", "GET bytes=6291456-\(Self.length - 1) \"v1\"",
                ]
            )
            let again = try await stage.get("/large")
            #expect(again.isHit && again.body == Self.oneBody && stage.origin.requests.count == 3)
        }
    }

    @Test("the other ways to ask for parts, of a known object and of an unknown one", arguments: [false, true])
    func manyRanges(isKnown: Bool) async throws {
        try await scenario(memoryMiB: 256) { stage in
            serve(stage)
            if isKnown { _ = try await range(stage, "0-0") }
            let tail = try await range(stage, "-10")
            #expect(tail.status == 206 && tail.body == Array(Self.oneBody.suffix(10)))
            let open = try await range(stage, "\(Self.length - 5)-")
            #expect(open.status == 206 && open.body == Array(Self.oneBody.suffix(5)))
            let several = try await range(stage, "0-1,3145727-3145729,9000000-9000000")
            #expect(several.status == 206)
            let text = several.text
            #expect(text.contains("Content-Range: bytes 3145727-3145729/\(Self.length)"))
            #expect(several["Content-Type"]?.hasPrefix("multipart/byteranges") == true)
            let beyond = try await range(stage, "\(Self.length)-")
            #expect(beyond.status == 416 && beyond["Content-Range"] == "bytes */\(Self.length)")
            let elsewhere = try await range(stage, "0-1", [("If-Range", "\"other\"")])
            #expect(elsewhere.status == 200 && elsewhere.body == Self.oneBody)
            // What is not known is asked for its head first; nothing is asked for twice.
            #expect(asked(stage).first == (isKnown ? "GET bytes=0-1048575" : "HEAD"))
            #expect(stage.count(.originBytes) == Self.length)
        }
    }

    @Test("beyond the end of what is not known: 416 with the length, for that request alone")
    func beyond() async throws {
        try await scenario { stage in
            serve(stage)
            stage.origin.on("/site/short") { request in
                request["Range"] == nil
                    ? ScriptedAnswer(200, ["ETag": "\"s\""], body: "short")
                    : ScriptedAnswer(416, ["Content-Range": "bytes */5"], body: "<xml/>")
            }
            let client = try await stage.connect()
            try await client.send(Stage.request("/short", [("Range", "bytes=2000000-")]))
            let response = try await client.response()
            #expect(response.status == 416 && response["Content-Range"] == "bytes */5")
            #expect(!response.text.contains("xml"))
            #expect(try await stage.get("/short").text == "short")
            await client.close()
        }
    }

    @Test("a small object of which a part is asked for is stored whole")
    func small() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(700_000)
            stage.origin.serve("/site/small", bytes: body, etag: "\"s\"", ["Cache-Control": "max-age=60"])
            let client = try await stage.connect()
            try await client.send(Stage.request("/small", [("Range", "bytes=10-19")]))
            let response = try await client.response()
            await client.close()
            #expect(response.status == 206 && response.body == Array(body[10..<20]))
            try await eventually("all of it") { stage.fillsUnderWay == 0 }
            let whole = try await stage.get("/small")
            #expect(whole.isHit && whole.body == body)
            #expect(stage.origin.requests.map { $0["Range"] } == ["bytes=0-1048575"])
        }
    }

    @Test(
        "a part without a strong tag, or that may not be stored, is its own client's",
        arguments: [
            ["ETag": "W/\"w\"", "Cache-Control": "max-age=60"], ["ETag": "\"p\"", "Cache-Control": "private"],
        ]
    )
    func unstorable(fields: [String: String]) async throws {
        try await scenario(.http) { stage in
            let body = TestBytes.pattern(3 * Self.mebibyte)
            stage.origin.on("/large") { request in
                var answer = ScriptedAnswer(200, bytes: body)
                if let range = request["Range"], let from = Int(range.dropFirst(6).prefix { $0 != "-" }) {
                    let last = min(Int(range.drop { $0 != "-" }.dropFirst()) ?? .max, body.count - 1)
                    answer = ScriptedAnswer(
                        206,
                        ["Content-Range": "bytes \(from)-\(last)/\(body.count)"],
                        bytes: Array(body[from...last])
                    )
                }
                for (name, value) in fields { answer = answer.adding(name, value) }
                return answer
            }
            for turn in 0..<2 {
                let response = try await range(stage, "2000000-2000009")
                #expect(response.status == 206 && response.body == Array(body[2_000_000..<2_000_010]), "\(turn)")
                #expect(!response.isStored && response["Content-Range"] == "bytes 2000000-2000009/\(body.count)")
            }
            #expect(asked(stage).last == "GET bytes=2000000-2000009")
        }
    }

    @Test("the object changes: what has begun is broken, what has not begins anew, and nothing is mixed")
    func changes() async throws {
        try await scenario(memoryMiB: 256) { stage in
            serve(stage)
            _ = try await range(stage, "0-0")
            serve(stage, "v2", Self.otherBody)
            // The first block is there, so that the answer begins with the old one.
            let broken = try? await stage.get("/large")
            #expect(broken == nil)
            #expect(asked(stage).last == "GET bytes=1048576-\(Self.length - 1) \"v1\"")
            let whole = try await stage.get("/large")
            #expect(whole.body == Self.otherBody && whole["ETag"] == "\"v2\"")
            serve(stage, "v3")
            stage.purge(url: "/large")
            _ = try await range(stage, "0-0")
            serve(stage, "v4", Self.otherBody)
            // It needs a block that is not there: nothing has been sent.
            let anew = try await range(stage, "5000000-5000009")
            #expect(anew.status == 206 && anew["ETag"] == "\"v4\"")
            let isRight = anew.body == Array(Self.otherBody[5_000_000..<5_000_010])
            #expect(isRight)
        }
    }

    @Test("a purge kills the blocks too: the same version is fetched anew")
    func purged() async throws {
        try await scenario(memoryMiB: 256) { stage in
            serve(stage)
            _ = try await stage.get("/large")
            stage.purge(url: "/large")
            _ = try await range(stage, "0-0")
            #expect(try await stage.get("/large").body == Self.oneBody)
            #expect(
                asked(stage) == ["GET", "GET bytes=0-1048575", "GET bytes=1048576-\(Self.length - 1) \"v1\""]
            )
            // A soft one asks whether the object is the same, and then so are its blocks.
            stage.purge(url: "/large", soft: true)
            _ = try await stage.get("/large")
            try await eventually("the revalidation") { stage.count(.originNotModified) == 1 }
            #expect(try await range(stage, "7000000-7000001").isHit)
            #expect(stage.origin.requests.count == 4)
        }
    }

    @Test("without a lease the head is confirmed, and its blocks with it")
    func unconfirmed() async throws {
        try await scenario(memoryMiB: 256, lease: .never) { stage in
            serve(stage)
            for _ in 0..<2 {
                let response = try await range(stage, "3000000-3000009")
                #expect(response.body == Array(Self.oneBody[3_000_000..<3_000_010]))
            }
            #expect(asked(stage) == ["GET bytes=2097152-3145727", "GET bytes=2097152-3145727"])
            #expect(stage.origin.last("/site/large")?["If-None-Match"] == "\"v1\"")
            #expect(stage.count(.originNotModified) == 1)
        }
    }

    @Test("an origin without ranges: what is missing is found in the whole")
    func noRanges() async throws {
        try await scenario(memoryMiB: 256) { stage in
            stage.origin.on("/site/large", ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: Self.oneBody))
            _ = try await stage.get("/large")
            stage.purge(url: "/large")
            let response = try await range(stage, "9000000-9000009")
            #expect(response.status == 206 && response.body == Array(Self.oneBody[9_000_000..<9_000_010]))
            #expect(try await stage.get("/large").body == Self.oneBody)
        }
    }

    @Test("a block whose fetch breaks is asked for again once, then the connection breaks")
    func broken() async throws {
        try await scenario(memoryMiB: 256) { stage in
            let count = NIOLockedValueBox(0)
            stage.origin.on("/site/large") { request in
                let number = count.withLockedValue { value in
                    value += 1
                    return value
                }
                let answer = ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: Self.oneBody)
                guard let range = request["Range"], let from = Int(range.dropFirst(6).prefix { $0 != "-" }) else {
                    return answer.cutting(after: 5 * Self.mebibyte + 1000)
                }
                let part = ScriptedAnswer(
                    206,
                    ["ETag": "\"v1\"", "Content-Range": "bytes \(from)-\(Self.length - 1)/\(Self.length)"],
                    bytes: Array(Self.oneBody[from...])
                )
                // The second request brings one more block; the third and fourth nothing.
                return part.cutting(after: number == 2 ? Self.mebibyte + 1000 : 0)
            }
            #expect((try? await stage.get("/large")) == nil)
            #expect(
                asked(stage).map { $0.prefix(14) } == ["GET", "GET bytes=5242", "GET bytes=6291", "GET bytes=6291"]
            )
            serve(stage)
            let whole = try await stage.get("/large")
            #expect(whole.body == Self.oneBody && asked(stage).last?.hasPrefix("GET bytes=6291456-") == true)
        }
    }

    @Test("two far seeks at once are two runs, and a third reader joins the one that has what it wants")
    func seeks() async throws {
        try await scenario(loops: 2, memoryMiB: 256) { stage in
            serve(stage)
            _ = try await range(stage, "0-0")
            let latch = Latch()
            stage.origin.on("/site/large") { request in
                guard let range = request["Range"], let from = Int(range.dropFirst(6).prefix { $0 != "-" }),
                    let last = Int(range.drop { $0 != "-" }.dropFirst())
                else { return ScriptedAnswer(500) }
                return ScriptedAnswer(
                    206,
                    ["ETag": "\"v1\"", "Content-Range": "bytes \(from)-\(last)/\(Self.length)"],
                    bytes: Array(Self.oneBody[from...last])
                ).holdingBody(after: 100, latch)
            }
            let places = [2_100_000, 9_000_000, 2_100_010]
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for place in places {
                    group.addTask {
                        let response = try await self.range(stage, "\(place)-\(place + 4)")
                        return response.body == Array(Self.oneBody[place..<place + 5])
                    }
                }
                try await eventually("both questions") { stage.origin.requests.count == 3 }
                latch.open()
                for try await isRight in group { #expect(isRight) }
            }
            #expect(stage.origin.requests.count == 3)
        }
    }

    @Test("over a restart: the object and the blocks that were admitted are on disk")
    func restart() async throws {
        let folder = try TemporaryFolder()
        try await scenario(memoryMiB: 256, disk: folder) { stage in
            serve(stage)
            // The second request is what admits a block.
            for _ in 0..<2 {
                _ = try await range(stage, "3000000-3000009")
                try await eventually("the whole block") { stage.fillsUnderWay == 0 }
            }
            await stage.flush()
            let next = try await stage.restarted()
            let response = try await range(next, "3000005-3000009")
            #expect(response.isHit && response.body == Array(Self.oneBody[3_000_005..<3_000_010]))
            #expect(stage.origin.requests.count == 1)
            let whole = try await next.get("/large")
            #expect(whole.body == Self.oneBody && whole.isForwarded("partial"))
            #expect(stage.origin.requests.count == 3)
            await next.strike()
        }
    }

    /// An origin whose answers are as long as the test says, and that notes how far each was taken.
    private func stream(_ stage: Stage, mebibytes: Int) -> Int {
        let piece = TestBytes.pattern(Self.mebibyte)
        let length = mebibytes * Self.mebibyte
        stage.origin.on("/site/long") { request in
            let bounds = request["Range"]?.dropFirst(6).split(separator: "-").compactMap { Int($0) } ?? [0, length - 1]
            let count = bounds[1] - bounds[0] + 1
            var bytes: [UInt8] = []
            for _ in 0..<count / Self.mebibyte { bytes += piece }
            guard request["Range"] != nil else { return ScriptedAnswer(200, ["ETag": "\"v\""], bytes: bytes) }
            return ScriptedAnswer(
                206,
                ["ETag": "\"v\"", "Content-Range": "bytes \(bounds[0])-\(bounds[1])/\(length)"],
                bytes: bytes
            )
        }
        return length
    }

    @Test("a run waits for its fastest reader, keeps no more in memory than one object may take, and goes on")
    func pace() async throws {
        // One object may take 4 MiB.
        try await scenario(memoryMiB: 32) { stage in
            let length = stream(stage, mebibytes: 40)
            let client = try await stage.connect(receiveBuffer: 65536)
            try await client.setReading(false)
            try await client.send(Stage.request("/long"))
            var before = -1
            try await eventually("the run to stand still") {
                defer { before = stage.count(.originBytes) }
                try await Task.sleep(for: .milliseconds(100))
                return stage.count(.originBytes) == before && before > 4 * Self.mebibyte
            }
            // What the sockets between hold is on top.
            #expect(stage.count(.originBytes) < 16 * Self.mebibyte)
            #expect(stage.statistics.memoryObjects <= 8)
            try await client.setReading(true)
            let response = try await client.response()
            #expect(response.body.count == length)
            try await eventually("its end") { stage.fillsUnderWay == 0 }
            #expect(stage.statistics.memoryObjects <= 8 && stage.origin.requests.count == 1)
            await client.close()
        }
    }

    @Test("a run whose readers leave is given up, and what has come is kept; with little missing it is finished")
    func leaving() async throws {
        try await scenario(memoryMiB: 256) { stage in
            let latch = Latch()
            stage.origin.on("/site/large") { request in
                guard let range = request["Range"], let from = Int(range.dropFirst(6).prefix { $0 != "-" }) else {
                    return ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: Self.oneBody)
                        .holdingBody(after: 2 * Self.mebibyte + 100, latch)
                }
                return ScriptedAnswer(
                    206,
                    ["ETag": "\"v1\"", "Content-Range": "bytes \(from)-\(Self.length - 1)/\(Self.length)"],
                    bytes: Array(Self.oneBody[from...])
                ).holdingBody(after: Self.length - from - 1000, latch)
            }
            let first = try await stage.connect()
            try await first.send(Stage.request("/large"))
            try await eventually("two blocks") { stage.statistics.memoryObjects == 3 }
            await first.reset()
            try await eventually("the end") { stage.fillsUnderWay == 0 }
            #expect(stage.count(.fillsAbandoned) == 1 && stage.statistics.memoryObjects == 3)
            let second = try await stage.connect()
            try await second.send(Stage.request("/large"))
            try await eventually("all but the end") { stage.statistics.memoryObjects == 10 }
            await second.reset()
            latch.open()
            try await eventually("the end") { stage.fillsUnderWay == 0 }
            #expect(stage.statistics.memoryObjects == 11 && stage.count(.fillsAbandoned) == 1)
            let last = try await stage.get("/large")
            #expect(last.isHit && last.body == Self.oneBody)
            #expect(asked(stage) == ["GET", "GET bytes=2097152-\(Self.length - 1) \"v1\""])
        }
    }
}
