import Glibc
import HTTPWire
import Origins
import SignatureV4
import TestSupport
import Testing

/// What a bucket is asked.
struct BucketRequestTests {
    private func names(_ request: RecordedRequest?) -> [String] {
        request?.fields.map { $0.name.lowercased() }.sorted() ?? []
    }

    @Test func theRequestIsBuiltFromTheKeyAlone() async throws {
        let bench = try await OriginBench(credentials: nil)
        bench.origin.on("/site/a/b.css", ScriptedAnswer(body: "a{}"))
        let request = bench.request(
            "/a/b.css",
            client: [
                "Host": "www.example.com", "Cookie": "c=1", "Authorization": "Basic x", "X-Amz-Acl": "public-read",
                "Range": "bytes=0-1", "Accept-Encoding": "br", "If-None-Match": "\"theirs\"", "User-Agent": "browser",
                "CDN-Loop": "somebody",
            ]
        )
        let fetched = try await Fetched(bench.bucket, request, on: bench.eventLoop).over()
        #expect(fetched.text == "a{}" && fetched.answer?.head.status == 200)
        let sent = bench.origin.last("/site/a/b.css")
        #expect(sent?.target == "/site/a/b.css" && sent?.method == "GET")
        #expect(names(sent) == ["accept-encoding", "cdn-loop", "host", "user-agent", "x-amz-checksum-mode"])
        #expect(sent?["host"] == "127.0.0.1:\(bench.origin.port)")
        #expect(sent?["user-agent"] == "apus/1.2.3")
        #expect(sent?["accept-encoding"] == "identity" && sent?.values("cdn-loop") == ["edge-1"])
    }

    @Test(arguments: [
        ("/a b.css", "/site/a%20b.css"), ("/a%20b.css", "/site/a%20b.css"), ("/a+b.css", "/site/a%2Bb.css"),
        ("/a%2Bb.css", "/site/a%2Bb.css"), ("/%C3%BC.css", "/site/%C3%BC.css"), ("/a(1)!.css", "/site/a%281%29%21.css"),
        ("//a//b/", "/site//a//b/"), ("/a%3Fb", "/site/a%3Fb"), ("/a%25b", "/site/a%25b"),
        ("/a~b_c-d.e", "/site/a~b_c-d.e"),
        ("/a%2Fb", "/site/a/b"), ("/...", "/site/..."), ("/.a", "/site/.a"), ("/%0D%0AX:y", "/site/%0D%0AX%3Ay"),
    ])
    func keysAreEncodedOnceByS3sRuleAndTheSignatureIsRight(target: String, wire: String) async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(body: "x") }
        let request = bench.request(target, etag: "\"abc\"")
        #expect(try await Fetched(bench.bucket, request, on: bench.eventLoop).over().text == "x")
        let sent = try #require(bench.origin.requests.first)
        #expect(sent.target == wire)
        var fields = FieldList()
        for field in sent.fields { fields.append(name: field.name, field.value) }
        let verifier = SignatureVerifier(credentials: [OriginBench.credentials], region: "eu-west-1")
        let now = Int64(time(nil))
        let verified = try verifier.verify(method: "GET", path: sent.target, query: "", fields: fields, now: now)
        #expect(verified.accessKey == "AKIDEXAMPLE" && verified.payload == .empty)
        #expect(sent["if-none-match"] == "\"abc\"")
        #expect(!sent.rawHead.contains("very/secret"))
    }

    /// An empty key would list the bucket, a dot segment may leave it.
    @Test(arguments: [
        "/", "/..%2Fother/secret", "/a/..%2F..%2Fother/secret", "/a%2F.%2Fb", "/a/%2E%2E", "/.%2e%2fx", "/%00",
    ])
    func keysThatNameNoObjectAreNotAskedFor(target: String) async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(body: "secret") }
        let fetched = try await bench.fetch(target)
        #expect(fetched.answer?.head.status == 404 && fetched.answer?.hidesBody == true && fetched.text.isEmpty)
        #expect(bench.origin.requests.isEmpty)
    }

    @Test func conditions() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(304, ["ETag": "\"abc\""]) }
        let byTag = bench.request("/a", etag: "W/\"abc\"", lastModified: 784_111_777)
        #expect(try await Fetched(bench.bucket, byTag, on: bench.eventLoop).over().answer?.head.status == 304)
        let byDate = bench.request("/b", lastModified: 784_111_777)
        try await Fetched(bench.bucket, byDate, on: bench.eventLoop).over()
        let (first, second) = (bench.origin.last("/site/a"), bench.origin.last("/site/b"))
        #expect(first?["if-none-match"] == "W/\"abc\"")
        // Both, for those on the way that know dates alone (RFC 9111, section 4.3.1).
        #expect(first?["if-modified-since"] == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(second?["if-none-match"] == nil)
        #expect(second?["if-modified-since"] == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test func rangesAndIfMatchAreSigned() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(206, ["Content-Range": "bytes 2-4/9"], body: "cde") }
        var request = bench.request("/a", client: ["Range": "bytes=0-1", "If-Match": "\"theirs\""])
        request.range = .bytes(first: 2, last: 4)
        request.ifMatch = EntityTag("\"abc\"")
        request.etags = [EntityTag("\"x\""), EntityTag("W/\"y\"")].compactMap { $0 }
        let fetched = try await Fetched(bench.bucket, request, on: bench.eventLoop).over()
        #expect(fetched.answer?.contentRange == ContentRange(range: 2..<5, completeLength: 9))
        #expect(fetched.answer?.length == 3 && fetched.text == "cde" && fetched.answer?.md5 == nil)
        let sent = try #require(bench.origin.requests.first)
        #expect(sent.values("range") == ["bytes=2-4"] && sent.values("if-match") == ["\"abc\""])
        #expect(sent.values("if-none-match") == ["\"x\", W/\"y\""])
        var fields = FieldList()
        for field in sent.fields { fields.append(name: field.name, field.value) }
        let verifier = SignatureVerifier(credentials: [OriginBench.credentials], region: "eu-west-1")
        _ = try verifier.verify(method: "GET", path: sent.target, query: "", fields: fields, now: Int64(time(nil)))
        let signed = sent["authorization"] ?? ""
        for name in ["range", "if-match", "if-none-match"] { #expect(signed.contains(name)) }
        #expect(!signed.contains("cdn-loop"))
    }

    /// The XML stays here, the length that the object has does not.
    @Test func anUnsatisfiableRangeTellsTheLength() async throws {
        let bench = try await OriginBench()
        let xml = ScriptedAnswer(
            416,
            ["Content-Range": "bytes */9", "Content-Type": "application/xml"],
            body: "<Error/>"
        )
        bench.origin.onAnything { _ in xml }
        var request = bench.request("/a")
        request.range = .bytes(first: 9, last: nil)
        let fetched = try await Fetched(bench.bucket, request, on: bench.eventLoop).over()
        #expect(fetched.answer?.head.status == 416 && fetched.answer?.hidesBody == true && fetched.text.isEmpty)
        #expect(fetched.answer?.contentRange == ContentRange(range: nil, completeLength: 9))
        #expect(fetched.answer?.head.fields[.contentRange] == "bytes */9")
        #expect(bench.origin.last("/site/a")?["range"] == "bytes=9-")
    }

    @Test func headAsksWithHead() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(200, ["ETag": "\"x\""], body: "abcdef") }
        let fetched = try await bench.fetch("/a", method: .head)
        #expect(fetched.answer?.length == 6 && fetched.text.isEmpty)
        #expect(bench.origin.requests.map(\.method) == ["HEAD"])
    }
}
