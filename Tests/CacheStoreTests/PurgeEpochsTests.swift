import CachingRules
import NIOConcurrencyHelpers
import NIOCore
import Synchronization
import Testing

@testable import CacheStore

@Suite("Purge epochs")
struct PurgeEpochsTests {
    private typealias Scope = PurgeEpochs.Scope

    private static func path(_ text: String) -> [UInt8] { Array(text.utf8) }

    private static let scopes: [(Scope, [String])] = [
        (.everything, ["a /x/1", "a /x/1?q", "a /y", "b /x/1", "b /y"]),
        (.site("a"), ["a /x/1", "a /x/1?q", "a /y"]),
        (.prefix(site: "a", path: path("/x")), ["a /x/1", "a /x/1?q"]),
        (.prefix(site: "a", path: path("/x/1")), ["a /x/1", "a /x/1?q"]),
        (.prefix(site: "a", path: path("/")), ["a /x/1", "a /x/1?q", "a /y"]),
        (.prefix(site: "a", path: path("/x/1/")), []),
        (.url(site: "a", path: path("/x/1"), query: nil), ["a /x/1", "a /x/1?q"]),
        (.url(site: "a", path: path("/x/1"), query: path("q")), ["a /x/1?q"]),
        (.url(site: "a", path: path("/x/1"), query: []), []),
        (.tag(site: nil, tag: "red"), ["a /y", "b /y"]),
        (.tag(site: "b", tag: "red"), ["b /y"]),
        (.tag(site: "a", tag: "blue"), []),
    ]

    @Test("each scope covers exactly what it names", arguments: scopes.indices)
    func scope(_ index: Int) throws {
        let (scope, covered) = Self.scopes[index]
        let store = try CacheStore.memoryOnly()
        var forms: [(name: String, key: CacheKey, form: Representation)] = []
        for name in ["a /x/1", "a /x/1?q", "a /y", "b /x/1", "b /y"] {
            let parts = name.split(separator: " ")
            let target = parts[1].split(separator: "?")
            let key = store.key(
                site: String(parts[0]),
                path: String(target[0]),
                query: target.count > 1 ? String(target[1]) : nil
            )
            forms.append((name, key, store.form([1], tags: target[0] == "/y" ? ["red", "green"] : [])))
        }
        store.epochs.apply([scope], number: 1, soft: true)
        for entry in forms {
            let expected = covered.contains(entry.name) ? PurgeState.softPurged : .live
            #expect(store.epochs.state(of: entry.form, key: entry.key) == expected, "\(entry.name)")
        }
        store.epochs.apply([scope], number: 2)
        for entry in forms {
            let expected = covered.contains(entry.name) ? PurgeState.dead : .live
            #expect(store.epochs.state(of: entry.form, key: entry.key) == expected, "\(entry.name)")
            #expect(store.epochs.isCovered(entry.key, tags: entry.form.head.tags) == (expected == .dead))
        }
    }

    @Test("an entry is dead only by purges after its mark, and what is stored after the purge lives")
    func numbers() throws {
        let store = try CacheStore.memoryOnly()
        store.put("/a", [1])
        #expect(store.lookup("/a") != nil)
        store.epochs.apply([.site("site")], number: 5)
        #expect(store.epochs.applied == 5)
        #expect(store.lookup("/a") == nil)
        store.put("/a", [2])
        store.epochs.apply([.site("site")], number: 5)
        #expect(store.lookup("/a")?.identity.bytes == [2], "the same number again changes nothing")
        store.epochs.apply([.site("other")], number: 6)
        #expect(store.lookup("/a") != nil)
        store.epochs.apply([.everything], number: 7)
        #expect(store.lookup("/a") == nil)
    }

    @Test("N2: a purge during a fill kills the fill's insertion")
    func duringFill() throws {
        let store = try CacheStore.memoryOnly()
        let mark = store.epochs.mark
        store.epochs.apply([.url(site: "site", path: Self.path("/a"), query: nil)], number: 1)
        guard case .refused(.purged) = store.put("/a", [1], mark: mark) else {
            Issue.record("the old answer was stored")
            return
        }
        #expect(store.lookup("/a") == nil)
        guard case .stored = store.put("/b", [1], mark: mark) else {
            Issue.record("another URL is not covered")
            return
        }
    }

    @Test("N1: a request joins only a fill that is as new as every purge that may cover it")
    func join() throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key("/a")
        let mark = store.epochs.mark
        #expect(store.epochs.mayJoin(mark, key: key, tags: nil))
        store.epochs.apply([.url(site: "site", path: Self.path("/b"), query: nil)], number: 1)
        #expect(store.epochs.mayJoin(mark, key: key, tags: nil))
        store.epochs.apply([.tag(site: "site", tag: "red")], number: 2)
        #expect(!store.epochs.mayJoin(mark, key: key, tags: nil), "its tags are not known yet")
        #expect(store.epochs.mayJoin(mark, key: key, tags: ["blue"]))
        #expect(!store.epochs.mayJoin(mark, key: key, tags: ["red"]))
        let later = store.epochs.mark
        #expect(store.epochs.mayJoin(later, key: key, tags: nil))
        store.epochs.apply([.url(site: "site", path: Self.path("/a"), query: nil)], number: 3)
        #expect(!store.epochs.mayJoin(later, key: key, tags: ["blue"]))
        let latest = store.epochs.mark
        store.invalidate(key)
        #expect(!store.epochs.mayJoin(latest, key: key, tags: []))
        #expect(store.epochs.mayJoin(latest, key: store.key("/c"), tags: []))
    }

    @Test("N6: a look-up that begins after apply returned never sees the old entry, on any thread")
    func publication() async throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key("/a")
        for round in 1...200 as ClosedRange<UInt64> {
            store.put("/a", testBytes(8, seed: round))
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 {
                    group.addTask {
                        for _ in 0..<50 {
                            let applied = store.epochs.applied
                            if applied >= round { return store.lookup(key) == nil }
                            _ = store.lookup(key)
                        }
                        return true
                    }
                }
                group.addTask {
                    store.epochs.apply([.url(site: "site", path: Self.path("/a"), query: nil)], number: round)
                    return store.lookup(key) == nil
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("an unsafe method's invalidation kills the stored and the filling, not what is asked for afterwards")
    func invalidation() throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key("/a")
        store.put("/a", [1])
        let mark = store.epochs.mark
        store.invalidate(key)
        #expect(store.lookup("/a") == nil)
        guard case .refused(.purged) = store.put("/a", [1], mark: mark) else {
            Issue.record("the answer from before was stored")
            return
        }
        store.put("/a", [2])
        #expect(store.lookup("/a")?.identity.bytes == [2])
    }

    @Test("N8: entries of another log need the origin's word; what it had purged stays dead")
    func otherLog() throws {
        let store = try CacheStore.memoryOnly()
        store.epochs.adopt(log: "one", number: 10)
        let a = store.form([1])
        let b = store.form([2])
        store.epochs.apply([.url(site: "site", path: Self.path("/b"), query: nil)], number: 11)
        store.epochs.adopt(log: "two", number: 3, snapshot: [.init(scope: .site("elsewhere"), number: 2, soft: false)])
        #expect(store.epochs.applied == 3)
        #expect(store.epochs.state(of: a, key: store.key("/a")) == .unconfirmed)
        #expect(store.epochs.state(of: b, key: store.key("/b")) == .dead)
        store.epochs.apply([.url(site: "site", path: Self.path("/a"), query: nil)], number: 4)
        #expect(store.epochs.state(of: a, key: store.key("/a")) == .dead, "numbers of different logs do not compare")
        let c = store.form([3])
        #expect(store.epochs.state(of: c, key: store.key("/c")) == .live)
        store.epochs.adopt(log: "three", number: 0)
        #expect(store.epochs.state(of: a, key: store.key("/x")) == .dead)
        #expect(store.epochs.state(of: c, key: store.key("/c")) == .unconfirmed)
    }

    @Test("N8: a log that has lost its tail gives numbers anew, so that no entry from before is trusted")
    func lostTail() throws {
        let store = try CacheStore.memoryOnly()
        store.epochs.adopt(log: "one", number: 50)
        let a = store.form([1])
        let fill = store.epochs.mark
        // Control was set back to 40: the same log, and 41 is going to be another purge.
        store.epochs.adopt(log: "one", number: 40, entryMark: "m40")
        #expect(store.epochs.applied == 40)
        #expect(store.epochs.state(of: a, key: store.key("/a")) == .unconfirmed)
        #expect(!store.epochs.mayJoin(fill, key: store.key("/a"), tags: []))
        store.epochs.apply([.url(site: "site", path: Self.path("/a"), query: nil)], number: 41, entryMark: "m41")
        #expect(store.epochs.state(of: a, key: store.key("/a")) == .dead, "a number of before was compared with 41")
        #expect(store.epochs.position?.number == 41)
        #expect(store.epochs.position?.entryMark == "m41")
    }

    @Test("at its bound the table drops too much, never too little", arguments: 1...20)
    func bounded(seed: UInt64) throws {
        let epochs = PurgeEpochs(budget: nil, scopeLimit: 64)
        let store = try CacheStore.memoryOnly()
        var random = SplitMix(state: seed)
        var purged: [(Scope, CacheKey, [String], UInt64)] = []
        for number in 1...2000 as ClosedRange<UInt64> {
            let site = "s\(random.next() % 20)"
            let path = "/" + String(random.next() % 100_000_000_000, radix: 36)
            let tag = "t\(random.next() % 1000)"
            let key = store.key(site: site, path: path + "/file")
            let scope: Scope =
                switch random.next() % 4 {
                case 0: .url(site: site, path: Self.path(path + "/file"), query: nil)
                case 1: .prefix(site: site, path: Self.path(path))
                case 2: .tag(site: site, tag: tag)
                default: .tag(site: nil, tag: tag)
                }
            epochs.apply([scope], number: number, soft: random.next() % 5 == 0)
            purged.append((scope, key, [tag], number))
            let entries = epochs.state.withLockedValue { $0.current.entries.count }
            #expect(entries <= 64)
        }
        for (scope, key, tags, number) in purged {
            #expect(epochs.judge(PurgeMark(number: number - 1), key: key, tags: tags) != .live, "\(scope)")
        }
    }

    @Test("more lengths of prefixes than are kept apart: cut to a shorter one")
    func prefixLengths() throws {
        let store = try CacheStore.memoryOnly()
        let long = String(repeating: "x", count: 500)
        for length in 1...300 as ClosedRange<UInt64> {
            let prefix = Array(("/" + long).utf8.prefix(Int(length)))
            store.epochs.apply([.prefix(site: "site", path: prefix)], number: length)
            let key = store.key(site: "site", path: "/" + long)
            #expect(store.epochs.judge(PurgeMark(number: length - 1), key: key, tags: []) == .dead)
            #expect(store.epochs.judge(PurgeMark(number: length), key: key, tags: []) == .live)
        }
        #expect(store.epochs.state.withLockedValue { $0.current.prefixLengths.count } == StoreLimits.prefixLengths)
        #expect(!store.epochs.isCovered(store.key(site: "other", path: "/" + long), tags: []))
    }

    @Test("once checked, an entry costs no look at the tables until something changes")
    func checkedOnce() throws {
        let store = try CacheStore.memoryOnly()
        let form = try #require(store.put("/a", [1]).resource).identity
        store.epochs.apply([.site("other")], number: 1)
        _ = store.lookup("/a")
        #expect(form.checkedVersion.load(ordering: .relaxed) == store.epochs.version)
        store.epochs.apply([.site("other")], number: 2)
        #expect(form.checkedVersion.load(ordering: .relaxed) != store.epochs.version)
    }
}
