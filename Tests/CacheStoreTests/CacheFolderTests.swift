import CachingRules
import Foundation
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

@Suite("A cache folder, read from outside")
struct CacheFolderTests {
    private func bytes(_ number: Int) -> [UInt8] { testBytes(3_000 + number * 7_001, seed: UInt64(number)) }

    private func objects(_ fixture: DiskFixture, _ filter: CacheFolder.Filter = .init()) throws -> [CachedObject] {
        var found: [CachedObject] = []
        let notes = try CacheFolder(path: fixture.path).objects(filter) { object in
            found.append(object)
            return true
        }
        #expect(notes.damaged == 0)
        return found
    }

    private func body(_ fixture: DiskFixture, _ object: CachedObject) throws -> [UInt8]? {
        var body: [UInt8] = []
        let isWhole = try CacheFolder(path: fixture.path).read(object) { part in
            body += part
            return true
        }
        return isWhole ? body : nil
    }

    private func verify(_ fixture: DiskFixture) throws -> (CacheFolder.Verification, [CacheFolder.Finding]) {
        let findings = NIOLockedValueBox<[CacheFolder.Finding]>([])
        let result = try CacheFolder(path: fixture.path).verify { finding in
            findings.withLockedValue { $0.append(finding) }
        }
        return (result, findings.withLockedValue { $0 })
    }

    @Test(
        "what the edge has is what is listed, while it runs and when it is stopped; every body comes out as it went in"
    )
    func listed() async throws {
        // So much that the queue holds all of it: what is dropped at it would be missing.
        let fixture = try DiskFixture(memoryBytes: 32 << 20)
        func check() throws {
            let found = try objects(fixture)
            #expect(found.count == 19)
            for object in found {
                let number = try #require(Int(object.path.dropFirst()))
                #expect(object.site == "site" && object.query == nil && object.status == 200)
                #expect(object.tags == ["t\(number % 3)"])
                #expect(object.state == .live && object.coding == .identity)
                #expect(object.bodyLength == UInt64(bytes(number == 4 ? 44 : number).count))
                #expect(try body(fixture, object) == bytes(number == 4 ? 44 : number))
            }
        }
        try await fixture.run { store in
            // One by one: the queue does not take them all.
            for number in 0..<20 {
                store.put("/\(number)", bytes(number), tags: ["t\(number % 3)"])
                await store.flush()
            }
            store.put("/4", bytes(44), tags: ["t1"])
            store.remove(store.key("/9"))
            await store.flush()
            try check()
        }
        try check()
        #expect(try objects(fixture, .init(tag: "t1")).count == 7)
        #expect(try objects(fixture, .init(prefix: "/1")).count == 11)
        #expect(try objects(fixture, .init(isSite: { $0 == "other" })).isEmpty)
        let dead = try objects(fixture, .init(includesDead: true)).filter { $0.state == .dead }
        #expect(dead.map(\.path).sorted() == ["/4", "/9"])
    }

    @Test("a newer head is folded in; a form that a purge has killed says so")
    func headsAndPurges() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 5)
            let form = try #require(store.put("/a", bytes(1)).resource).identity
            store.put("/b", bytes(2))
            store.put("/c", bytes(3), tags: ["x"])
            await store.flush()
            store.epochs.apply([.url(site: "site", path: Array("/b".utf8), query: nil)], number: 6)
            store.epochs.apply([.tag(site: nil, tag: "x")], number: 7, soft: true)
            let head = testHead(length: bytes(1).count, etag: "\"new\"")
            _ = store.freshen(store.key("/a"), generation: form.generation, head: head, mark: store.epochs.mark)
        }
        let folder = try CacheFolder(path: fixture.path)
        #expect(folder.purgeLog == "log")
        #expect(folder.purgeNumber == 7)
        #expect(folder.segments.count == 1 && folder.otherFiles.isEmpty)
        #expect(folder.checkpointTime != nil, "a store that is closed leaves one")
        let found = try objects(fixture)
        let a = try #require(found.first { $0.path == "/a" })
        #expect(a.fields.range(of: .etag).map { String(decoding: a.fields.bytes[$0], as: UTF8.self) } == "\"new\"")
        #expect(a.purgeNumber == 7)
        #expect(try body(fixture, a) == bytes(1))
        #expect(found.first { $0.path == "/b" }?.state == .purged)
        #expect(found.first { $0.path == "/c" }?.state == .softPurged)
    }

    @Test("a large object's blocks are summed up under it, and joined when all are there")
    func blocks() async throws {
        let fixture = try DiskFixture(memoryBytes: 32 << 20, diskBytes: 64 << 20)
        let whole = testBytes(3 * CacheStore.blockBytes + 1000, seed: 5)
        let etag = EntityTag(opaque: "v1")
        func put(_ store: CacheStore, _ number: Int) throws {
            let key = try #require(store.blockKey(of: store.key("/big"), number: UInt32(number), etag: etag))
            let start = number * CacheStore.blockBytes
            let part = Array(whole[start..<min(whole.count, start + CacheStore.blockBytes)])
            guard case .stored = store.insert(store.form(part, etag: "\"v1\""), key: key) else {
                Issue.record("not stored")
                return
            }
        }
        try await fixture.run { store in
            let head = Representation(
                generation: store.nextGeneration(),
                mark: store.epochs.mark,
                head: testHead(length: whole.count, etag: "\"v1\""),
                body: StoredBody(blocks: UInt64(whole.count))
            )
            guard case .stored = store.insert(head, key: store.key("/big")) else { throw CancellationError() }
            // One by one: the queue takes little more than one of them.
            for number in [0, 3] {
                try put(store, number)
                await store.flush()
            }
            var found = try objects(fixture)
            #expect(found.count == 1)
            #expect(found[0].blocks?.count == 4 && found[0].blocks?.present.count == 2)
            #expect(found[0].storedBytes == UInt64(CacheStore.blockBytes + 1000))
            #expect(!found[0].isWhole)
            #expect(try body(fixture, found[0]) == nil)
            // One by one: the queue takes little more than one of them.
            for number in [1, 2] {
                try put(store, number)
                await store.flush()
            }
            found = try objects(fixture)
            #expect(found[0].isWhole && found[0].bodyLength == UInt64(whole.count))
            #expect(try body(fixture, found[0]) == whole)
        }
    }

    @Test("damage is found and named, wherever it is; a torn tail is none, and what is dead already is said as such")
    func verification() async throws {
        let fixture = try DiskFixture()
        var places: [String: DiskIndex.Place] = [:]
        try await fixture.run { store in
            for number in 0..<20 {
                store.put("/\(number)", bytes(number))
                await store.flush()
            }
            places =
                store.disk?.state.withLockedValue { state in
                    var places: [String: DiskIndex.Place] = [:]
                    for number in 0..<20 {
                        let slot = state.index.slot(store.key("/\(number)").hash.value, coding: 0, variantTag: 0)
                        places["/\(number)"] = slot.map { state.index[$0].place }
                    }
                    return places
                } ?? [:]
            store.remove(store.key("/7"))
        }
        let (clean, none) = try verify(fixture)
        #expect(none.isEmpty)
        #expect(clean.live == 19 && clean.dead == 1 && clean.damaged == 0)
        let name = try #require(fixture.segments.first)
        let good = try fixture.read(name)
        #expect(clean.bytes > good.count * 9 / 10)
        func place(_ path: String) -> Int { places[path]?.offset ?? 0 }
        let meant: [(String, Int, CacheFolder.Finding.Kind, String)] = [
            ("/3", 128 + 2_000, .damaged, "block 1 of 1"), ("/12", 128 + 70_000, .damaged, "block 2 of 2"),
            ("/5", 128 + 40, .damaged, "head"), ("/6", 50, .damaged, "record header"),
            ("/7", 128 + 5_000, .damagedDead, "block 1 of 1"),
        ]
        for (path, offset, kind, what) in meant {
            var bad = good
            bad[place(path) + offset] ^= 1
            try fixture.write(bad, to: name)
            let (result, findings) = try verify(fixture)
            #expect(findings.count == 1, "\(path)")
            #expect(findings.first?.kind == kind, "\(path)")
            #expect(findings.first?.what == what, "\(path)")
            #expect(findings.first?.offset == place(path), "\(path)")
            #expect(result.damaged == (kind == .damaged ? 1 : 0))
            if what.hasPrefix("block") { #expect(findings.first?.key == "site\(path)") }
        }
        // Cut off anywhere in its last record: a crash.
        for length in [place("/19") + 8, place("/19") + 128, place("/19") + 5_000] {
            try fixture.write(Array(good[..<length]), to: name)
            let (result, findings) = try verify(fixture)
            #expect(findings.map(\.kind) == [.tornTail])
            #expect(result.damaged == 0 && result.live == 18)
        }
    }

    @Test("a body that looks like a record does not make a torn tail a damage")
    func recordsInBodies() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in store.put("/a", bytes(1)) }
        let other = try DiskFixture()
        try await other.run { store in store.put("/segment", try fixture.read(try #require(fixture.segments.first))) }
        let name = try #require(other.segments.first)
        var file = try other.read(name)
        file[SegmentHeader.bytes + 40] ^= 1
        try other.write(file, to: name)
        let (result, findings) = try verify(other)
        #expect(findings.map(\.kind) == [.tornTail], "the record within is another store's")
        #expect(result.live == 0)
    }

    @Test("what is no cache folder is said clearly; unknown versions and foreign files are named and left alone")
    func otherFiles() async throws {
        let fixture = try DiskFixture()
        #expect(throws: CacheFolderError.missing(path: fixture.path)) { try CacheFolder(path: fixture.path) }
        #expect(throws: CacheFolderError.self) { try CacheFolder(path: fixture.folder.file("")) }
        try await fixture.run { store in store.put("/a", bytes(1)) }
        #expect(throws: CacheFolderError.notAFolder(path: fixture.path + "/store")) {
            try CacheFolder(path: fixture.path + "/store")
        }
        var newer = try fixture.read("segment-00000001")
        newer[8] = 77
        try fixture.write(newer, to: "segment-00000009")
        try fixture.write([1, 2, 3], to: "segment-0000000a")
        try fixture.write([1, 2, 3], to: "set-aside-segment-00000002")
        try fixture.write([1, 2, 3], to: "notes.txt")
        let before = try FileManager.default.contentsOfDirectory(atPath: fixture.path).sorted()
        let folder = try CacheFolder(path: fixture.path + "/")
        #expect(folder.segments == [1])
        #expect(
            folder.otherFiles.map(\.name) == [
                "notes.txt", "segment-00000009", "segment-0000000a", "set-aside-segment-00000002",
            ]
        )
        #expect(folder.otherFiles[1].what.contains("version 77"))
        #expect(try objects(fixture).count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.path).sorted() == before)
        var store = try fixture.read("store")
        store[8] = 9
        try fixture.write(store, to: "store")
        #expect(throws: CacheFolderError.self) { try CacheFolder(path: fixture.path) }
    }

    @Test("rubbish in a segment ends nothing but that segment", arguments: [1, 2, 3])
    func rubbish(seed: UInt64) async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            for number in 0..<10 { store.put("/\(number)", bytes(number)) }
        }
        let name = try #require(fixture.segments.first)
        let good = try fixture.read(name)
        var random = SplitMix(state: seed)
        for _ in 0..<40 {
            var bad = good
            for _ in 0..<8 {
                bad[Int.random(in: 64..<bad.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try fixture.write(bad, to: name)
            let folder = try CacheFolder(path: fixture.path)
            var wrong = 0
            try folder.objects(.init(includesDead: true)) { object in
                guard let number = Int(object.path.dropFirst()), let body = try? body(fixture, object) else {
                    return true
                }
                if body != bytes(number) { wrong += 1 }
                return true
            }
            #expect(wrong == 0)
            _ = try folder.verify { _ in }
        }
    }

    @Test("names of exported files stay below their folder, whatever the path says")
    func names() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in store.put("/a", bytes(1)) }
        var object = try #require(try objects(fixture).first)
        func name(_ path: String, query: String? = nil, coding: Coding = .identity) -> String {
            object.path = path
            object.query = query
            object.coding = coding
            return ExportNames.components(of: object).joined(separator: "|")
        }
        #expect(name("/a/b.css") == "site|a|b.css")
        #expect(name("/") == "site|index.html")
        #expect(name("/docs/") == "site|docs|index.html")
        #expect(name("/a.css", coding: .gzip) == "site|a.css.gz")
        #expect(name("/../../etc/passwd") == "site|%2E%2E|%2E%2E|etc|passwd")
        #expect(name("/./.../x") == "site|%2E|%2E%2E%2E|x")
        #expect(name("/a", query: "b=/../c") == "site|a?b=%2F..%2Fc")
        #expect(name("/a\0b\n*") == "site|a%00b%0A%2A")
        #expect(name("//x") == "site|x")
        let long = name("/" + String(repeating: "x", count: 400))
        #expect(long.utf8.count < 220)
        #expect(long != name("/" + String(repeating: "x", count: 401)))
        object.site = "../.."
        #expect(name("/a") == "..%2F..|a")
        object.site = ".."
        #expect(name("/a") == "%2E%2E|a")
    }
}
