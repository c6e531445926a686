import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// Multipart uploads over HTTP.
struct MultipartTests {
    static let large = TestBytes.pattern(5 << 20, seed: 3)
    static let small = TestBytes.pattern(1_000, seed: 4)

    static func complete(_ tags: [String]) -> [UInt8] {
        let parts = tags.enumerated().map { index, tag in
            "<Part><ETag>&quot;\(tag)&quot;</ETag><PartNumber>\(index + 1)</PartNumber></Part>"
        }
        return Array("<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8)
    }

    @Test("Create, upload, list, complete, repeat; partNumber reads a part")
    func whole() async throws {
        let store = try await StoreFixture()
        let created = try await store.send("POST", "/private/a%20b?uploads", [("Content-Type", "image/png")])
        let id = try #require(created.element("UploadId"))
        #expect(created.element("Key") == "a b")
        for (number, body) in [(1, Self.large), (2, Self.small)] {
            let part = try await store.send("PUT", "/private/a%20b?partNumber=\(number)&uploadId=\(id)", body: body)
            #expect(part["etag"] == "\"\(Hex.encode(Digest.md5(body)))\"")
        }
        let listed = try await store.send("GET", "/private/a%20b?uploadId=\(id)")
        #expect(listed.elements("PartNumber") == ["1", "2"])
        #expect(listed.elements("Size") == ["5242880", "1000"])
        let page = try await store.send("GET", "/private/a%20b?uploadId=\(id)&max-parts=1&part-number-marker=1")
        #expect(page.elements("PartNumber") == ["2"])
        let uploads = try await store.send("GET", "/private?uploads")
        #expect(uploads.elements("UploadId") == [id])
        #expect(try await store.keys("private").isEmpty)

        let body = Self.complete([Hex.encode(Digest.md5(Self.large)), Hex.encode(Digest.md5(Self.small))])
        let target = "/private/a%20b?uploadId=\(id)"
        let done = try await store.send("POST", target, body: body)
        #expect(done.status == 200)
        let etag = Hex.encode(Digest.md5(Digest.md5(Self.large) + Digest.md5(Self.small))) + "-2"
        #expect(done.element("ETag") == "&quot;\(etag)&quot;")
        #expect(try await store.send("POST", target, body: body).element("ETag") == "&quot;\(etag)&quot;")
        let object = try await store.send("GET", "/private/a%20b")
        #expect(object.body == Self.large + Self.small)
        #expect(object["etag"] == "\"\(etag)\"")
        #expect(object["content-type"] == "image/png")
        let part = try await store.send("GET", "/private/a%20b?partNumber=2")
        #expect(part.status == 206)
        #expect(part.body == Self.small)
        #expect(part["x-amz-mp-parts-count"] == "2")
        #expect(part["content-range"] == "bytes 5242880-5243879/5243880")
        #expect(try await store.send("GET", "/private/a%20b?partNumber=3").status == 416)
        #expect(try await store.send("GET", "/private?uploads").elements("UploadId") == [])
    }

    @Test("Parts copied from another object, and refusals")
    func copiesAndRefusals() async throws {
        let store = try await StoreFixture()
        try await store.send("PUT", "/private/source", body: Self.small)
        let id = try #require(try await store.send("POST", "/private/a?uploads").element("UploadId"))
        let target = "/private/a?partNumber=1&uploadId=\(id)"
        let source = ("x-amz-copy-source", "/private/source")
        let copied = try await store.send("PUT", target, [source, ("x-amz-copy-source-range", "bytes=10-19")])
        #expect(copied.element("ETag") == "&quot;\(Hex.encode(Digest.md5(Array(Self.small[10..<20]))))&quot;")
        for (range, code) in [
            ("bytes=0-1000", "InvalidRange"), ("bytes=5-4", "InvalidArgument"), ("0-2", "InvalidArgument"),
            ("bytes=a-b", "InvalidArgument"), ("bytes=-5", "InvalidArgument"),
        ] {
            let response = try await store.send("PUT", target, [source, ("x-amz-copy-source-range", range)])
            #expect(response.element("Code") == code, "\(range)")
        }
        for bad in ["partNumber=0", "partNumber=10001", "partNumber=x", "x-id=UploadPart"] {
            let response = try await store.send("PUT", "/private/a?\(bad)&uploadId=\(id)", body: [1])
            #expect(response.element("Code") == "InvalidArgument", "\(bad)")
        }
        let unknown = try await store.send("PUT", "/private/a?partNumber=1&uploadId=none", body: [1])
        #expect(unknown.element("Code") == "NoSuchUpload")
        let wrong = try await store.send("POST", "/private/a?uploadId=\(id)", body: Self.complete(["00"]))
        #expect(wrong.element("Code") == "InvalidPart")
        let empty = try await store.send("POST", "/private/a?uploadId=\(id)", body: Self.complete([]))
        #expect(empty.element("Code") == "MalformedXML")
        #expect(try await store.send("DELETE", "/private/a?uploadId=\(id)").status == 204)
        #expect(try await store.send("DELETE", "/private/a?uploadId=\(id)").status == 404)
        #expect(try await store.send("GET", "/private/a?uploadId=\(id)").status == 404)
    }

    @Test("Uploads are listed page by page")
    func listUploads() async throws {
        let store = try await StoreFixture()
        var ids: [String] = []
        for key in ["a", "a", "b", "c"] {
            ids.append(try #require(try await store.send("POST", "/private/\(key)?uploads").element("UploadId")))
        }
        var found: [String] = []
        var next = ""
        repeat {
            let page = try await store.send("GET", "/private?uploads&max-uploads=1\(next)")
            found += page.elements("UploadId")
            let key = page.element("NextKeyMarker")
            next =
                key.map { "&key-marker=\($0)&upload-id-marker=\(page.element("NextUploadIdMarker") ?? "")" } ?? ""
        } while !next.isEmpty
        #expect(found == ids)
        #expect(
            try await store.send("GET", "/private?uploads&key-marker=a").elements("UploadId") == Array(ids[2...])
        )
    }
}
