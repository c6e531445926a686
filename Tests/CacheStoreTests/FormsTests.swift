import CachingRules
import HTTPWire
import NIOCore
import Testing

@testable import CacheStore

@Suite("Forms of a resource")
struct FormsTests {
    private func derive(_ parent: Representation, _ coding: Coding, _ bytes: [UInt8]) -> Representation {
        Representation(
            derivedFrom: parent,
            coding: coding,
            head: testHead(length: bytes.count, etag: "\"e-\(coding)\""),
            body: StoredBody(pieces: [ByteBuffer(bytes: bytes)])
        )
    }

    @Test("a derived form is found by its coding, and a second of the same coding takes its place")
    func attach() throws {
        let store = try CacheStore.memoryOnly()
        let parent = try #require(store.put("/a", [1, 2, 3]).resource).identity
        #expect(store.attach(derive(parent, .br, [4]), key: store.key("/a")))
        #expect(store.attach(derive(parent, .gzip, [5]), key: store.key("/a")))
        #expect(store.attach(derive(parent, .br, [6]), key: store.key("/a")))
        let resource = try #require(store.lookup("/a"))
        #expect(resource.identity === parent)
        #expect(resource.representation(for: .br)?.bytes == [6])
        #expect(resource.representation(for: .gzip)?.bytes == [5])
        #expect(resource.representation(for: .zstd) == nil)
        #expect(resource.derived.count == 2)
    }

    @Test("N4: a derived form attaches only while its parent's generation is current")
    func staleParent() throws {
        let store = try CacheStore.memoryOnly()
        let old = try #require(store.put("/a", [1]).resource).identity
        store.put("/a", [2])
        #expect(!store.attach(derive(old, .br, [9]), key: store.key("/a")))
        #expect(store.lookup("/a")?.representation(for: .br) == nil)
        store.remove(store.key("/a"))
        #expect(!store.attach(derive(old, .br, [9]), key: store.key("/a")))
    }

    @Test("N4: it has its parent's purge number, also when the parent was freshened meanwhile")
    func inheritedMark() throws {
        let store = try CacheStore.memoryOnly()
        let parent = try #require(store.put("/a", [1]).resource).identity
        store.epochs.apply([.url(site: "site", path: Array("/other".utf8), query: nil)], number: 7)
        _ = store.freshen(store.key("/a"), generation: parent.generation, head: parent.head, mark: store.epochs.mark)
        #expect(store.attach(derive(parent, .br, [9]), key: store.key("/a")))
        #expect(store.lookup("/a")?.representation(for: .br)?.purgeNumber == 7)
    }

    @Test("N3: a 304 gives the head and the number of its start, and keeps body and derived forms")
    func freshen() throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key("/a")
        let parent = try #require(store.put("/a", [1, 2]).resource).identity
        #expect(store.attach(derive(parent, .br, [9]), key: key))
        #expect(store.attach(derive(parent, .gzip, [8]), key: key))
        store.epochs.apply([.everything], number: 3, soft: true)
        #expect(store.epochs.state(of: parent, key: key) == .softPurged)
        let mark = store.epochs.mark
        let head = testHead(length: 2, etag: "\"new\"")
        let resource = try #require(
            store.freshen(key, generation: parent.generation, head: head, mark: mark) { form in
                form.coding == .br ? testHead(length: 1, etag: "\"new-br\"") : nil
            }
        )
        #expect(resource.identity.bytes == [1, 2])
        #expect(resource.identity.head.etag == EntityTag(opaque: "new"))
        #expect(resource.identity.purgeNumber == 3)
        #expect(resource.representation(for: .br)?.bytes == [9])
        #expect(resource.representation(for: .br)?.head.etag == EntityTag(opaque: "new-br"))
        #expect(resource.representation(for: .gzip) == nil)
        #expect(store.epochs.state(of: resource.identity, key: key) == .live)
        #expect(store.freshen(key, generation: 999, head: head, mark: mark) == nil)
    }

    @Test("N3: a 304 never revives what a hard purge has killed")
    func noRevival() throws {
        let store = try CacheStore.memoryOnly()
        let parent = try #require(store.put("/a", [1]).resource).identity
        store.epochs.apply([.everything], number: 1)
        let freshened = store.freshen(
            store.key("/a"),
            generation: parent.generation,
            head: parent.head,
            mark: store.epochs.mark
        )
        #expect(freshened == nil)
        #expect(store.lookup("/a") == nil)
    }

    @Test("RFC 9111, section 4.1: variants stand side by side, each with its own derived forms")
    func variants() throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key("/a")
        func variant(_ name: String, _ bytes: [UInt8]) -> Representation {
            Representation(
                generation: store.nextGeneration(),
                mark: store.epochs.mark,
                variant: Array(name.utf8),
                head: testHead(length: bytes.count),
                body: StoredBody(pieces: [ByteBuffer(bytes: bytes)])
            )
        }
        store.put("/a", [0])
        _ = store.insert(variant("de", [1]), key: key)
        _ = store.insert(variant("en", [2]), key: key)
        let english = try #require(store.lookup("/a")?.representation(for: .identity, variant: Array("en".utf8)))
        #expect(store.attach(derive(english, .br, [22]), key: key))
        let resource = try #require(store.lookup("/a"))
        #expect(resource.representation(for: .identity, variant: []) == nil)
        #expect(resource.representation(for: .identity, variant: Array("de".utf8))?.bytes == [1])
        #expect(resource.representation(for: .br, variant: Array("de".utf8)) == nil)
        #expect(resource.representation(for: .br, variant: Array("en".utf8))?.bytes == [22])
        for number in 0..<40 { _ = store.insert(variant("x\(number)", [3]), key: key) }
        #expect(store.lookup("/a")?.representations.count == StoreLimits.variantsPerResource)
        store.put("/a", [5])
        #expect(store.lookup("/a")?.representations.count == 1)
    }

    @Test("a head is serialised without Age, with the body's length, and as the 304 of RFC 9110, section 15.4.5")
    func serialised() {
        var fields = FieldList()
        fields.append(.date, "Tue, 24 Nov 2026 09:00:00 GMT")
        fields.append(.contentType, "text/css")
        fields.append(.age, "17")
        fields.append(.contentLength, "99")
        fields.append(.cacheControl, "max-age=60")
        fields.append(.etag, "W/\"abc\"")
        fields.append(.lastModified, "Tue, 24 Nov 2026 08:00:00 GMT")
        fields.append(.vary, "Accept-Encoding")
        let head = StoredHead(
            status: 200,
            fields: fields,
            freshness: Freshness(lifetime: 60, correctedInitialAge: 17, responseTime: 0),
            bodyLength: 5
        )
        #expect(
            String(buffer: head.http1) == "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 09:00:00 GMT\r\n"
                + "Content-Type: text/css\r\nCache-Control: max-age=60\r\nETag: W/\"abc\"\r\n"
                + "Last-Modified: Tue, 24 Nov 2026 08:00:00 GMT\r\nVary: Accept-Encoding\r\n"
                + "Accept-Ranges: bytes\r\nContent-Length: 5\r\n"
        )
        #expect(
            String(buffer: head.http1NotModified) == "HTTP/1.1 304 Not Modified\r\n"
                + "Date: Tue, 24 Nov 2026 09:00:00 GMT\r\nCache-Control: max-age=60\r\nETag: W/\"abc\"\r\n"
                + "Last-Modified: Tue, 24 Nov 2026 08:00:00 GMT\r\nVary: Accept-Encoding\r\n"
        )
        #expect(head.etag == EntityTag(opaque: "abc", isWeak: true))
        #expect(head.lastModified == 1_795_507_200)
    }
}
