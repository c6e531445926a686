import NIOCore
import Testing

@testable import ObjectStore

/// Listings, compared with a model that reads every key.
struct ListingTests {
    /// What S3 documents, over all keys at once.
    static func model(_ keys: [String], _ query: ListQuery) -> [String] {
        var seen: Set<[UInt8]> = []
        return keys.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
            .filter { $0.starts(with: query.prefix) }
            .compactMap { key -> ListEntry? in
                guard let group = ObjectStorage.group(of: key, prefix: query.prefix, delimiter: query.delimiter) else {
                    return .object(ListedObject(key: key, size: 0, modified: 0, etag: "", checksum: nil))
                }
                return seen.insert(group).inserted ? .group(group) : nil
            }
            .map(\.text)
    }

    static let keys = [
        "a", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "a0", "b//x", "b/y", "c d", "c+d", "c%20d", "grün/1", "grün/2", "z",
        "\u{10FFFF}", "\u{10FFFF}/x", "\u{E000}", "~", "A", "_/1", "a-", "a/b", "aa/1",
    ]

    @Test("Every prefix, delimiter and page size gives the model's listing, page by page")
    func againstModel() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        for key in Self.keys { try await fixture.put(key, "x") }
        for prefix in ["", "a", "a/", "a/b", "b", "b/", "grün", "c", "x", "\u{10FFFF}", "z"] {
            for delimiter in ["", "/", "b", "//", "1", "ü"] {
                var query = ListQuery(prefix: Array(prefix.utf8), delimiter: Array(delimiter.utf8))
                let expected = Self.model(Self.keys, query)
                for limit in [1, 2, 3, 1_000] {
                    query.limit = limit
                    query.after = nil
                    var entries: [String] = []
                    var pages = 0
                    while true {
                        let page = try await fixture.storage.list(bucket: "bucket", query)
                        entries += page.entries.map(\.text)
                        #expect(page.entries.count <= limit)
                        pages += 1
                        guard page.isTruncated, let last = page.entries.last, pages < 100 else { break }
                        query.after = last.position
                    }
                    #expect(entries == expected, "prefix \(prefix), delimiter \(delimiter), limit \(limit)")
                    #expect(pages == max(1, (expected.count + limit - 1) / limit))
                }
            }
        }
        await fixture.storage.close()
    }

    @Test("Order is that of the UTF-8 bytes, not of a language")
    func order() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        let keys = ["Z", "a", "ä", "z", "\u{FFFD}", "\u{1F600}", "B"]
        for key in keys { try await fixture.put(key, "x") }
        #expect(try await fixture.list() == ["B", "Z", "a", "z", "ä", "\u{FFFD}", "\u{1F600}"])
        await fixture.storage.close()
    }

    @Test("A position need not be a key; no entries are asked for")
    func positions() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        for key in ["a", "b", "d"] { try await fixture.put(key, "x") }
        #expect(try await fixture.list(ListQuery(after: .key(Array("c".utf8)))) == ["d"])
        #expect(try await fixture.list(ListQuery(after: .key(Array("zz".utf8)))) == [])
        #expect(try await fixture.list(ListQuery(prefix: Array("b".utf8), after: .key(Array("a".utf8)))) == ["b"])
        #expect(try await fixture.list(ListQuery(prefix: Array("b".utf8), after: .key(Array("c".utf8)))) == [])
        #expect(try await fixture.list(ListQuery(limit: 0)) == [])
        #expect(await errorCode { _ = try await fixture.list(bucket: "missing") } == .noSuchBucket)
        await fixture.storage.close()
    }

    @Test("The smallest string above a prefix")
    func successor() {
        #expect(ListPosition.successor(of: Array("ab".utf8)) == Array("ac".utf8))
        #expect(ListPosition.successor(of: [1, 255, 255]) == [2])
        #expect(ListPosition.successor(of: [255]) == nil)
        #expect(ListPosition.successor(of: []) == nil)
    }
}
