import HTTPWire
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// GetObject and HeadObject.
struct ReadTests {
    @Test("What was stored with an object comes back with it, byte for byte")
    func attributes() async throws {
        let store = try await StoreFixture()
        let fields = [
            ("Content-Type", "text/css; charset=utf-8"), ("Cache-Control", "max-age=60"),
            ("Content-Disposition", "attachment"), ("Content-Encoding", "gzip"), ("Content-Language", "de"),
            ("Expires", "Thu, 01 Dec 2050 16:00:00 GMT"), ("x-amz-meta-Cache-Tag", "a b"),
            ("x-amz-meta-umlaut", "ü"),
        ]
        let put = try await store.put("/private/a.css", "p {}", fields)
        #expect(put.status == 200)
        #expect(put["etag"] == "\"\(Hex.encode(Digest.md5(Array("p {}".utf8))))\"")
        for method in ["GET", "HEAD"] {
            let response = try await store.send(method, "/private/a.css")
            for (name, value) in fields { #expect(response[name] == Array(value.utf8).latin1, "\(method) \(name)") }
            #expect(response["content-length"] == "4")
            #expect(response["accept-ranges"] == "bytes")
            #expect(response["etag"] == put["etag"])
            #expect(response["last-modified"].flatMap { HTTPDate.parse($0) } != nil)
            #expect(response.body.count == (method == "GET" ? 4 : 0))
        }
        try await store.put("/private/plain", "x")
        #expect(try await store.send("GET", "/private/plain")["content-type"] == "binary/octet-stream")
    }

    @Test("Keys with spaces, plus, percent, slashes and UTF-8 are different objects")
    func oddKeys() async throws {
        let store = try await StoreFixture()
        let paths = [
            "a%20b", "a+b", "a%2Bb2", "a%2520b", "/a", "a//b", "a/", "..", "%2e%2e/%2e", "%C3%A4/%E2%82%AC", "~-._",
            "a%3Fb", "a%23b", "a&b=c", "%F0%9F%98%80",
        ]
        for path in paths { #expect(try await store.put("/private/\(path)", path).status == 200, "\(path)") }
        for path in paths { #expect(try await store.send("GET", "/private/\(path)").text == path, "\(path)") }
        let keys = try await store.keys("private")
        #expect(
            Set(keys) == [
                "a b", "a+b", "a+b2", "a%20b", "/a", "a//b", "a/", "..", "../.", "ä/€", "~-._", "a?b", "a#b",
                "a&b=c", "😀",
            ]
        )
    }

    @Test("Ranges: first to last, open, suffix; 416 with the size; others are no ranges (RFC 9110, section 14)")
    func ranges() async throws {
        let store = try await StoreFixture()
        let bytes = TestBytes.pattern(1_000)
        try await store.send("PUT", "/private/a", body: bytes)
        for (range, expected) in [
            ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=990-", 990..<1_000), ("bytes=-7", 993..<1_000),
            ("bytes=500-5000", 500..<1_000), ("bytes=-5000", 0..<1_000), ("bytes=0-", 0..<1_000),
        ] {
            let response = try await store.send("GET", "/private/a", [("Range", range)])
            #expect(response.status == 206, "\(range)")
            #expect(response.body == Array(bytes[expected]), "\(range)")
            #expect(response["content-range"] == "bytes \(expected.lowerBound)-\(expected.upperBound - 1)/1000")
            let head = try await store.send("HEAD", "/private/a", [("Range", range)])
            #expect(head.status == 206)
            #expect(head["content-length"] == String(expected.count))
        }
        for range in ["bytes=1000-", "bytes=-0", "bytes=5000-6000"] {
            let response = try await store.send("GET", "/private/a", [("Range", range)])
            #expect(response.status == 416, "\(range)")
            #expect(response.element("Code") == "InvalidRange")
            #expect(response["content-range"] == "bytes */1000")
        }
        for range in ["bytes=0-1,5-6", "lines=1-2", "bytes=5-1", "bytes", "bytes=a-b"] {
            let response = try await store.send("GET", "/private/a", [("Range", range)])
            #expect(response.status == 200, "\(range)")
            #expect(response.body == bytes)
        }
        try await store.put("/private/empty", "")
        #expect(try await store.send("GET", "/private/empty", [("Range", "bytes=0-0")]).status == 416)
        #expect(try await store.send("GET", "/private/empty").status == 200)
    }

    @Test("Large objects stream in pieces, whole and in ranges")
    func large() async throws {
        let store = try await StoreFixture()
        let bytes = TestBytes.pattern(3_000_000)
        try await store.send("PUT", "/private/big", body: bytes)
        #expect(try await store.send("GET", "/private/big").body == bytes)
        let response = try await store.send("GET", "/private/big", [("Range", "bytes=262143-2000000")])
        #expect(response.body == Array(bytes[262_143...2_000_000]))
    }

    @Test("Conditions (RFC 9110, section 13.2.2), tags also bare")
    func conditions() async throws {
        let store = try await StoreFixture()
        let put = try await store.put("/private/a", "x", [("Cache-Control", "max-age=5")])
        let tag = try #require(put["etag"])
        let bare = String(tag.dropFirst().dropLast())
        let modified = try #require(try await store.send("HEAD", "/private/a")["last-modified"])
        let past = "Mon, 01 Jan 2001 00:00:00 GMT"
        let future = HTTPDate.format(ObjectStorage.now() / 1000 + 1_000)
        let cases: [([(String, String)], Int)] = [
            ([("If-Match", tag)], 200), ([("If-Match", bare)], 200), ([("If-Match", "*")], 200),
            ([("If-Match", "\"x\", \(tag)")], 200), ([("If-Match", "\"x\"")], 412),
            ([("If-None-Match", tag)], 304), ([("If-None-Match", bare)], 304), ([("If-None-Match", "*")], 304),
            ([("If-None-Match", "W/\(tag)")], 304), ([("If-None-Match", "\"x\"")], 200),
            ([("If-Modified-Since", modified)], 304), ([("If-Modified-Since", past)], 200),
            ([("If-Modified-Since", future)], 304), ([("If-Modified-Since", "garbage")], 200),
            ([("If-Unmodified-Since", modified)], 200), ([("If-Unmodified-Since", past)], 412),
            ([("If-Match", tag), ("If-Unmodified-Since", past)], 200),
            ([("If-None-Match", "\"x\""), ("If-Modified-Since", modified)], 200),
        ]
        for (fields, status) in cases {
            for method in ["GET", "HEAD"] {
                let response = try await store.send(method, "/private/a", fields)
                #expect(response.status == status, "\(method) \(fields)")
                guard status == 304 else { continue }
                #expect(response.body.isEmpty)
                #expect(response["etag"] == tag)
                #expect(response["cache-control"] == "max-age=5")
            }
        }
        let fresh = try await store.send("GET", "/private/a", [("If-Range", tag), ("Range", "bytes=0-0")])
        #expect(fresh.status == 206)
        let changed = try await store.send("GET", "/private/a", [("If-Range", "\"x\""), ("Range", "bytes=0-0")])
        #expect(changed.status == 200)
    }

    @Test("response-* parameters change the answer's fields, for signed requests only")
    func overrides() async throws {
        let store = try await StoreFixture()
        try await store.put("/site/a", "x", [("Content-Type", "text/plain"), ("Cache-Control", "no-store")])
        let target =
            "/site/a?response-content-type=image%2Fpng&response-cache-control=max-age%3D1"
            + "&response-content-disposition=inline&response-content-language=fr"
        let response = try await store.send("GET", target)
        #expect(response["content-type"] == "image/png")
        #expect(response["cache-control"] == "max-age=1")
        #expect(response["content-disposition"] == "inline")
        #expect(response["content-language"] == "fr")
        #expect(try await store.send("GET", target, as: nil).element("Code") == "InvalidRequest")
    }

    @Test("Checksums come back when they are asked for, and never with a range")
    func checksums() async throws {
        let store = try await StoreFixture()
        let put = try await store.put("/private/a", "123456789", [("x-amz-checksum-crc32", "y/Q5Jg==")])
        #expect(put["x-amz-checksum-crc32"] == "y/Q5Jg==")
        #expect(put["x-amz-checksum-type"] == "FULL_OBJECT")
        let mode = ("x-amz-checksum-mode", "ENABLED")
        #expect(try await store.send("GET", "/private/a", [mode])["x-amz-checksum-crc32"] == "y/Q5Jg==")
        #expect(try await store.send("HEAD", "/private/a", [mode])["x-amz-checksum-crc32"] == "y/Q5Jg==")
        #expect(try await store.send("GET", "/private/a")["x-amz-checksum-crc32"] == nil)
        let range = try await store.send("GET", "/private/a", [mode, ("Range", "bytes=0-1")])
        #expect(range["x-amz-checksum-crc32"] == nil)
    }

    @Test("Damage on the disk: an error, or a broken answer, never wrong bytes as a whole")
    func damage() async throws {
        let store = try await StoreFixture()
        let bytes = TestBytes.pattern(1_000_000)
        try await store.send("PUT", "/private/big", body: bytes)
        try await store.put("/private/small", "small")
        for key in ["big", "small"] {
            let record = try await store.server.storage.object(bucket: "private", key.asKey())
            let path = store.server.storage.blobs.path(try #require(record.blob))
            try OpenFile(path, flags: 2).write([0xEE, 0xEE].span.bytes, at: 2)
        }
        #expect(try await store.send("GET", "/private/small").status == 500)
        let client = try await RawClient.connect(to: store.address)
        try await client.send(store.head("GET", "/private/big", payload: .empty, contentLength: nil))
        let (received, _) = try await client.untilClosed()
        #expect(received.count < bytes.count)
    }
}
