import TestSupport
import Testing

@testable import ControlPlane

/// The stores that must pass this suite; Redis joins it when it is there.
enum StoreKind: CaseIterable, Sendable {
    case sqlite

    func open(_ folder: TemporaryFolder) throws -> any ControlStore {
        switch self {
        case .sqlite: try SQLiteControlStore(path: folder.file("data/control.sqlite"))
        }
    }
}

private func purge(_ scopes: [PurgeScope] = [.all], key: String? = nil, soft: Bool = false) -> NewPurge {
    NewPurge(
        mark: "m\(UInt64.random(in: 0 ... .max))",
        acceptedAt: 7,
        scopes: scopes,
        soft: soft,
        idempotencyKey: key,
        actor: "t"
    )
}

@Suite struct StoreTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test(arguments: StoreKind.allCases)
    func numbersBeginAtOneAndHaveNoGaps(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        #expect(try await store.logState().last == 0)
        // At once, so that they meet.
        let numbers = try await withThrowingTaskGroup(of: UInt64.self) { group in
            for _ in 0..<40 { group.addTask { try await store.append(purge()).number } }
            return try await group.reduce(into: Set<UInt64>()) { $0.insert($1) }
        }
        #expect(numbers == Set(1...40))
        let entries = try await store.entries(after: 0, limit: 100)
        #expect(entries.map(\.number) == Array(1...40))
        #expect(try await store.logState().last == 40)
    }

    @Test(arguments: StoreKind.allCases)
    func pagesAreBoundedAndInOrder(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        for _ in 0..<7 { _ = try await store.append(purge()) }
        #expect(try await store.entries(after: 2, limit: 3).map(\.number) == [3, 4, 5])
        #expect(try await store.entries(after: 7, limit: 3).isEmpty)
        #expect(try await store.entries(after: .max, limit: 3).isEmpty)
        #expect(try await store.newestEntries(limit: 2).map(\.number) == [7, 6])
    }

    @Test(arguments: StoreKind.allCases)
    func entriesComeBackAsTheyWere(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        let scopes: [PurgeScope] = [
            try .init(url: "http://A.example:8080/b%7Ec/ü?q=1"), try .init(prefix: "http://a.example/x/*"),
            try .init(tag: "t", site: "a.example"), try .init(tag: "t", site: nil), try .init(site: "a.example"), .all,
        ]
        let entry = try await store.append(purge(scopes, soft: true))
        #expect(entry.scopes == scopes && entry.soft)
        #expect(try await store.entries(after: 0, limit: 1) == [entry])
    }

    @Test(arguments: StoreKind.allCases)
    func sameIdempotencyKeyGivesTheSameNumber(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        let first = try await store.append(purge(key: "k"))
        _ = try await store.append(purge())
        #expect(try await store.append(purge(key: "k")) == first)
        #expect(try await store.append(purge(key: "other")).number == 3)
        await #expect(throws: ControlStoreError.self) { try await store.append(purge([.site(host: "x")], key: "k")) }
        await #expect(throws: ControlStoreError.self) { try await store.append(purge(key: "k", soft: true)) }
        #expect(try await store.logState().last == 3)
    }

    @Test(arguments: StoreKind.allCases)
    func theRegistryKeepsSavesAndDeletes(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        var one = EdgeRecord(id: "edge-1", instance: "a", addresses: ["127.0.0.1:1", "x"], version: "1")
        let two = EdgeRecord(id: "edge-1", instance: "b", standing: .superseded, onLostControl: .serve, joinedAt: 3)
        try await store.updateEdges(save: [one, two], delete: [])
        #expect(try await store.edges() == [one, two])
        one.version = "2"
        try await store.updateEdges(save: [one], delete: ["b", "unknown"])
        #expect(try await store.edges() == [one])
        try await store.record(
            [],
            applied: [.init(instance: "a", number: 9, seenAt: 5), .init(instance: "b", number: 1, seenAt: 1)]
        )
        one.applied = 9
        one.lastSeen = 5
        #expect(try await store.edges() == [one])
    }

    @Test(arguments: StoreKind.allCases)
    func theFirstReceiptOfAnInstanceStands(kind: StoreKind) async throws {
        let store = try kind.open(folder)
        let lost = PurgeReceipt(number: 1, edge: "e", instance: "a", state: .leaseLost, milliseconds: nil)
        let late = PurgeReceipt(number: 1, edge: "e", instance: "a", state: .confirmed, milliseconds: 4)
        let other = PurgeReceipt(number: 1, edge: "f", instance: "b", state: .confirmed, milliseconds: 1.5)
        try await store.record([lost], applied: [])
        try await store.record([late, other], applied: [])
        #expect(try await store.receipts(of: 1) == [lost, other])
        #expect(try await store.receipts(of: 2).isEmpty)
    }

    @Test(arguments: StoreKind.allCases)
    func everythingIsThereAfterReopening(kind: StoreKind) async throws {
        let first = try kind.open(folder)
        let before = try await first.logState()
        #expect(!before.isWatched)
        let entry = try await first.append(purge(key: "k"))
        try await first.updateEdges(save: [EdgeRecord(id: "e", instance: "a")], delete: [])
        try await first.markWatched()
        await first.close()
        let second = try kind.open(folder)
        let after = try await second.logState()
        #expect(after == LogState(identity: before.identity, last: 1, isWatched: true))
        #expect(try await second.entries(after: 0, limit: 10) == [entry])
        #expect(try await second.append(purge(key: "k")) == entry)
        #expect(try await second.append(purge()).number == 2)
        #expect(try await second.edges().count == 1)
    }

    @Test func aSecondControlOnTheSameDatabaseIsRefused() async throws {
        let path = folder.file("control.sqlite")
        let first = try SQLiteControlStore(path: path)
        let error = #expect(throws: ControlStoreError.self) { try SQLiteControlStore(path: path) }
        #expect(error?.kind == .unusable && error?.description.contains("Another control process") == true)
        await first.close()
        _ = try SQLiteControlStore(path: path)
    }

    @Test func aFileThatIsNoDatabaseIsRefusedWithASentence() throws {
        let path = try folder.write("this is not a database, and longer than a header is", to: "control.sqlite")
        let error = #expect(throws: ControlStoreError.self) { try SQLiteControlStore(path: path) }
        #expect(error?.kind == .unusable && error?.description.contains(path) == true)
    }
}
