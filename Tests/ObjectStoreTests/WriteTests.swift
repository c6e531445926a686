import HTTPWire
import NIOCore
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// PutObject, DeleteObject, DeleteObjects and CopyObject.
struct WriteTests {
    @Test("A body that is not what was promised is refused, and nothing is stored")
    func promises() async throws {
        let store = try await StoreFixture()
        try await store.put("/private/a", "old")
        let body = Array("new".utf8)
        let wrong = Base64.encode(Digest.md5([]))
        let cases: [(String, [(String, String)], PayloadHash?)] = [
            ("XAmzContentSHA256Mismatch", [], .of([])),
            ("BadDigest", [("Content-MD5", wrong)], nil),
            ("InvalidDigest", [("Content-MD5", "")], nil),
            ("InvalidDigest", [("Content-MD5", "abc")], nil),
            ("BadDigest", [("x-amz-checksum-crc32", "AAAAAA==")], nil),
            ("BadDigest", [("x-amz-checksum-crc32c", "AAAAAA==")], nil),
            ("BadDigest", [("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=")], nil),
            ("BadDigest", [("x-amz-checksum-sha1", Base64.encode([UInt8](repeating: 0, count: 20)))], nil),
            ("BadDigest", [("x-amz-checksum-sha256", Base64.encode([UInt8](repeating: 0, count: 32)))], nil),
            ("InvalidRequest", [("x-amz-checksum-crc32", "AAAA")], nil),
            ("InvalidRequest", [("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-sha1", "AAAA")], nil),
        ]
        for (code, fields, payload) in cases {
            let response = try await store.send("PUT", "/private/a", fields, body: body, payload: payload)
            #expect(response.status == 400, "\(code)")
            #expect(response.element("Code") == code)
        }
        #expect(try await store.send("GET", "/private/a").text == "old")
        let right: [(String, String)] = [
            ("x-amz-checksum-crc32c", Base64.encode(BodyDigests.bytes(.crc32c, of: body))),
            ("x-amz-checksum-crc64nvme", Base64.encode(BodyDigests.bytes(.crc64nvme, of: body))),
            ("x-amz-checksum-sha1", Base64.encode(BodyDigests.bytes(.sha1, of: body))),
            ("x-amz-checksum-sha256", Base64.encode(Digest.sha256(body))),
            ("Content-MD5", Base64.encode(Digest.md5(body))),
        ]
        for field in right {
            #expect(try await store.send("PUT", "/private/a", [field], body: body).status == 200, "\(field.0)")
            #expect(
                try await store.send("PUT", "/private/a", [field], body: body, payload: .unsigned).status == 200
            )
        }
    }

    @Test("A body shorter than announced stores nothing and leaves no file")
    func shortBody() async throws {
        let store = try await StoreFixture()
        let client = try await RawClient.connect(to: store.address)
        let head = store.head("PUT", "/private/a", payload: .unsigned, contentLength: 1_000_000)
        try await client.send(Array(head.utf8) + TestBytes.pattern(700_000))
        let tmp = store.folder.path + "/data/tmp"
        try await eventually("the upload is on its way") { try !Files.names(in: tmp).isEmpty }
        await client.close()
        try await eventually("the temporary file goes") { try Files.names(in: tmp).isEmpty }
        #expect(try await store.keys("private").isEmpty)
    }

    @Test("Expect: 100-continue: 100 before the body is read, the final answer at once when it is refused")
    func expectContinue() async throws {
        let store = try await StoreFixture()
        let expect = ("Expect", "100-continue")
        let client = try await RawClient.connect(to: store.address)
        try await client.send(store.head("PUT", "/private/a", [expect], payload: .unsigned, contentLength: 5))
        #expect(try await client.response(to: .put).status == 100)
        try await client.send("hello")
        #expect(try await client.response(to: .put).status == 200)
        // The connection goes on.
        try await client.send(store.head("GET", "/private/a", payload: .empty, contentLength: nil))
        #expect(try await client.response().text == "hello")

        for (target, credentials) in [
            ("/missing/a", StoreFixture.alice), ("/private/a", Credentials(accessKey: "x", secretKey: "x")),
            ("/private/a?acl", StoreFixture.alice),
        ] {
            let refused = try await RawClient.connect(to: store.address)
            try await refused.send(
                store.head("PUT", target, [expect], payload: .unsigned, as: credentials, contentLength: 5)
            )
            #expect(try await refused.response(to: .put).status >= 400, "\(target)")
            let (rest, _) = try await refused.untilClosed()
            #expect(rest.isEmpty)
        }
    }

    @Test("No Content-Length: 411; chunked: taken; too large: refused before the body")
    func lengths() async throws {
        let store = try await StoreFixture()
        let client = try await RawClient.connect(to: store.address)
        try await client.send(store.head("PUT", "/private/a", payload: .unsigned, contentLength: nil))
        #expect(try await client.response(to: .put).status == 411)

        let chunked = try await RawClient.connect(to: store.address)
        let head = store.head(
            "PUT",
            "/private/a",
            [("Transfer-Encoding", "chunked")],
            payload: .unsigned,
            contentLength: nil
        )
        try await chunked.send(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        #expect(try await chunked.response(to: .put).status == 200)
        #expect(try await store.send("GET", "/private/a").text == "abcde")

        let large = try await RawClient.connect(to: store.address)
        try await large.send(store.head("PUT", "/private/a", payload: .unsigned, contentLength: 5 << 30 + 1))
        let response = try await large.response(to: .put)
        #expect(response.element("Code") == "EntityTooLarge")
    }

    @Test("User metadata above 2 KiB")
    func metadata() async throws {
        let store = try await StoreFixture()
        let fits = [("x-amz-meta-a", String(repeating: "v", count: 2_047))]
        #expect(try await store.put("/private/a", "x", fits).status == 200)
        let tooMuch = [("x-amz-meta-a", String(repeating: "v", count: 2_048))]
        #expect(try await store.put("/private/a", "x", tooMuch).element("Code") == "MetadataTooLarge")
    }

    @Test("Conditional writes")
    func conditions() async throws {
        let store = try await StoreFixture()
        #expect(try await store.put("/private/a", "1", [("If-Match", "*")]).status == 404)
        #expect(try await store.put("/private/a", "1", [("If-None-Match", "*")]).status == 200)
        #expect(try await store.put("/private/a", "2", [("If-None-Match", "*")]).status == 412)
        #expect(try await store.put("/private/a", "2", [("If-Match", "\"x\"")]).status == 412)
        let tag = try #require(try await store.send("HEAD", "/private/a")["etag"])
        #expect(try await store.put("/private/a", "3", [("If-Match", tag)]).status == 200)
        #expect(try await store.put("/private/a", "4", [("If-Match", tag)]).status == 412)
        #expect(try await store.put("/private/a", "4", [("If-None-Match", tag)]).status == 501)
        #expect(try await store.send("DELETE", "/private/a", [("If-Match", tag)]).status == 412)
        #expect(try await store.send("GET", "/private/a").text == "3")
    }

    @Test("Deleting: 204, twice too; what never was is no error")
    func delete() async throws {
        let store = try await StoreFixture()
        try await store.put("/private/a", "x")
        #expect(try await store.send("DELETE", "/private/a").status == 204)
        #expect(try await store.send("DELETE", "/private/a").status == 204)
        #expect(try await store.send("GET", "/private/a").status == 404)
        #expect(try await store.send("DELETE", "/missing/a").element("Code") == "NoSuchBucket")
    }

    @Test("DeleteObjects: keys of any characters, quietly too; more than 1,000 are refused")
    func deleteObjects() async throws {
        let store = try await StoreFixture()
        for path in ["a", "b%26%3C", "c%20", "d"] { try await store.put("/private/\(path)", "x") }
        let body = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <Object><Key>a</Key></Object><Object><Key>b&amp;&#60;</Key></Object>
            <Object><Key>c </Key></Object><Object><Key>none</Key><VersionId>null</VersionId></Object></Delete>
            """
        let checksum = Base64.encode(BodyDigests.bytes(.crc32, of: Array(body.utf8)))
        let response = try await store.send(
            "POST",
            "/private?delete",
            [("x-amz-checksum-crc32", checksum)],
            body: Array(body.utf8)
        )
        #expect(response.status == 200)
        #expect(response.elements("Key") == ["a", "b&amp;&lt;", "c ", "none"])
        #expect(try await store.keys("private") == ["d"])

        let quiet = "<Delete><Quiet>true</Quiet><Object><Key>d</Key></Object></Delete>"
        #expect(try await store.send("POST", "/private?delete=", body: Array(quiet.utf8)).elements("Key") == [])
        #expect(try await store.keys("private") == [])

        let objects = String(repeating: "<Object><Key>k</Key></Object>", count: 1_001)
        for bad in [
            "<Delete>\(objects)</Delete>", "<Delete></Delete>", "<Delete><Object/></Delete>", "nonsense", "",
        ] {
            let response = try await store.send("POST", "/private?delete", body: Array(bad.utf8))
            #expect(response.element("Code") == "MalformedXML")
        }
    }

    @Test("CopyObject: bytes and fields, or other fields; onto itself only with other fields")
    func copy() async throws {
        let store = try await StoreFixture()
        try await store.put("/private/a%20b", "bytes", [("Content-Type", "text/css"), ("x-amz-meta-a", "1")])
        let source = ("x-amz-copy-source", "private/a%20b")
        let copied = try await store.send("PUT", "/site/c", [source])
        #expect(copied.status == 200)
        #expect(copied.element("ETag") == "&quot;\(Hex.encode(Digest.md5(Array("bytes".utf8))))&quot;")
        let copy = try await store.send("GET", "/site/c")
        #expect(copy.text == "bytes")
        #expect(copy["content-type"] == "text/css")
        #expect(copy["x-amz-meta-a"] == "1")
        let replace = [("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2")]
        #expect(try await store.send("PUT", "/private/a%20b", [source]).element("Code") == "InvalidRequest")
        #expect(try await store.send("PUT", "/private/a%20b", [source] + replace).status == 200)
        let changed = try await store.send("GET", "/private/a%20b")
        #expect(changed["x-amz-meta-a"] == nil)
        #expect(changed["x-amz-meta-b"] == "2")
        #expect(changed.text == "bytes")
        let other = ("x-amz-copy-source", "/private/none")
        #expect(try await store.send("PUT", "/site/c", [other]).element("Code") == "NoSuchKey")
        let condition = ("x-amz-copy-source-if-match", "\"x\"")
        #expect(try await store.send("PUT", "/site/c", [source, condition]).status == 412)
        for bad in ["private", "/", "", "%zz/a"] {
            let response = try await store.send("PUT", "/site/c", [("x-amz-copy-source", bad)])
            #expect(response.element("Code") == "InvalidArgument", "\(bad)")
        }
    }
}
