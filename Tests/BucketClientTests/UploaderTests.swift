import Testing

@testable import BucketClient

@Suite struct UploaderTests {
    @Test func cacheRulesByPatternTheLastWins() throws {
        let everything = try #require(Uploader.CacheRule("max-age=60"))
        #expect(everything.value == "max-age=60")
        #expect(everything.glob.matches("a/b.html"))
        let scripts = try #require(Uploader.CacheRule("*.js=public, max-age=31536000, immutable"))
        #expect(scripts.value == "public, max-age=31536000, immutable")
        #expect(scripts.glob.matches("assets/app.js"))
        #expect(Uploader.CacheRule("*.js=") == nil)
        #expect(Uploader.CacheRule("*.js=a\nb") == nil)
    }

    @Test(arguments: [
        ("a/index.HTML", "text/html; charset=utf-8"), ("x.min.js", "text/javascript; charset=utf-8"),
        ("font.woff2", "font/woff2"), ("noextension", "application/octet-stream"),
        ("dir.d/file", "application/octet-stream"),
    ]) func contentTypeByExtension(name: String, type: String) {
        #expect(ContentType.of(name) == type)
    }

    @Test func listingIsRead() {
        let reader = ListingReader()
        let xml = """
            <?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
            <IsTruncated>true</IsTruncated><NextContinuationToken>t==</NextContinuationToken>
            <Contents><Key>a%20b/&amp;.css</Key><Size>12</Size><ETag>&quot;abc&quot;</ETag></Contents></ListBucketResult>
            """
        #expect(reader.read(Array(xml.utf8)))
        #expect(reader.objects == [RemoteObject(key: "a b/&.css", size: 12, etag: "abc")])
        #expect(reader.isTruncated)
        #expect(reader.continuation == "t==")
    }
}
