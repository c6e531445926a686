import HTTPWire
import TestSupport
import Testing

@Suite("A miss, then a hit")
struct MissAndHitTests {
    @Test("a miss asks the origin, is stored, and the next request is a hit with Age (RFC 9111 4, 5.1)")
    func missThenHit() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a.css", ScriptedAnswer(200, ["ETag": "\"v1\"", "Age": "5"], body: "a{}"))
            let miss = try await stage.get("/a.css")
            #expect(miss.status == 200 && miss.text == "a{}")
            #expect(miss.isForwarded("uri-miss") && miss.isStored && !miss.isCollapsed)
            #expect(miss["Via"] == "1.1 edge" && miss["ETag"] == "\"v1\"")

            let hit = try await stage.get("/a.css")
            #expect(hit.isHit && hit.text == "a{}")
            #expect((hit.age ?? -1) >= 5)
            #expect(hit["Via"] == "1.1 edge" && hit["ETag"] == "\"v1\"")
            #expect(stage.origin.count("/site/a.css") == 1)
        }
    }

    @Test("a cache in front of the origin has aged the answer: a miss passes its Age on (RFC 9111 4.2.3)")
    func ageOfAMiss() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["Age": "50", "Cache-Control": "max-age=60"], body: "a")
            )
            let aged = try await stage.get("/a.css")
            #expect((aged.age ?? -1) >= 50)
            stage.origin.on("/site/b.css", ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: "b"))
            #expect(try await stage.get("/b.css").age == nil)
        }
    }

    @Test("an answer without Date gets that of its arrival and keeps it (RFC 9110 6.6.1)")
    func dateOfArrival() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a.css", ScriptedAnswer(200, ["Age": "30"], body: "a{}"))
            let first = try #require(try await stage.get("/a.css")["Date"])
            #expect(HTTPDate.parse(first) != nil)
            // A second later a Date made for the answer would be another.
            try await eventually("the next second") { Texts.date() != first }
            #expect(try await stage.get("/a.css")["Date"] == first)
        }
    }

    @Test("the query is no part of a bucket's key and is not sent on; / is its index (rules K1, K2)")
    func bucketKeys() async throws {
        try await scenario { stage in
            stage.origin.on("/site/index.html", ScriptedAnswer(200, body: "home"))
            let home = try await stage.get("/?list-type=2")
            #expect(home.text == "home")
            #expect(try await stage.get("/index.html?v=1").isHit)
            #expect(try await stage.get("/%69ndex.html").isHit)
            #expect(try await stage.get("/x/../").isHit)
            #expect(stage.origin.requests.map(\.target) == ["/site/index.html"])
        }
    }

    @Test("nothing of the client's request reaches a bucket")
    func bucketRequest() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, body: "a"))
            _ = try await stage.get("/a", ["Cookie": "s=1", "Range": "bytes=0-0", "X-Amz-Acl": "x", "Via": "1.0 x"])
            let asked = try #require(stage.origin.last("/site/a"))
            let names = Set(asked.fields.map { $0.name.lowercased() })
            #expect(names.isDisjoint(with: ["cookie", "x-amz-acl", "via", "if-none-match"]))
            // The edge's own, of whole blocks, if any.
            #expect(asked["Range"] != "bytes=0-0")
        }
    }

    @Test("an HTTP site's query is part of the key, and the client's fields go on")
    func serverKeys() async throws {
        try await scenario(.http) { stage in
            stage.origin.onAnything { ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: $0.target) }
            let first = try await stage.get("/a?x=1", ["X-Tenant": "7"])
            #expect(first.text == "/a?x=1")
            #expect(try await stage.get("/a?x=2").text == "/a?x=2")
            #expect(try await stage.get("/a").text == "/a")
            #expect(try await stage.get("/a?x=1").isHit)
            #expect(stage.origin.requests[0]["X-Tenant"] == "7")
            // All hosts of a site share its entries: an answer must not depend on which of them was asked for.
            let told = stage.origin.requests[0].fields.contains { $0.value.contains("edge.test") }
            #expect(!told)
        }
    }

    @Test("chunked, without a length: streamed, then stored with its length")
    func chunked() async throws {
        try await scenario { stage in
            let body = TestBytes.pattern(300_000)
            stage.origin.on("/site/a.bin", ScriptedAnswer(200, bytes: body, framing: .chunked))
            let miss = try await stage.get("/a.bin")
            #expect(miss.body == body && miss.isStored && miss["Transfer-Encoding"] == "chunked")
            let hit = try await stage.get("/a.bin")
            #expect(hit.isHit && hit.body == body && hit["Content-Length"] == "300000")
        }
    }

    @Test("an empty body is a body")
    func empty() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200))
            stage.origin.on("/site/b", ScriptedAnswer(200, framing: .chunked))
            for path in ["/a", "/b"] {
                #expect(try await stage.get(path).body.isEmpty)
                let hit = try await stage.get(path)
                #expect(hit.isHit && hit.body.isEmpty && hit["Content-Length"] == "0")
            }
        }
    }

    @Test("HEAD is answered from what is stored, and else asks by HEAD and fetches no body")
    func head() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a.css", ScriptedAnswer(200, ["ETag": "\"v1\""], body: "a{}"))
            let miss = try await stage.head("/a.css")
            #expect(miss.status == 200 && miss["Content-Length"] == "3" && miss["ETag"] == "\"v1\"")
            #expect(stage.origin.requests.map(\.method) == ["HEAD"])

            #expect(try await stage.get("/a.css").isForwarded("uri-miss"))
            let hit = try await stage.head("/a.css")
            #expect(hit.isHit && hit["Content-Length"] == "3" && hit.body.isEmpty)
            #expect(stage.origin.requests.map(\.method) == ["HEAD", "GET"])
        }
    }

    @Test("HEAD does not wait for a GET's fill, nor does a GET for a HEAD's", arguments: [Stage.Kind.bucket, .http])
    func headBesideGet(kind: Stage.Kind) async throws {
        try await scenario(kind) { stage in
            let path = kind == .bucket ? "/site/a" : "/a"
            let latch = Latch()
            let fields: KeyValuePairs = ["Cache-Control": "max-age=60"]
            stage.origin.on(
                path,
                ScriptedAnswer(200, fields, body: "a").holdingHead(latch),
                ScriptedAnswer(200, fields, body: "a")
            )
            let waiting = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: path)
            #expect(try await stage.head("/a").status == 200)
            #expect(stage.origin.requests.map(\.method) == ["GET", "HEAD"])
            // And a HEAD says nothing about whether a GET's answer can be shared: the next ones still wait for the first.
            let more = try await stage.crowd(3, "/a")
            try await stage.waitUntil(collapsed: 3)
            latch.open()
            for response in try await waiting.responses() + more.responses() { #expect(response.text == "a") }
            #expect(stage.origin.count(path, method: "GET") == 1)
        }
    }

    @Test("a bucket's errors show neither its XML nor its fields", arguments: [400, 403, 404, 301, 500, 503])
    func bucketErrors(status: Int) async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(
                    status,
                    [
                        "Content-Type": "application/xml", "x-amz-request-id": "R", "X-Amz-Id-2": "I", "Server": "S3",
                        "Location": "http://elsewhere/",
                    ],
                    body: "<Error><Code>Why</Code><BucketName>site</BucketName></Error>"
                )
            )
            for method in [Method.get, .head] {
                let response = try await stage.get("/a", method: method)
                #expect(response.status == ([403: 403, 404: 404, 503: 503][status] ?? 502))
                #expect(!response.text.contains("<") && !response.text.contains("site"))
                #expect(response["Content-Type"] == "text/plain; charset=utf-8")
                for name in ["x-amz-request-id", "x-amz-id-2", "Server", "Location"] { #expect(response[name] == nil) }
                // The bucket's no is kept for a moment.
                if method == .head { continue }
                #expect(response.isForwarded("uri-miss") && response.cacheStatus.contains("fwd-status=\(status)"))
            }
        }
    }

    @Test("a bucket's own fields stay behind on a hit, too")
    func bucketFields() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, ["x-amz-meta-k": "v", "X-AMZ-Version-Id": "1"], body: "a"))
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(response["x-amz-meta-k"] == nil && response["x-amz-version-id"] == nil)
            }
        }
    }

    @Test(
        "only GET and HEAD exist in a bucket; others are 405 with Allow",
        arguments: ["POST", "PUT", "DELETE", "FOO"]
    )
    func otherMethods(method: String) async throws {
        try await scenario { stage in
            let client = try await stage.connect()
            try await client.send(Stage.request("/a", method: method, [("Content-Length", "4")]) + "body")
            let response = try await client.response()
            #expect(response.status == 405 && response["Allow"] == "GET, HEAD")
            // The body was not taken for a request.
            stage.origin.on("/site/a", ScriptedAnswer(200, body: "a"))
            try await client.send(Stage.request("/a"))
            #expect(try await client.response().text == "a")
            await client.close()
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("the browser's copy is current: 304 on a hit and on a miss, and the miss is stored all the same")
    func notModified() async throws {
        try await scenario { stage in
            let fields: KeyValuePairs = ["ETag": "\"v1\"", "Cache-Control": "max-age=60", "Content-Type": "image/png"]
            stage.origin.on("/site/a.png", ScriptedAnswer(200, fields, body: "png"))
            let miss = try await stage.get("/a.png", ["If-None-Match": "\"v0\", W/\"v1\""])
            #expect(miss.status == 304 && miss.body.isEmpty && miss["ETag"] == "\"v1\"")
            #expect(stage.origin.last("/site/a.png")?["If-None-Match"] == nil)
            let hit = try await stage.get("/a.png", ["If-None-Match": "\"v1\""])
            #expect(hit.status == 304 && hit.isHit && hit["Cache-Control"] == "max-age=60")
            #expect(hit["Content-Type"] == nil && hit["Content-Length"] == nil)
            #expect(try await stage.get("/a.png", ["If-None-Match": "\"v2\""]).text == "png")
            #expect(stage.origin.count("/site/a.png") == 1)
        }
    }

    @Test("pipelined hits, misses, HEADs and errors come back in their order")
    func pipelined() async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            stage.origin.on("/site/hit", ScriptedAnswer(200, body: "hit"))
            stage.origin.on("/site/slow", ScriptedAnswer(200, body: "slow").holdingHead(latch))
            stage.origin.on("/site/big", ScriptedAnswer(200, bytes: TestBytes.pattern(200_000)))
            _ = try await stage.get("/hit")
            let client = try await stage.connect()
            let paths = ["/hit", "/slow", "/hit", "/none", "/big", "/hit", "/slow"]
            try await client.send(paths.map { Stage.request($0) }.joined() + Stage.request("/hit", method: "HEAD"))
            try await stage.waitUntil(asked: "/site/slow")
            latch.open()
            for path in paths {
                let response = try await client.response()
                switch path {
                case "/none": #expect(response.status == 404)
                case "/big": #expect(response.body == TestBytes.pattern(200_000))
                default: #expect("/" + response.text == path)
                }
            }
            #expect(try await client.response(to: .head)["Content-Length"] == "3")
            await client.close()
        }
    }
}
