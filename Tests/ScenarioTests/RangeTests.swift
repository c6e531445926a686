import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Ranges of what is stored")
struct RangeTests {
    static let modified = "Sun, 06 Nov 1994 08:49:37 GMT"

    static func serve(_ stage: Stage, _ body: [UInt8], _ more: KeyValuePairs<String, String> = [:]) {
        var answer = ScriptedAnswer(
            200,
            [
                "ETag": "\"v1\"", "Last-Modified": modified, "Content-Type": "video/webm", "X-Own": "1",
                "Cache-Control": "max-age=600", "Accept-Ranges": "none",
            ],
            bytes: body
        )
        for (name, value) in more { answer.add(name: name, value: value) }
        stage.origin.on("/site/a", answer)
        stage.origin.on("/a", answer)
    }

    @Test("RFC 9110, 14.1.2: the bytes asked for, from memory and from disk", arguments: [64, 8])
    func cut(memoryMiB: Int) async throws {
        let folder = try TemporaryFolder()
        try await scenario(memoryMiB: 64, disk: folder) { first in
            let body = TestBytes.pattern((3 << 20) + 5)
            let count = body.count
            Self.serve(first, body)
            for _ in 0..<2 { _ = try await first.get("/a") }
            // With little memory the body is on disk alone.
            let stage = try await first.restarted(memoryMiB: memoryMiB)
            let ranges: [(String, Range<Int>)] = [
                ("0-0", 0..<1), ("0-", 0..<count), ("-1", count - 1..<count), ("-9999999", 0..<count),
                ("100-1048675", 100..<1_048_676), ("1048575-1048576", 1_048_575..<1_048_577),
                ("1048576-2097151", 1_048_576..<2_097_152), ("3000000-99999999999999999999", 3_000_000..<count),
                ("7-8,9-20,8-9", 7..<21), ("5-9,\(count)-", 5..<10),
            ]
            let client = try await stage.connect()
            for (text, range) in ranges {
                try await client.send(Stage.request("/a", [("Range", "bytes=" + text)]))
                let response = try await client.response()
                #expect(response.isPart(range, of: body), "\(text)")
                #expect(response.isHit && response["Content-Length"] == "\(range.count)" && response.age != nil)
                #expect(response["ETag"] == "\"v1\"" && response["Last-Modified"] == Self.modified)
                #expect(response["Content-Type"] == "video/webm" && response["X-Own"] == "1")
                #expect(response["Cache-Control"] == "max-age=600" && response["Date"] != nil)
            }
            await client.close()
            #expect(stage.origin.count("/site/a") == 1)
            await stage.strike()
        }
    }

    @Test("RFC 9110, 14.3: what can be cut says so, whatever its origin says of itself")
    func acceptRanges() async throws {
        try await scenario { stage in
            Self.serve(stage, TestBytes.pattern(1000))
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(response["Accept-Ranges"] == "bytes")
            }
            let head = try await stage.head("/a")
            let nothing = try await stage.get("/nothing")
            #expect(head["Accept-Ranges"] == "bytes" && nothing["Accept-Ranges"] == nil)
        }
    }

    @Test("RFC 9110, 14.2: what is malformed or too much gets the whole; 15.5.17: what is not there gets 416")
    func refused() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(5000)
            Self.serve(stage, body)
            let seventeen = (0..<17).map { "\($0 * 100)-\($0 * 100)" }.joined(separator: ",")
            for round in 0..<2 {
                for range in ["bytes=5-2", "items=0-1", "bytes=", "bytes=-", "0-1", "bytes=" + seventeen, "bytes=0--1"]
                {
                    let response = try await stage.get("/a", ["Range": range])
                    #expect(response.status == 200 && response.body == body, "\(range) \(round)")
                }
                for range in ["bytes=5000-", "bytes=-0", "bytes=99999999999999999999999999-", "bytes=5000-6000,-0"] {
                    let response = try await stage.get("/a", ["Range": range])
                    #expect(
                        response.status == 416 && response.body.isEmpty && response["Content-Range"] == "bytes */5000"
                    )
                    #expect(response["Cache-Status"] != nil && response["ETag"] == "\"v1\"")
                }
            }
            let client = try await stage.connect()
            try await client.send(Stage.request("/a", [("Range", "bytes=0-1"), ("Range", "bytes=5-6")]))
            #expect(try await client.response().body == body)
            try await client.send(Stage.request("/a", [("Range", "bytes=9999-")]) + Stage.request("/a"))
            #expect(try await client.response().status == 416)
            #expect(try await client.response().body == body)
            await client.close()
        }
    }

    @Test("RFC 9110, 14.2: Range means nothing to HEAD")
    func head() async throws {
        try await scenario { stage in
            Self.serve(stage, TestBytes.pattern(5000))
            for _ in 0..<2 {
                for range in ["bytes=0-9", "bytes=9999-", "bytes=0-0,-1"] {
                    let response = try await stage.head("/a", ["Range": range])
                    #expect(response.status == 200 && response["Content-Length"] == "5000")
                    #expect(response["Content-Range"] == nil)
                }
                _ = try await stage.get("/a")
            }
        }
    }

    @Test("an empty body, and what is no 200, is sent as it is")
    func notCut() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/empty", ScriptedAnswer(200, ["Cache-Control": "max-age=60", "ETag": "\"e\""]))
            stage.origin.on(
                "/gone",
                ScriptedAnswer(404, ["Cache-Control": "max-age=60"], body: "gone, but for this text")
            )
            for _ in 0..<2 {
                for range in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
                    let empty = try await stage.get("/empty", ["Range": range])
                    #expect(empty.status == 200 && empty["Content-Length"] == "0")
                    let gone = try await stage.get("/gone", ["Range": range])
                    #expect(gone.status == 404 && gone.text == "gone, but for this text")
                }
            }
        }
    }

    @Test("RFC 9110, 14.6: several ranges, each with a head of its own", arguments: [64, 8])
    func multiple(memoryMiB: Int) async throws {
        let folder = try TemporaryFolder()
        try await scenario(memoryMiB: 64, disk: folder) { first in
            let body = TestBytes.pattern(3 << 20)
            let count = body.count
            Self.serve(first, body)
            for _ in 0..<2 { _ = try await first.get("/a") }
            let stage = try await first.restarted(memoryMiB: memoryMiB)
            let cases: [(String, [Range<Int>])] = [
                ("0-0,-1", [0..<1, count - 1..<count]),
                ("2000000-2999999, 0-1499999", [2_000_000..<3_000_000, 0..<1_500_000]),
                ("100-199,0-9,150-300", [0..<10, 100..<301]),
                (
                    (0..<16).map { "\($0 * 1000)-\($0 * 1000)" }.joined(separator: ","),
                    (0..<16).map { $0 * 1000..<$0 * 1000 + 1 }
                ),
            ]
            let client = try await stage.connect()
            for (text, ranges) in cases {
                try await client.send(Stage.request("/a", [("Range", "bytes=" + text)]))
                let response = try await client.response()
                #expect(response.isPart(ranges, of: body), "\(text)")
                #expect(Part.all(of: response)?.allSatisfy { $0.contentType == "video/webm" } == true)
                #expect(response.isHit && response["ETag"] == "\"v1\"" && response["Content-Range"] == nil)
                #expect(response["Content-Length"] == "\(response.body.count)")
            }
            await client.close()
            // More than the whole: the whole.
            #expect(try await stage.get("/a", ["Range": "bytes=0-1500000,1500010-"]).body == body)
            await stage.strike()
        }
    }

    @Test("RFC 9110, 13.1.5: If-Range by tag, date and weak tag")
    func ifRange() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(5000)
            Self.serve(stage, body)
            stage.origin.on(
                "/site/weak",
                ScriptedAnswer(200, ["ETag": "W/\"v1\"", "Cache-Control": "max-age=60"], bytes: body)
            )
            for _ in 0..<2 {
                for condition in ["\"v1\"", Self.modified] {
                    let response = try await stage.get("/a", ["Range": "bytes=10-19", "If-Range": condition])
                    #expect(response.isPart(10..<20, of: body), "\(condition)")
                }
                for condition in ["\"v2\"", "W/\"v1\"", "Mon, 07 Nov 1994 08:49:37 GMT", "*", "rubbish"] {
                    for range in ["bytes=10-19", "bytes=0-0,-1", "bytes=9999-"] {
                        let response = try await stage.get("/a", ["Range": range, "If-Range": condition])
                        #expect(response.status == 200 && response.body == body, "\(condition)")
                    }
                }
                for condition in ["\"v1\"", "W/\"v1\""] {
                    #expect(try await stage.get("/weak", ["Range": "bytes=0-9", "If-Range": condition]).body == body)
                }
                #expect(try await stage.get("/weak", ["Range": "bytes=0-9"]).isPart(0..<10, of: body))
            }
        }
    }

    @Test("RFC 9110, 13.2.2: conditions before ranges; a bucket's edge judges If-Match as its origin would")
    func preconditions() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(5000)
            Self.serve(stage, body)
            let part: (String, String) = ("Range", "bytes=10-19")
            for round in 0..<2 {
                let outcomes: [([(String, String)], Int)] = [
                    ([part, ("If-None-Match", "\"v1\"")], 304),
                    ([part, ("If-None-Match", "\"v2\"")], 206),
                    ([part, ("If-Modified-Since", Self.modified)], 304),
                    ([("Range", "bytes=9999-"), ("If-None-Match", "W/\"v1\"")], 304),
                    ([part, ("If-Match", "\"v1\"")], 206),
                    ([part, ("If-Match", "*")], 206),
                    ([part, ("If-Match", "\"v0\", \"v1\"")], 206),
                    ([part, ("If-Match", "W/\"v1\"")], 412),
                    ([part, ("If-Match", "\"v2\"")], 412),
                    ([part, ("If-Match", "\"v2\""), ("If-None-Match", "\"v1\"")], 412),
                    ([part, ("If-Match", "\"v2\""), ("If-Range", "\"v1\"")], 412),
                    ([("If-Match", "\"v2\"")], 412),
                    ([("If-Match", "\"v1\"")], 200),
                    ([("If-Unmodified-Since", Self.modified)], 200),
                    ([("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT")], 412),
                    ([part, ("If-Unmodified-Since", Self.modified)], 206),
                    ([("If-Unmodified-Since", "never")], 200),
                ]
                for (fields, status) in outcomes {
                    // From the store; in the first round while it is filled for this request alone.
                    if round == 0 { stage.purge(url: "/a") }
                    let client = try await stage.connect()
                    try await client.send(Stage.request("/a", fields))
                    let response = try await client.response()
                    #expect(response.status == status, "\(fields) \(round)")
                    #expect(status != 206 || response.isPart(10..<20, of: body))
                    #expect(round == 0 || response.isHit)
                    await client.close()
                }
                #expect(try await stage.head("/a", ["If-Match": "\"v2\""]).status == 412)
            }
        }
    }

    @Test("a server's If-Match is the server's to judge (RFC 9111, 4.3.2)")
    func serverJudges() async throws {
        try await scenario(.http) { stage in
            Self.serve(stage, TestBytes.pattern(100))
            _ = try await stage.get("/a")
            stage.origin.on("/a", ScriptedAnswer(412, body: "no"))
            stage.origin.on("/b", ScriptedAnswer(412, body: "no"))
            for path in ["/a", "/b"] {
                let response = try await stage.get(path, ["If-Match": "\"v1\"", "Range": "bytes=0-9"])
                #expect(response.status == 412 && response.text == "no")
                #expect(stage.origin.last(path)?["If-Match"] == "\"v1\"")
            }
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("seeded: random ranges are what the body has there", arguments: [1, 2])
    func random(seed: UInt64) async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(Int(seed) * 1_300_000)
            Self.serve(stage, body)
            _ = try await stage.get("/a")
            var random = SeededGenerator(seed: seed)
            let client = try await stage.connect()
            for _ in 0..<150 {
                let length = UInt64(body.count)
                let specs = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                    let scale = [10, 5000, body.count + 1000].randomElement(using: &random) ?? 10
                    let first = Int.random(in: 0..<scale, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: return "\(first)-"
                    case 1: return "-\(first)"
                    default: return "\(first)-\(first + Int.random(in: 0..<20_000, using: &random))"
                    }
                }
                let text = "bytes=" + specs.joined(separator: ",")
                try await client.send(Stage.request("/a", [("Range", text)]))
                let response = try await client.response()
                let wanted = ByteRangeSet.parse(text)?.resolve(length: length) ?? []
                if wanted.isEmpty {
                    #expect(response.status == 416, "\(text)")
                } else if response.status == 200 {
                    #expect(wanted.count > 1 && response.body == body, "\(text)")
                } else {
                    #expect(
                        response.isPart(wanted.map { Int($0.lowerBound)..<Int($0.upperBound) }, of: body),
                        "\(text)"
                    )
                    #expect(response.body.count <= body.count)
                }
            }
            await client.close()
            #expect(stage.origin.count("/site/a") == 1)
        }
    }
}
