import CachingRules
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

@Suite("The scrubber")
struct ScrubberTests {
    private func bytes(_ number: Int) -> [UInt8] { testBytes(5_000 + number * 1_013, seed: UInt64(number)) }

    /// Objects in sealed segments: a restart seals them.
    private func sealed(_ count: Int = 100, _ fixture: DiskFixture) async throws {
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            for number in 0..<count {
                store.put("/\(number)", bytes(number), tags: ["tag\(number % 10)"])
                await store.flush()
            }
        }
    }

    private func pass(_ store: CacheStore) async throws {
        let scrubber = Scrubber(try #require(store.disk))
        while scrubber.step() != nil {}
        await store.flush()
    }

    /// Where a path's record lies.
    private func place(_ store: CacheStore, _ path: String) throws -> DiskIndex.Place {
        try #require(
            store.disk?.state.withLockedValue { state in
                state.index.slot(store.key(path).hash.value, coding: 0, variantTag: 0).map { state.index[$0].place }
            }
        )
    }

    private func damage(_ fixture: DiskFixture, _ place: DiskIndex.Place, at offset: Int) throws {
        let name = SegmentHeader.name(place.segment)
        var file = try fixture.read(name)
        file[place.offset + offset] ^= 0x10
        try fixture.write(file, to: name)
    }

    @Test("a pass reads everything, finds nothing wrong where nothing is, and takes what comes meanwhile as it comes")
    func clean() async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        try await fixture.run { store in
            try await pass(store)
            let figures = store.statistics()
            #expect(figures.diskScrubPasses == 1)
            #expect(figures.diskScrubBad == 0 && figures.diskBadRecords == 0)
            #expect(figures.diskScrubbedBytes >= figures.diskLiveBytes)
            #expect(figures.diskObjects == 100)
            // Half of it goes while the next pass is under way.
            let scrubber = Scrubber(try #require(store.disk))
            for number in 0..<50 {
                _ = scrubber.step()
                store.remove(store.key("/\(number)"))
                store.put("/new\(number)", bytes(number))
                await store.flush()
            }
            while scrubber.step() != nil {}
            await store.flush()
            #expect(store.statistics().diskScrubBad == 0)
            for number in 50..<100 { #expect(store.load("/\(number)")?.identity.bytes == bytes(number)) }
            for number in 0..<50 { #expect(store.load("/new\(number)")?.identity.bytes == bytes(number)) }
        }
    }

    @Test(
        "a damaged block, head, header or state is found and dropped, and nothing else",
        arguments: [
            (what: "block", at: 128 + 900), (what: "head", at: 128 + 30), (what: "header", at: 40),
            (what: "state", at: 5),
        ]
    )
    func damaged(what: String, at offset: Int) async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        let meant = [3, 4, 50, 99]
        try await fixture.run { store in
            for number in meant { try damage(fixture, place(store, "/\(number)"), at: offset) }
            try await pass(store)
            let figures = store.statistics()
            let expected = what == "state" ? 0 : meant.count
            #expect(figures.diskScrubBad == expected)
            #expect(figures.diskBadRecords == expected)
            for number in 0..<100 where !meant.contains(number) {
                #expect(store.load("/\(number)")?.identity.bytes == bytes(number))
            }
            for number in meant { #expect(!store.isOnDisk(store.key("/\(number)").hash), "\(number)") }
            try await pass(store)
            #expect(store.statistics().diskScrubBad == expected, "once is enough")
        }
        try await fixture.run { store in
            for number in meant { #expect(store.load("/\(number)") == nil) }
        }
    }

    @Test("a newer head that is damaged takes its form along")
    func damagedNewerHead() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            let form = try #require(store.put("/a", bytes(1)).resource).identity
            await store.flush()
            _ = store.freshen(
                store.key("/a"),
                generation: form.generation,
                head: testHead(length: bytes(1).count),
                mark: store.epochs.mark
            )
            store.put("/b", bytes(2))
        }
        try await fixture.run { store in
            let headPlace = try #require(
                store.disk?.state.withLockedValue { state in
                    state.index.slot(store.key("/a").hash.value, coding: 0, variantTag: 0).map {
                        state.index[$0].headPlace
                    }
                }
            )
            try #require(headPlace != .none)
            try damage(fixture, headPlace, at: 140)
            try await pass(store)
            #expect(store.statistics().diskScrubBad == 1)
            #expect(!store.isOnDisk(store.key("/a").hash))
            #expect(store.load("/b")?.identity.bytes == bytes(2))
        }
    }

    @Test("what a hard purge has killed is dropped, a soft one's is not; a segment of nothing but purged goes")
    func purged() async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        try await fixture.run { store in
            store.epochs.apply([.tag(site: "site", tag: "tag3")], number: 2)
            store.epochs.apply([.tag(site: "site", tag: "tag4")], number: 3, soft: true)
            let before = store.statistics().diskLiveBytes
            try await pass(store)
            #expect(store.statistics().diskPurgedFound == 10)
            #expect(store.statistics().diskScrubBad == 0)
            #expect(store.statistics().diskLiveBytes < before)
            #expect(!store.isOnDisk(store.key("/3").hash))
            #expect(store.isOnDisk(store.key("/4").hash))
            store.epochs.apply([.everything], number: 4)
            try await pass(store)
            #expect(store.statistics().diskObjects == 0)
            #expect(fixture.segments.isEmpty)
        }
    }

    @Test("what cannot be read is dropped as damaged and counted as a read error")
    func unreadable() async throws {
        let fixture = try DiskFixture()
        try await sealed(20, fixture)
        try await fixture.run { store in
            fixture.io.set { operation, _ in operation == .read ? .refuse(EIO) : .none }
            try await pass(store)
            fixture.io.set { _, _ in .none }
            #expect(store.statistics().diskReadErrors > 0)
            #expect(store.statistics().diskObjects == 0)
        }
    }

    @Test("bad sectors cost the records they are in, not their neighbours, and not the disk")
    func badSectors() async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        let meant = 40..<55
        try #require(meant.count > StoreLimits.readFailures)
        try await fixture.run { store in
            for number in meant {
                let place = try place(store, "/\(number)")
                let path = fixture.path + "/" + SegmentHeader.name(place.segment)
                let sector = (place.offset + 20_000) / 512 * 512
                fixture.io.badSectors.withLockedValue { $0[path, default: []].append(sector..<(sector + 512)) }
            }
            try await pass(store)
            let figures = store.statistics()
            #expect(figures.diskScrubBad == meant.count)
            #expect(figures.diskReadErrors == meant.count)
            #expect(store.disk?.isInUse == true)
            #expect(figures.disks.allSatisfy { $0.problem == nil })
            for number in 0..<100 {
                #expect(store.isOnDisk(store.key("/\(number)").hash) == !meant.contains(number), "\(number)")
            }
        }
    }

    @Test("a segment's entries are taken out wherever they are in the index, and no others")
    func entriesOfOneSegment() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            let tier = try #require(store.disk)
            var random = SplitMix(state: 7)
            tier.state.withLockedValue { state in
                for number in 0..<9_000 {
                    let entry = DiskIndex.Entry(
                        low: random.next(),
                        high: random.next(),
                        generation: UInt64(number),
                        place: .init(segment: 900 + UInt32(number % 3), units: UInt32(number)),
                        headPlace: number % 6 == 0 ? .init(segment: 901, units: UInt32(number)) : .none,
                        units: 1,
                        variantTag: 0,
                        coding: 0,
                        flags: 0
                    )
                    state.index.insert(entry)
                }
            }
            let places = tier.removeEntries(of: 901)
            #expect(places.filter { $0.segment == 901 }.count == 3_000 + 1_500)
            #expect(places.filter { $0.segment == 900 }.count == 1_500)
            #expect(places.count == 6_000)
            let (left, live, count) = tier.state.withLockedValue { state in
                (
                    state.index.all { $0.place.segment == 901 || $0.headPlace.segment == 901 }.count,
                    state.index.usage[901].records, state.index.count
                )
            }
            #expect(left == 0 && live == 0 && count == 4_500)
            #expect(tier.removeEntries(of: 901).isEmpty)
            _ = tier.removeEntries(of: 900)
            _ = tier.removeEntries(of: 902)
        }
    }

    @Test("a mebibyte takes as long as its rate says, and passes are an hour apart")
    func rate() async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        try await fixture.run { store in
            let scrubber = Scrubber(try #require(store.disk))
            let wait = scrubber.turn(bytesPerSecond: 1 << 20, now: 0)
            #expect((900...1100).contains(wait), "a mebibyte a second")
            var last = 0
            for _ in 0..<100 where store.statistics().diskScrubPasses == 0 {
                last = scrubber.turn(bytesPerSecond: 1 << 40, now: 5_000)
            }
            #expect(
                last == StoreLimits.scrubPassMilliseconds - 5_000,
                "the next pass an hour after this one's beginning"
            )
        }
    }

    @Test("it leaves the page cache as it was")
    func pageCache() async throws {
        let fixture = try DiskFixture()
        try await sealed(100, fixture)
        try await fixture.run { store in
            let paths = fixture.segments.map { fixture.path + "/" + $0 }
            for path in paths { evict(path) }
            let evicted = paths.reduce(0) { $0 + resident($1) }
            // Some file systems live in the page cache, and then there is nothing to leave.
            guard evicted < 20 else { return }
            try await pass(store)
            #expect(store.statistics().diskScrubbedBytes > 4 << 20)
            #expect(paths.reduce(0) { $0 + resident($1) } <= evicted + 8)
            // And what is in it stays.
            for path in paths { _ = FileManager.default.contents(atPath: path) }
            let filled = paths.reduce(0) { $0 + resident($1) }
            try await pass(store)
            #expect(paths.reduce(0) { $0 + resident($1) } >= filled * 9 / 10)
        }
    }

    private func evict(_ path: String) {
        let file = Glibc.open(path, O_RDONLY)
        defer { close(file) }
        fsync(file)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    }

    /// Pages of a file that are in the page cache. Unsafe pointers: the mapping is as long as the file, and goes at the end.
    private func resident(_ path: String) -> Int {
        let file = Glibc.open(path, O_RDONLY)
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        guard size > 0, let map = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0), map != MAP_FAILED else { return 0 }
        defer { munmap(map, size) }
        var pages = [UInt8](repeating: 0, count: (size + 4095) / 4096)
        guard mincore(map, size, &pages) == 0 else { return 0 }
        return pages.count { $0 & 1 == 1 }
    }
}
