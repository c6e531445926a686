import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Ranges of coded forms")
struct RangeFormTests {
    static let css = Texts.css(60_000)
    static let bytes = Array(css.utf8)

    static func serve(_ stage: Stage) {
        stage.origin.on(
            "/site/a.css",
            ScriptedAnswer(
                200,
                ["ETag": "\"v1\"", "Content-Type": "text/css", "Cache-Control": "max-age=600"],
                bytes: bytes
            )
        )
    }

    @Test("a range is of the form that is served, under that form's tag (RFC 9110, 8.8.3.3)")
    func coded() async throws {
        try await scenario { stage in
            Self.serve(stage)
            for coding in ["gzip", "br"] {
                let whole = try await stage.get("/a.css", ["Accept-Encoding": coding])
                #expect(whole["Content-Encoding"] == coding && whole["Accept-Ranges"] == "bytes")
                let part = try await stage.get("/a.css", ["Accept-Encoding": coding, "Range": "bytes=100-"])
                #expect(part.isPart(100..<whole.body.count, of: whole.body))
                #expect(part["Content-Encoding"] == coding && part["ETag"] == whole["ETag"])
                #expect(part["Vary"] == "Accept-Encoding")
                // Several parts of coded bytes: nothing says what is coded.
                let several = try await stage.get("/a.css", ["Accept-Encoding": coding, "Range": "bytes=0-0,-1"])
                #expect(several.status == 200 && several.body == whole.body)
                let none = try await stage.get("/a.css", ["Accept-Encoding": coding, "Range": "bytes=59000-"])
                #expect(none.status == 416 && none["Content-Range"] == "bytes */\(whole.body.count)")
            }
            let identity = try await stage.get("/a.css", ["Range": "bytes=59000-"])
            #expect(identity.isPart(59_000..<Self.bytes.count, of: Self.bytes) && identity["ETag"] == "\"v1\"")
        }
    }

    @Test("no form is made, and none waited for, to cut it: the range is of identity")
    func notMade() async throws {
        try await scenario { stage in
            Self.serve(stage)
            for _ in 0..<3 {
                let part = try await stage.get("/a.css", ["Accept-Encoding": "br, gzip", "Range": "bytes=0-99"])
                #expect(part.isPart(0..<100, of: Self.bytes))
                #expect(part["Content-Encoding"] == nil && part["ETag"] == "\"v1\"")
            }
            #expect(stage.count(.compressedBrotli) + stage.count(.compressedGzip) == 0)
        }
    }

    @Test("RFC 9110, 13.1.5: If-Range with a form's tag is about that form")
    func ifRange() async throws {
        try await scenario { stage in
            Self.serve(stage)
            var forms: [String: RawClient.Response] = [:]
            for coding in ["identity", "gzip", "br"] {
                forms[coding] = try await stage.get("/a.css", ["Accept-Encoding": coding])
            }
            for (coding, whole) in forms {
                let tag = try #require(whole["ETag"])
                for accepted in ["br, gzip", "gzip", "identity"] {
                    let part = try await stage.get(
                        "/a.css",
                        ["Accept-Encoding": accepted, "Range": "bytes=50-", "If-Range": tag]
                    )
                    #expect(part.isPart(50..<whole.body.count, of: whole.body), "\(coding) \(accepted)")
                    #expect(part["ETag"] == tag && part["Content-Encoding"] ?? "identity" == coding)
                }
            }
            let other = try await stage.get(
                "/a.css",
                ["Accept-Encoding": "gzip", "Range": "bytes=50-", "If-Range": "\"v0\""]
            )
            #expect(other.status == 200 && other.body == forms["gzip"]?.body)
        }
    }

    @Test("a condition that fails on a cold object: the whole, compressed as ever")
    func coldMismatch() async throws {
        try await scenario { stage in
            Self.serve(stage)
            let whole = try await stage.get(
                "/a.css",
                ["Accept-Encoding": "gzip", "Range": "bytes=50-", "If-Range": "\"v0-gzip\""]
            )
            #expect(whole.status == 200 && whole["Content-Encoding"] == "gzip")
            #expect(try Texts.decoded(whole) == Self.css)
        }
    }

    @Test("RFC 9110, 8.8.2.2: a date, which all forms share, does not say of which a client has the beginning")
    func dates() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(
                    200,
                    ["Last-Modified": RangeTests.modified, "Content-Type": "text/css", "Cache-Control": "max-age=600"],
                    bytes: Self.bytes
                )
            )
            for _ in 0..<2 {
                let condition: KeyValuePairs = ["Range": "bytes=50-", "If-Range": RangeTests.modified]
                let part = try await stage.get("/a.css", condition)
                #expect(part.isPart(50..<Self.bytes.count, of: Self.bytes))
                let whole = try await stage.get(
                    "/a.css",
                    ["Accept-Encoding": "gzip", "Range": "bytes=50-", "If-Range": RangeTests.modified]
                )
                #expect(whole.status == 200 && whole["Content-Encoding"] == "gzip")
                stage.purge(url: "/a.css")
                let cold = try await stage.get(
                    "/a.css",
                    ["Accept-Encoding": "gzip", "Range": "bytes=50-", "If-Range": RangeTests.modified]
                )
                #expect(cold.status == 200 && cold["Content-Encoding"] == "gzip")
            }
        }
    }
}
