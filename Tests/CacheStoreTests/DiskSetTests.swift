import CachingRules
import Glibc
import NIOConcurrencyHelpers
import TestSupport
import Testing

@testable import CacheStore

@Suite("A store with several disks")
struct DiskSetTests {
    private static let count = CacheStore.paths.count

    @Test("every object is on one of them, and comes back after a restart; figures are summed")
    func restart() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { store in
            await store.fill(1)
            let figures = store.statistics()
            #expect(figures.disks.map(\.path) == [fixture.path("a"), fixture.path("b")])
            #expect(figures.disks.allSatisfy { $0.objects > 10 && $0.problem == nil && $0.isWritable })
            #expect(figures.diskObjects == Self.count && figures.diskLimitBytes == 64 << 20)
        }
        try await fixture.run(["b", "a"]) { store in
            #expect(store.count(1) == (Self.count, 0))
            // A newer body is newer than what any disk has.
            store.put("/object-0", CacheStore.body(2, "/object-0"))
            #expect(store.lookup("/object-0")?.identity.bytes == CacheStore.body(2, "/object-0"))
        }
    }

    @Test("added: it gets its share, and nothing is found twice; removed: the others keep theirs")
    func addAndRemove() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a"]) { await $0.fill(1) }
        let moved = try await fixture.run(["a", "b"]) { store in
            let kept = store.statistics().diskObjects
            #expect(store.count(1) == (kept, 0) && kept > 10 && kept < Self.count)
            let moved = CacheStore.paths.filter { store.disk(store.key($0).hash) === store.disks.tiers[1] }
            #expect(moved.count == Self.count - kept)
            await store.fill(2, moved)
            return moved
        }
        // Without it: what was its own is not found in an old version on the first one.
        try await fixture.run(["a"]) { store in
            #expect(store.count(2, moved) == (0, 0))
            let others = CacheStore.paths.filter { !moved.contains($0) }
            #expect(store.count(1, others) == (others.count, 0))
        }
    }

    @Test("away while the edge ran: it starts empty, whatever it had")
    func away() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try await fixture.run(["a"]) { store in
            for path in CacheStore.paths { store.invalidate(store.key(path)) }
            await store.flush()
        }
        try await fixture.run(["a", "b"]) { store in
            #expect(store.count(1) == (0, 0) && store.statistics().diskUsedBytes == 0)
            #expect(fixture.files("b").isEmpty, "space does not leak")
            await store.fill(2)
        }
        try await fixture.run(["a", "b"]) { #expect($0.count(2) == (Self.count, 0)) }
    }

    @Test("two disks change places: nothing is lost")
    func swapped() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try fixture.move("a", to: "c")
        try fixture.move("b", to: "a")
        try fixture.move("c", to: "b")
        try await fixture.run(["a", "b"]) { #expect($0.count(1) == (Self.count, 0)) }
    }

    @Test("killed between the sessions of two disks: nothing is lost", arguments: ["a", "b"])
    func cutShort(behind: String) async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        let before = try fixture.folder.read(behind + "/session")
        try await fixture.run(["a", "b"]) { _ in }
        try fixture.folder.write(before, to: behind + "/session")
        try await fixture.run(["a", "b"]) { #expect($0.count(1) == (Self.count, 0)) }
    }

    @Test("used apart from one another: both start empty")
    func apart() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try await fixture.run(["a"]) { _ in }
        try await fixture.run(["b"]) { _ in }
        try await fixture.run(["a", "b"]) { #expect($0.statistics().diskObjects == 0) }
    }

    @Test("a copy of a folder, beside the original: both start empty, the third does not")
    func copied() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try fixture.copy("a", to: "c")
        try await fixture.run(["a", "b", "c"]) { store in
            let figures = store.statistics().disks
            #expect(figures[0].objects == 0 && figures[2].objects == 0 && figures[1].objects > 0)
            #expect(store.count(1).wrong == 0)
            await store.fill(2)
        }
        try await fixture.run(["a", "b", "c"]) { #expect($0.count(2) == (Self.count, 0)) }
    }

    @Test("a folder of another store: its segments are set aside, the store's own key stays")
    func foreign() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a"]) { await $0.fill(1) }
        try await fixture.run(["x"]) { await $0.fill(7) }
        try await fixture.run(["a", "x"]) { store in
            #expect(store.count(1).wrong == 0 && store.count(1).found > 10)
            #expect(!fixture.files("x", prefix: "set-aside-segment-").isEmpty)
            await store.fill(2)
        }
        try await fixture.run(["a", "x"]) { #expect($0.count(2) == (Self.count, 0)) }
    }

    @Test("a folder from before there were sessions keeps what it has when it is alone")
    func withoutSession() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a"]) { await $0.fill(1) }
        try fixture.delete("a/session")
        try await fixture.run(["a"]) { #expect($0.count(1) == (Self.count, 0)) }
        try fixture.folder.write([1, 2, 3], to: "a/session")
        try await fixture.run(["a"]) { #expect($0.statistics().diskObjects == 0) }
    }

    @Test("a disk that cannot be opened: the store starts and says so, with others and without")
    func unusable() async throws {
        let fixture = try DisksFixture()
        try fixture.folder.write("x", to: "file")
        for names in [["a", "file/b"], ["file/b"], ["a", "missing/parent"], ["file", "a"]] {
            try await fixture.run(names) { store in
                await store.fill(1)
                let disks = store.statistics().disks
                #expect(disks.map(\.path) == names.map(fixture.path))
                for disk in disks { #expect((disk.problem == nil) == disk.path.hasSuffix("/a"), "\(disk)") }
                #expect(store.lookup("/object-0") != nil)
                if names.contains("a") { #expect(store.count(1).found > 0) }
            }
            if names.contains("a") { try fixture.delete("a") }
        }
        #expect(fixture.files("missing").isEmpty)
    }

    @Test("a folder in use and a size too small stay errors")
    func refused() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a"]) { _ in
            #expect(throws: CacheStoreError.folderInUse(path: fixture.path("a"))) { try fixture.open(["b", "a"]) }
        }
        let small = CacheStoreError.diskTooSmall(path: fixture.path("b"), bytes: 1, smallest: 16 << 20)
        #expect(throws: small) { try fixture.open(["a", "b"], bytes: ["b": 1]) }
        try await fixture.run(["a", "b"]) { _ in }
        // The same folder by another way.
        #expect(symlink(fixture.path("a"), fixture.path("link")) == 0)
        #expect(throws: CacheStoreError.folderInUse(path: fixture.path("link"))) { try fixture.open(["a", "link"]) }
    }

    @Test("what is not mounted is not filled: a folder that was on a disk of its own and is on the root's")
    func unmounted() async throws {
        let fixture = try DisksFixture()
        fixture.io.devices.withLockedValue {
            $0["/"] = 1
            $0[fixture.folder.path] = 1
            $0[fixture.path("a")] = 2
            $0[fixture.path("b")] = 3
        }
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try fixture.move("b", to: "elsewhere")
        fixture.io.devices.withLockedValue { $0[fixture.path("b")] = 1 }
        for _ in 0..<3 {
            try await fixture.run(["a", "b"]) { store in
                #expect(store.statistics().disks[1].problem?.contains("not mounted") == true)
                #expect(store.count(1).wrong == 0 && store.count(1).found > 10)
            }
            #expect(fixture.files("b", prefix: "").isEmpty)
        }
        // Mounted again: it was away.
        try? fixture.delete("b")
        try fixture.move("elsewhere", to: "b")
        fixture.io.devices.withLockedValue { $0[fixture.path("b")] = 3 }
        try await fixture.run(["a", "b"]) { store in
            #expect(store.statistics().disks[1].problem == nil && store.statistics().disks[1].objects == 0)
        }
    }

    @Test("a disk that does not take the new session is left out, and starts empty next time")
    func sessionRefused() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        let refused = fixture.path("b") + "/session.new"
        fixture.io.set { $0 == .rename && $1 == refused ? .refuse(EIO) : .none }
        try await fixture.run(["a", "b"]) { store in
            #expect(store.statistics().disks[1].problem != nil && store.count(1).found > 10)
        }
        fixture.io.set { _, _ in .none }
        try await fixture.run(["a", "b"]) { store in
            #expect(store.statistics().disks[1].problem == nil && store.statistics().disks[1].objects == 0)
            #expect(store.count(1).found > 10)
        }
    }

    @Test("a disk of which reads fail is left out until the next start, and starts empty then; the other goes on")
    func failingReads() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { await $0.fill(1) }
        try await fixture.run(["a", "b"]) { store in
            let bad = fixture.path("b") + "/segment"
            fixture.io.set { $0 == .read && $1.hasPrefix(bad) ? .refuse(EIO) : .none }
            let all = store.statistics().disks
            #expect(store.count(1) == (all[0].objects, 0))
            let figures = store.statistics().disks
            #expect(figures[1].problem?.contains("reads") == true && figures[0].problem == nil)
            #expect(figures[1].readErrors == StoreLimits.readFailures)
            // Its keys go on in memory alone.
            await store.fill(2)
            #expect(store.count(2).found == all[0].objects)
            #expect(CacheStore.paths.allSatisfy { store.insert(store.form([1]), key: store.key($0)).isStored })
        }
        fixture.io.set { _, _ in .none }
        try await fixture.run(["a", "b"]) { store in
            #expect(store.statistics().disks[1].objects == 0 && store.statistics().disks[0].objects > 10)
            #expect(store.count(1).found == 0)
        }
    }

    @Test("the disks' newest purge state is the store's")
    func purges() async throws {
        let fixture = try DisksFixture()
        try await fixture.run(["a", "b"]) { store in
            store.epochs.adopt(log: "log", number: 1)
            await store.fill(1)
        }
        let old = try fixture.folder.read("b/purges")
        try await fixture.run(["a", "b"]) { store in
            store.epochs.apply([.everything], number: 2)
            await store.flush()
        }
        // A disk that has not written its state: killed within the delay.
        for name in ["a", "b"] {
            let new = try fixture.folder.read(name + "/purges")
            try fixture.folder.write(old, to: name + "/purges")
            try await fixture.run(["a", "b"]) { store in
                #expect(store.epochs.position?.number == 2)
                #expect(store.count(1) == (0, 0))
            }
            #expect(try fixture.folder.read(name + "/purges") != old, "it has the newer one now")
            try fixture.folder.write(new, to: name + "/purges")
        }
    }
}
