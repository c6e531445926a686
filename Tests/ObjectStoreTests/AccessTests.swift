import HTTPWire
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// Who may do what, and what the others are told.
struct AccessTests {
    @Test("Anonymous: objects of public buckets can be read, nothing else is allowed")
    func anonymous() async throws {
        let store = try await StoreFixture()
        try await store.put("/site/a.txt", "public")
        try await store.put("/private/a.txt", "private")
        #expect(try await store.send("GET", "/site/a.txt", as: nil).text == "public")
        #expect(try await store.send("HEAD", "/site/a.txt", as: nil).status == 200)
        let missing = try await store.send("GET", "/site/none", as: nil)
        #expect(missing.status == 404)
        #expect(missing.element("Code") == "NoSuchKey")
        for (method, target) in [
            ("GET", "/private/a.txt"), ("GET", "/private/none"), ("GET", "/site"), ("GET", "/site?list-type=2"),
            ("GET", "/"), ("PUT", "/site/a.txt"), ("DELETE", "/site/a.txt"), ("PUT", "/new"), ("DELETE", "/site"),
            ("POST", "/site?delete"), ("POST", "/site/a.txt?uploads"), ("GET", "/site?location"),
            ("HEAD", "/private/a.txt"), ("HEAD", "/site"),
        ] {
            let response = try await store.send(method, target, as: nil)
            #expect(response.status == 403, "\(method) \(target)")
            if method != "HEAD" { #expect(response.element("Code") == "AccessDenied", "\(method) \(target)") }
        }
        #expect(try await store.send("GET", "/site/a.txt", as: nil).text == "public")
        for bucket in ["nobody", "gone"] {
            let response = try await store.send("GET", "/\(bucket)/x", as: nil)
            #expect(response.status == 404)
            #expect(response.element("Code") == "NoSuchBucket")
        }
    }

    @Test("Every configured key pair may do everything")
    func keyPairs() async throws {
        let store = try await StoreFixture()
        #expect(try await store.send("PUT", "/private/a", body: [1, 2], as: StoreFixture.bob).status == 200)
        #expect(try await store.send("GET", "/private/a", as: StoreFixture.alice).body == [1, 2])
    }

    @Test("Wrong keys, wrong secrets, old requests: S3's codes")
    func refusals() async throws {
        let store = try await StoreFixture()
        let unknown = Credentials(accessKey: "mallory", secretKey: "x")
        #expect(try await store.send("GET", "/", as: unknown).element("Code") == "InvalidAccessKeyId")
        let wrong = Credentials(accessKey: "alice", secretKey: "x")
        let response = try await store.send("GET", "/", as: wrong)
        #expect(response.status == 403)
        #expect(response.element("Code") == "SignatureDoesNotMatch")
        #expect(!response.text.contains("wonderland"))
        let old = try await RawClient.connect(to: store.address)
        try await old.send(
            store.head("GET", "/", payload: .empty, contentLength: nil, at: ObjectStorage.now() / 1000 - 1_000)
        )
        #expect(try await old.response().element("Code") == "RequestTimeTooSkewed")
    }

    @Test("The shape of an error: code, message, resource, and the request's id twice; none of it on HEAD")
    func errorShape() async throws {
        let store = try await StoreFixture()
        let response = try await store.send("GET", "/private/a%26b")
        #expect(response["content-type"] == "application/xml")
        #expect(response.element("Key") == "a&amp;b")
        #expect(response.element("Resource") == "/private/a%26b")
        #expect(response.element("RequestId") == response["x-amz-request-id"])
        #expect(response.element("Message")?.isEmpty == false)
        let head = try await store.send("HEAD", "/private/none")
        #expect(head.status == 404)
        #expect(head.body.isEmpty)
        #expect(head["x-amz-request-id"] != nil)
    }

    @Test("What S3 has and this store has not is 501, never the plain operation")
    func notImplemented() async throws {
        let store = try await StoreFixture()
        try await store.put("/private/a", "kept")
        for (method, target) in [
            ("PUT", "/private/a?acl"), ("PUT", "/private/a?tagging"), ("DELETE", "/private/a?tagging"),
            ("PUT", "/private/a?something-new"), ("GET", "/private/a?acl"), ("GET", "/private/a?torrent="),
            ("GET", "/private/a?newer"), ("DELETE", "/private/a?versionId=3"), ("PUT", "/private?policy"),
            ("DELETE", "/private?cors"), ("GET", "/private?lifecycle"), ("GET", "/private?versions"),
            ("POST", "/private/a?select&select-type=2"), ("POST", "/private"),
            ("GET", "/private/a?X-Amz-Signature=1&X-Amz-Algorithm=x"),
            ("GET", "/private/a?AWSAccessKeyId=alice&Signature=x&Expires=1"),
        ] {
            let response = try await store.send(method, target)
            #expect(response.status == 501, "\(method) \(target)")
        }
        for field in [
            ("x-amz-acl", "public-read"), ("x-amz-server-side-encryption", "AES256"), ("x-amz-tagging", "a=b"),
            ("x-amz-object-lock-mode", "GOVERNANCE"), ("x-amz-grant-read", "id=x"),
        ] {
            #expect(try await store.send("PUT", "/private/a", [field]).status == 501, "\(field.0)")
        }
        #expect(try await store.send("GET", "/private/a").text == "kept")
        // What clients add to the plain operation is no other operation.
        #expect(try await store.send("GET", "/private/a?x-id=GetObject").text == "kept")
        #expect(try await store.send("GET", "/private/a?versionId=null").text == "kept")
        try await store.put("/site/a", "cached")
        #expect(try await store.send("GET", "/site/a?v=123", as: nil).text == "cached")
        #expect(try await store.send("GET", "/site/a?123", as: nil).text == "cached")
        #expect(try await store.send("PUT", "/private/a", [("x-amz-acl", "private")]).status == 200)
    }

    @Test("Methods and paths that mean nothing")
    func nonsense() async throws {
        let store = try await StoreFixture()
        #expect(try await store.send("PATCH", "/private/a").status == 405)
        #expect(try await store.send("DELETE", "/").status == 405)
        #expect(try await store.send("GET", "/private/%zz").element("Code") == "InvalidURI")
        #expect(try await store.send("GET", "/private/%ff").element("Code") == "InvalidURI")
        #expect(try await store.send("GET", "/private?prefix=%f").element("Code") == "InvalidURI")
        let long = String(repeating: "k", count: 1_025)
        #expect(try await store.put("/private/\(long)", "x").element("Code") == "KeyTooLongError")
        #expect(try await store.send("OPTIONS", "/private/a", as: nil).status == 400)
        #expect(try await store.send("OPTIONS", "/private/a", [("Origin", "http://x")], as: nil).status == 403)
        let other = [("x-amz-expected-bucket-owner", "somebody")]
        #expect(try await store.send("GET", "/private", other).status == 403)
    }
}
