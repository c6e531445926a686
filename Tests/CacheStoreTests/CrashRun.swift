import CachingRules
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore

@testable import CacheStore

/// A run of a store on a ``ModelDisk`` that notes what may be there after a crash at any of its calls. A value.
///
/// Each change of a key is an item of its history, with an entity tag of its own; an item without one says that the key was
/// invalidated. After a kill a key shows its last item, or that of the change under way, or nothing. After a
/// power loss it shows no item older than the last one that was synced.
struct CrashRun {
    /// What was stored: a body's version and a head's. nil: nothing.
    typealias Item = String?

    /// What the test knows, whatever the disk says.
    struct Known {
        var histories: [String: [Item]] = [:]
        /// The newest head's tag of each generation.
        var tags: [UInt64: String] = [:]
        /// Length and checksum of each body, by the first part of its tag.
        var bodies: [String: (length: Int, sum: UInt32)] = [:]
        var lastBody = 0
    }

    /// A moment between two changes.
    struct Moment {
        var calls: Int
        var counts: [String: Int]
        /// The tags that the index has.
        var onDisk: [String: String]
    }

    /// From this call on, these items are on the disk for good.
    struct Synced {
        var calls: Int
        var floors: [String: Int]
        var onDisk: [String: String]
        /// What the index had when the run ended.
        var atEnd: [String: String] = [:]
    }

    struct Start {
        var disk: ModelDisk
        var known: Known
        var random: SplitMix
        var synced: Synced?
    }

    static let paths = (0..<48).map { "/\($0)" }
    static let folder = "/cache"

    var known: Known
    var random: SplitMix
    var moments: [Moment] = []
    var synced: [Synced] = []
    let io: ModelIO
    let store: CacheStore
    let tier: DiskTier
    let checkpointer: DiskCheckpointer
    private var underWay: Moment?
    /// What a checkpoint says too much: records that are dead, and found to be when they are read.
    private var tooMuch: [String: String] = [:]

    static func open(_ io: ModelIO) throws -> CacheStore {
        let disk = DiskConfiguration(
            path: folder,
            bytes: 16 << 20,
            admitAtOnceBelow: .max,
            scrubBytesPerSecond: 0
        )
        return try CacheStore(
            CacheStoreConfiguration(memoryBytes: 4 << 20, disk: disk),
            logger: .quiet,
            io: io
        )
    }

    init?(_ start: Start, fault: (call: Int, fault: ModelIO.Fault)? = nil, keepsCalls: Bool = false) async throws {
        io = ModelIO(start.disk, fault: fault, keepsCalls: keepsCalls)
        known = start.known
        random = start.random
        synced = start.synced.map { [$0] } ?? []
        // A fault may keep it from starting at all.
        do { store = try Self.open(io) } catch { return nil }
        guard let tier = store.disks.tiers.first else { return nil }
        self.tier = tier
        // Its work is done here, step by step.
        await tier.maintenance.stop()
        checkpointer = DiskCheckpointer(tier: tier)
        note()
        let onDisk = start.synced?.atEnd ?? [:]
        tooMuch = moments[0].onDisk.filter { onDisk[$0.key] != $0.value }
        moments = []
        note()
    }

    /// Ends it as a kill does.
    func stop() async { await store.disks.close(abruptly: true) }

    /// Where the next one begins.
    var next: Start {
        var last = Synced(calls: 0, floors: [:], onDisk: [:])
        for event in synced {
            last.floors.merge(event.floors) { max($0, $1) }
            if !event.onDisk.isEmpty { last.onDisk = event.onDisk }
        }
        let onDisk = moments[moments.count - 1].onDisk
        last.onDisk = last.onDisk.filter { onDisk[$0.key] == $0.value }
        last.atEnd = onDisk
        return Start(disk: io.disk, known: known, random: random, synced: last)
    }

    // MARK: Steps

    mutating func play(_ steps: Int, size: Int = 60_000) async {
        for _ in 0..<steps {
            let path = Self.paths[Int(random.next() % UInt64(Self.paths.count))]
            let interruption = random.next() % 8 == 0 ? checkpointWithin(Int(random.next() % 3)) : nil
            switch random.next() % 100 {
            case ..<54: insert(path, size)
            case ..<64: freshen(path)
            case ..<71: invalidate(path)
            case ..<76: attach(path)
            case ..<86: _ = store.lookup(path) ?? store.load(path)
            case ..<89: await stream(path)
            case ..<93: syncTombstones()
            case ..<94: await flush()
            default: beginCheckpoint()
            }
            await settle()
            if let interruption { noteInterruption(interruption) }
            if random.next() % 3 > 0 { advanceCheckpoint() }
        }
    }

    /// A whole checkpoint while the writer is in the middle of the next change. The box says when it was complete.
    private func checkpointWithin(_ writes: Int) -> NIOLockedValueBox<Int?>? {
        guard underWay == nil else { return nil }
        let completed = NIOLockedValueBox<Int?>(nil)
        io.interrupt(after: writes) { [io, checkpointer] in
            do {
                try checkpointer.begin()
                while try !checkpointer.advance() {}
                completed.withLockedValue { $0 = io.count }
            } catch {
                checkpointer.abandon()
            }
        }
        return completed
    }

    /// It promises what was there before the change.
    private mutating func noteInterruption(_ completed: NIOLockedValueBox<Int?>) {
        io.interrupt(nil)
        guard let calls = completed.withLockedValue({ $0 }), let before = moments.dropLast().last else { return }
        let floors = before.counts.mapValues { $0 - 1 }
        let place = synced.firstIndex { $0.calls > calls } ?? synced.endIndex
        synced.insert(Synced(calls: calls, floors: floors, onDisk: before.onDisk), at: place)
    }

    private mutating func settle() async {
        await tier.drain()
        tier.state.withLockedValue { if $0.pausedUntil > 0 { $0.pausedUntil = 1 } }
        note()
    }

    private mutating func note() {
        let onDisk = tier.state.withLockedValue { state in
            Dictionary(
                Self.paths.compactMap { path -> (String, String)? in
                    guard let slot = state.index.slot(store.key(path).hash.value, coding: 0, variantTag: 0),
                        state.index[slot].flags & DiskIndex.Entry.headPending == 0,
                        let tag = known.tags[state.index[slot].generation], tooMuch[path] != tag
                    else { return nil }
                    return (path, tag)
                },
                uniquingKeysWith: { first, _ in first }
            )
        }
        moments.append(Moment(calls: io.count, counts: known.histories.mapValues(\.count), onDisk: onDisk))
    }

    private static let noise = testBytes(3 << 20, seed: 1)

    /// Bytes that no other number has.
    private static func body(_ number: Int, _ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendNumber(UInt64(number))
        let start = number * 4099 % (2 << 20)
        return bytes + noise[start..<(start + count - bytes.count)]
    }

    private mutating func form(_ path: String, _ size: Int) -> (Representation, [UInt8]) {
        known.lastBody += 1
        let bytes = Self.body(known.lastBody, size)
        known.bodies["v\(known.lastBody)"] = (size, CRC32C.of(bytes.span))
        let tag = "v\(known.lastBody).0"
        let form = store.form(bytes, etag: "\"\(tag)\"")
        known.tags[form.generation] = tag
        known.histories[path, default: []].append(tag)
        return (form, bytes)
    }

    private mutating func insert(_ path: String, _ size: Int) {
        let (form, _) = form(path, 200 + Int(random.next() % UInt64(size)))
        _ = store.insert(form, key: store.key(path))
    }

    private mutating func stream(_ path: String) async {
        let (form, bytes) = form(path, 700_000 + Int(random.next() % 300_000))
        let length = bytes.count
        guard
            let fill = store.beginDiskFill(
                store.key(path),
                head: form.head,
                generation: form.generation,
                mark: form.mark
            )
        else {
            known.histories[path]?.removeLast()
            return
        }
        for start in stride(from: 0, to: length, by: 200_000) {
            guard fill.append(ByteBuffer(bytes: bytes[start..<min(length, start + 200_000)])) else { break }
            await tier.drain()
        }
        fill.finish()
        await tier.drain()
        // What it was to replace stays when it has failed.
        if !tier.holds(store.key(path).hash.value, generation: form.generation) { known.histories[path]?.removeLast() }
    }

    private mutating func freshen(_ path: String) {
        guard let form = (store.lookup(path) ?? store.load(path))?.identity, let old = form.head.etag?.opaque else {
            return
        }
        let parts = old.split(separator: ".")
        let tag = "\(parts[0]).\((Int(parts[1]) ?? 0) + 1)"
        let head = testHead(length: Int(form.head.bodyLength), etag: "\"\(tag)\"")
        let keepsDerived = random.next() % 2 == 0
        known.histories[path, default: []].append(tag)
        known.tags[form.generation] = tag
        let result = store.freshen(
            store.key(path),
            generation: form.generation,
            head: head,
            mark: store.epochs.mark,
            derivedHead: { keepsDerived ? $0.head : nil }
        )
        if result == nil {
            known.tags[form.generation] = String(old)
            known.histories[path]?.removeLast()
        }
    }

    private mutating func attach(_ path: String) {
        guard let parent = store.lookup(path)?.identity else { return }
        known.lastBody += 1
        let bytes = Self.body(known.lastBody, 500 + known.lastBody)
        known.bodies["d\(known.lastBody)"] = (bytes.count, CRC32C.of(bytes.span))
        let form = Representation(
            coding: .gzip,
            generation: parent.generation,
            mark: parent.mark,
            head: testHead(length: bytes.count, etag: "\"d\(known.lastBody).0\""),
            body: StoredBody(pieces: BodyPieces.pieces(of: ByteBuffer(bytes: bytes)))
        )
        _ = store.attach(form, key: store.key(path))
    }

    private mutating func invalidate(_ path: String) {
        known.histories[path, default: []].append(nil)
        store.invalidate(store.key(path))
    }

    private var floors: [String: Int] { known.histories.mapValues { $0.count - 1 } }

    private mutating func syncTombstones() {
        guard tier.syncTombstones() == nil else { return }
        // Only what was invalidated is promised.
        let gone = known.histories.filter { $0.value.last == .some(nil) }.mapValues { $0.count - 1 }
        synced.append(Synced(calls: io.count, floors: gone, onDisk: [:]))
    }

    mutating func flush() async {
        let hadFailed = io.hasFailed
        let errors = store.statistics().diskWriteErrors
        let (floors, onDisk) = (floors, moments[moments.count - 1].onDisk)
        await store.flush()
        guard io.hasFailed == hadFailed, store.statistics().diskWriteErrors == errors else { return }
        synced.append(Synced(calls: io.count, floors: floors, onDisk: onDisk))
    }

    private mutating func beginCheckpoint() {
        guard underWay == nil else { return }
        do {
            try checkpointer.begin()
            underWay = moments[moments.count - 1]
        } catch {
            checkpointer.abandon()
        }
    }

    private mutating func advanceCheckpoint() {
        guard let begun = underWay else { return }
        do {
            guard try checkpointer.advance() else { return note() }
            synced.append(
                Synced(calls: io.count, floors: begun.counts.mapValues { $0 - 1 }, onDisk: begun.onDisk)
            )
        } catch {
            checkpointer.abandon()
        }
        underWay = nil
        note()
    }

    /// A whole one.
    mutating func checkpoint() async {
        while underWay != nil { advanceCheckpoint() }
        beginCheckpoint()
        while underWay != nil { advanceCheckpoint() }
        await settle()
    }
}
