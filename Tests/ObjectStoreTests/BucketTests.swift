import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// Buckets and listings over HTTP.
struct BucketTests {
    @Test("Create, again, head, location, list, delete")
    func buckets() async throws {
        let store = try await StoreFixture()
        #expect(try await store.send("PUT", "/new-bucket").status == 200)
        #expect(try await store.send("PUT", "/new-bucket").status == 200)
        #expect(try await store.send("PUT", "/New_Bucket").element("Code") == "InvalidBucketName")
        #expect(try await store.send("HEAD", "/new-bucket").status == 200)
        #expect(try await store.send("HEAD", "/no-bucket").status == 404)
        #expect(try await store.send("GET", "/new-bucket?location").element("LocationConstraint") == nil)
        #expect(try await store.send("GET", "/new-bucket?location").text.contains("<LocationConstraint xmlns="))
        #expect(try await store.send("GET", "/new-bucket?versioning").text.contains("<VersioningConfiguration"))
        let listing = try await store.send("GET", "/")
        #expect(listing.elements("Name") == ["new-bucket", "private", "site"])
        let page = try await store.send("GET", "/?max-buckets=2")
        #expect(page.elements("Name") == ["new-bucket", "private"])
        #expect(try await store.send("GET", "/?continuation-token=private").elements("Name") == ["site"])
        try await store.put("/new-bucket/a", "x")
        #expect(try await store.send("DELETE", "/new-bucket").element("Code") == "BucketNotEmpty")
        try await store.send("DELETE", "/new-bucket/a")
        #expect(try await store.send("DELETE", "/new-bucket").status == 204)
        #expect(try await store.send("DELETE", "/new-bucket").status == 404)
    }

    @Test("The body of CreateBucket names no other region")
    func location() async throws {
        let store = try await StoreFixture()
        func create(_ constraint: String) async throws -> RawClient.Response {
            let body =
                "<CreateBucketConfiguration><LocationConstraint>\(constraint)</LocationConstraint></CreateBucketConfiguration>"
            return try await store.send("PUT", "/new-bucket", body: Array(body.utf8))
        }
        #expect(try await create("eu-west-1").element("Code") == "InvalidLocationConstraint")
        #expect(try await create("us-east-1").status == 200)
        #expect(try await store.send("PUT", "/other", body: Array("<a>".utf8)).element("Code") == "MalformedXML")
    }

    private func fill(_ store: StoreFixture) async throws {
        for key in ["a/1", "a/2", "b c", "d+e", "f&g", "z"] {
            let path = key.replacing(" ", with: "%20").replacing("+", with: "%2B").replacing("&", with: "%26")
            try await store.put("/private/\(path)", "12345")
        }
    }

    @Test("ListObjectsV2, page by page")
    func listV2() async throws {
        let store = try await StoreFixture()
        try await fill(store)
        let all = try await store.send("GET", "/private?list-type=2")
        #expect(all.elements("Key") == ["a/1", "a/2", "b c", "d+e", "f&amp;g", "z"])
        #expect(all.element("KeyCount") == "6")
        #expect(all.element("MaxKeys") == "1000")
        #expect(all.element("IsTruncated") == "false")
        #expect(all.element("Size") == "5")
        #expect(all.element("ETag") == "&quot;827ccb0eea8a706c4c34a16891f84e7b&quot;")
        #expect(all.element("Owner") == nil)
        #expect(
            try await store.send("GET", "/private?list-type=2&fetch-owner=true").element("DisplayName") == "apus"
        )

        var keys: [String] = []
        var prefixes: [String] = []
        var token = ""
        repeat {
            let query = "list-type=2&delimiter=%2F&max-keys=2&prefix="
            let page = try await store.send(
                "GET",
                "/private?\(query)\(token.isEmpty ? "" : "&continuation-token=\(token)")"
            )
            keys += page.elements("Key")
            prefixes += page.elements("CommonPrefixes")
            token = page.element("NextContinuationToken") ?? ""
            #expect(page.element("IsTruncated") == (token.isEmpty ? "false" : "true"))
        } while !token.isEmpty
        #expect(keys == ["b c", "d+e", "f&amp;g", "z"])
        #expect(prefixes == ["<Prefix>a/</Prefix>"])

        let after = try await store.send("GET", "/private?list-type=2&start-after=d%2Be&encoding-type=url")
        #expect(after.elements("Key") == ["f%26g", "z"])
        #expect(after.element("StartAfter") == "d%2Be")
        let encoded = try await store.send("GET", "/private?list-type=2&encoding-type=url")
        #expect(encoded.elements("Key") == ["a/1", "a/2", "b%20c", "d%2Be", "f%26g", "z"])
        #expect(try await store.send("GET", "/private?list-type=2&max-keys=0").element("KeyCount") == "0")
        let empty = try await store.send("GET", "/private?list-type=2&continuation-token=")
        #expect(empty.element("KeyCount") == "6")
        #expect(empty.element("ContinuationToken") == "")
        for bad in [
            "max-keys=x", "max-keys=-1", "continuation-token=zz", "encoding-type=base64",
        ] {
            let response = try await store.send("GET", "/private?list-type=2&\(bad)")
            #expect(response.element("Code") == "InvalidArgument", "\(bad)")
        }
    }

    @Test("ListObjects, with markers")
    func listV1() async throws {
        let store = try await StoreFixture()
        try await fill(store)
        let first = try await store.send("GET", "/private?max-keys=1&delimiter=/")
        #expect(first.elements("CommonPrefixes") == ["<Prefix>a/</Prefix>"])
        #expect(first.element("NextMarker") == "a/")
        #expect(first.element("IsTruncated") == "true")
        let second = try await store.send("GET", "/private?max-keys=2&delimiter=/&marker=a/")
        #expect(second.elements("Key") == ["b c", "d+e"])
        #expect(second.elements("CommonPrefixes") == [])
        #expect(second.element("Marker") == "a/")
        let plain = try await store.send("GET", "/private?marker=a/1&max-keys=1")
        #expect(plain.elements("Key") == ["a/2"])
        #expect(plain.element("NextMarker") == nil)
        #expect(plain.element("DisplayName") == "apus")
        #expect(try await store.send("GET", "/private/?prefix=f").elements("Key") == ["f&amp;g"])
        #expect(try await store.send("GET", "/missing").element("Code") == "NoSuchBucket")
    }
}
