import CacheStore
import CachingRules
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore

/// One origin request, and everyone who waits for its answer. Shared between loops: `state` is under its lock; the
/// `FillRunner` writes it on its loop, readers read it on theirs.
///
/// A fill that will be stored *retains* its pieces until it is complete, so that a reader may join at any time and start
/// at the first byte. A fill that will not be stored is a *window*: pieces go when every reader has sent them, the
/// origin is read at the pace of the slowest, and nobody joins once the head has come.
final class Fill: Sendable {
    let key: CacheKey
    let site: Site
    /// What was applied of the purges before the origin was asked (rule N2).
    let mark: PurgeMark
    /// The variant it is for, as far as that is known before the answer; its place in the table.
    let variant: [UInt8]

    /// What a reader sees.
    enum Progress: Sendable {
        case waiting
        /// The head is here, pieces are coming.
        case streaming(FillHead)
        /// Everything is here and can be served like any entry.
        case complete(Resource, FillSource)
        /// Everything has come, and nothing of it is kept: the pieces go when everyone has sent them.
        case passed(FillHead)
        /// Not for this reader: it has to ask the origin on its own.
        case unshareable
        case failed(FillFailure)
    }

    private struct State {
        var progress = Progress.waiting
        var pieces: [ByteBuffer] = []
        /// Index of the first piece still held; pieces before it have been sent by everyone.
        var firstPiece = 0
        var heldBytes = 0
        /// The first piece that came to it as a window: it and those behind it count as passing.
        var firstPassing = Int.max
        var passingBytes = 0
        var isWindow = false
        var isOpen = true
        /// The request to the origin has been sent, or is about to be.
        var hasAsked = false
        /// What waits for the head, or for the end without one.
        var followers: [@Sendable () -> Void] = []
        /// Only the reader that made the fill may have its answer.
        var isExclusive = false
        /// The reader that made the fill; nil once it has left, since another object may get its identity then.
        var owner: ObjectIdentifier?
        var hadOwner = false
        var readerCount = 0
        var hasServedPart = false
        var groups: [Group] = []
        var runner: NIOLoopBound<FillRunner>?
    }

    private struct Group: Sendable {
        let loop: any EventLoop
        let readers: NIOLoopBound<FillReaders>
        var isNotified = false
        var readerCount = 0
        /// The lowest piece that a reader of this loop still needs, if there is one.
        var position = 0
    }

    private let state = NIOLockedValueBox(State())
    /// Where what passes counts.
    private let store: CacheStore

    /// - Parameter isOwned: the first to join it is the one whose request it sends. Otherwise that client is not there, and
    ///   what is its alone is for nobody.
    init(key: CacheKey, site: Site, mark: PurgeMark, variant: [UInt8] = [], isOwned: Bool = true, store: CacheStore) {
        self.key = key
        self.site = site
        self.mark = mark
        self.variant = variant
        self.store = store
        state.withLockedValue { $0.hadOwner = !isOwned }
    }

    deinit { store.countPassing(-state.withLockedValue { $0.passingBytes }) }

    /// The runner is done; breaks the circle between the two.
    func detachRunner() {
        state.withLockedValue { $0.runner = nil }
    }

    func attach(_ runner: FillRunner, on loop: any EventLoop) {
        let bound = NIOLoopBound(runner, eventLoop: loop)
        state.withLockedValue { $0.runner = bound }
    }

    // MARK: Readers, on their own loops

    /// False: the fill takes nobody any more, or, `onlyBeforeAsking`, its question is older than the reader.
    func join(_ reader: Transaction, onlyBeforeAsking: Bool = false) -> Bool {
        let loop = reader.eventLoop
        return state.withLockedValue { state in
            guard state.isOpen, state.readerCount < Limits.fillReaders, !(onlyBeforeAsking && state.hasAsked)
            else { return false }
            if !state.hadOwner { state.owner = ObjectIdentifier(reader) }
            state.hadOwner = true
            state.readerCount += 1
            let index: Int
            if let known = state.groups.firstIndex(where: { $0.loop === loop }) {
                index = known
            } else {
                index = state.groups.count
                state.groups.append(Group(loop: loop, readers: NIOLoopBound(FillReaders(), eventLoop: loop)))
            }
            state.groups[index].readers.value.add(reader)
            state.groups[index].readerCount += 1
            return true
        }
    }

    /// - Parameter isServed: it has got the part that it wanted of the body.
    func leave(_ reader: Transaction, isServed: Bool = false) {
        let loop = reader.eventLoop
        let abandoned: NIOLoopBound<FillRunner>? = state.withLockedValue { state in
            guard let index = state.groups.firstIndex(where: { $0.loop === loop }),
                state.groups[index].readers.value.remove(reader)
            else { return nil }
            state.readerCount -= 1
            state.groups[index].readerCount -= 1
            if isServed { state.hasServedPart = true }
            if state.owner == ObjectIdentifier(reader) { state.owner = nil }
            advance(group: index, in: &state)
            return state.readerCount == 0 ? state.runner : nil
        }
        if let abandoned { FillRunner.onLoop(abandoned) { $0.abandoned() } }
        resumeIfDrained()
    }

    /// The fill's progress, and at most `limit` pieces from `position` on.
    func read(_ reader: Transaction, from position: Int, limit: Int) -> (progress: Progress, pieces: [ByteBuffer]) {
        state.withLockedValue { state in
            if state.isExclusive, state.owner != ObjectIdentifier(reader) { return (.unshareable, []) }
            let start = position - state.firstPiece
            guard start >= 0, start < state.pieces.count, limit > 0 else { return (state.progress, []) }
            return (state.progress, Array(state.pieces[start..<min(start + limit, state.pieces.count)]))
        }
    }

    /// After readers of this loop have sent pieces: lets go of what nobody needs and lets the origin go on.
    func advanced(on loop: any EventLoop) {
        state.withLockedValue { state in
            guard state.isWindow, let index = state.groups.firstIndex(where: { $0.loop === loop }) else { return }
            advance(group: index, in: &state)
        }
        resumeIfDrained()
    }

    // MARK: The runner, on its loop

    /// The oldest piece that is held for the slowest readers; nil: there is nothing to hold, or nobody who is held back.
    var heldBack: Int? {
        state.withLockedValue { state in
            state.isWindow && state.readerCount > 1 && !state.pieces.isEmpty ? state.firstPiece : nil
        }
    }

    /// Drops the readers that still need this piece, which they have had time enough to take. `dropped` is told how many, on
    /// their loops.
    func dropReaders(at piece: Int, _ dropped: @escaping @Sendable (Int) -> Void) {
        let groups = state.withLockedValue { $0.isWindow && $0.firstPiece == piece ? $0.groups : [] }
        for group in groups {
            group.loop.execute {
                let count = group.readers.value.snapshot().count { $0.drop(ifStillAt: piece) }
                if count > 0 { dropped(count) }
            }
        }
    }

    /// A reader has left because it has got the part that it wanted: others of the same body are likely to be wanted.
    var hasServedPart: Bool { state.withLockedValue { $0.hasServedPart } }

    var hasReaders: Bool { state.withLockedValue { $0.readerCount > 0 } }

    /// Takes nobody any more, if nobody is here. False: somebody has come, or come back, meanwhile.
    ///
    /// One step, so that a request either joins before it and is served, or finds the fill closed and makes one anew.
    func closeIfAbandoned() -> Bool {
        state.withLockedValue { state in
            guard state.readerCount == 0 else { return false }
            state.isOpen = false
            return true
        }
    }

    /// An interim answer, for the reader that made the fill, if it is still there; those who joined get the final answer
    /// alone. On the loop of both.
    func inform(_ head: ResponseHead, on loop: any EventLoop) {
        let owner: Transaction? = state.withLockedValue { state in
            guard let owner = state.owner else { return nil }
            return state.groups.first { $0.loop === loop }?.readers.value[owner]
        }
        owner?.fillInformed(head)
    }

    /// Call before the request is sent.
    func willAsk() {
        state.withLockedValue { $0.hasAsked = true }
    }

    /// Calls `action`, on any thread, when the head has come or the fill has ended without one.
    func whenAnswered(_ action: @escaping @Sendable () -> Void) {
        let isAnswered = state.withLockedValue { state in
            if case .waiting = state.progress {
                state.followers.append(action)
                return false
            }
            return true
        }
        if isAnswered { action() }
    }

    /// The head has come, and the answer will be stored: pieces are retained.
    func begin(_ head: FillHead) {
        update { $0.progress = .streaming(head) }
    }

    /// The head has come, and the answer is not stored. `exclusive`: only the request that made the fill gets it.
    func beginWindow(_ head: FillHead, exclusive: Bool) {
        update { state in
            state.isWindow = true
            state.firstPassing = 0
            state.isOpen = false
            state.isExclusive = exclusive
            state.progress = .streaming(head)
        }
    }

    /// Takes a piece. False: more than the window is held; pause the origin until `FillRunner.resume`.
    ///
    /// Looks after the readers of this loop have been told: what they have sent at once must not pause the origin, since
    /// they would have nothing left that could let it go on. Those of other loops resume by a task of their own.
    func append(_ piece: ByteBuffer) -> Bool {
        var passing = 0
        defer { if passing > 0 { store.countPassing(passing) } }
        update { state in
            // A window that nobody reads is filled for the disk alone: nobody can join it.
            if state.isWindow, state.readerCount == 0 { return }
            state.pieces.append(piece)
            state.heldBytes += piece.readableBytes
            if state.isWindow { passing = piece.readableBytes }
            state.passingBytes += passing
        }
        return state.withLockedValue { !$0.isWindow || $0.heldBytes < Limits.passWindow }
    }

    /// Everything so far will not be stored after all (no room): becomes a window for the readers it has.
    func becomeWindow() {
        state.withLockedValue { state in
            state.isWindow = true
            // Those before count as what they are, pieces of a body.
            state.firstPassing = state.firstPiece + state.pieces.count
            state.isOpen = false
            for index in state.groups.indices { state.groups[index].position = state.firstPiece }
        }
    }

    var pieces: [ByteBuffer] { state.withLockedValue { $0.pieces } }

    /// A body that passed through has ended.
    func end() {
        update { state in
            state.isOpen = false
            if case .streaming(let head) = state.progress { state.progress = .passed(head) }
        }
    }

    /// `exclusive`: only the request that made the fill gets it.
    func complete(_ resource: Resource, _ source: FillSource, exclusive: Bool = false) {
        update { state in
            state.isOpen = false
            state.isExclusive = exclusive
            state.progress = .complete(resource, source)
        }
    }

    /// `exclusive`: that is so for the request alone that made the fill.
    func fail(_ failure: FillFailure, exclusive: Bool = false) {
        update { state in
            state.isOpen = false
            state.isExclusive = exclusive
            state.progress = .failed(failure)
        }
    }

    /// The answer is of no use to anyone who waits: each asks on its own.
    func refuse() {
        update { state in
            state.isOpen = false
            state.progress = .unshareable
        }
    }

    // MARK: Private

    private func update(_ change: (inout State) -> Void) {
        var followers: [@Sendable () -> Void] = []
        let toNotify: [Group] = state.withLockedValue { state in
            change(&state)
            if case .waiting = state.progress {} else { swap(&followers, &state.followers) }
            var groups: [Group] = []
            for index in state.groups.indices where !state.groups[index].isNotified {
                state.groups[index].isNotified = true
                groups.append(state.groups[index])
            }
            return groups
        }
        for group in toNotify {
            if group.loop.inEventLoop {
                notify(group)
            } else {
                group.loop.execute { self.notify(group) }
            }
        }
        for follower in followers { follower() }
    }

    /// On the group's loop.
    private func notify(_ group: Group) {
        let loop = group.loop
        state.withLockedValue { state in
            if let index = state.groups.firstIndex(where: { $0.loop === loop }) {
                state.groups[index].isNotified = false
            }
        }
        for reader in group.readers.value.snapshot() { reader.fillProgressed() }
    }

    /// The caller holds the lock and is on the group's loop.
    private func advance(group index: Int, in state: inout State) {
        guard state.isWindow else { return }
        if let lowest = state.groups[index].readers.value.lowestPosition { state.groups[index].position = lowest }
        trim(&state)
    }

    /// Lets go of the pieces of a window that no reader needs any more. A loop whose readers have all left needs none,
    /// however many are still to come. The caller holds the lock.
    private func trim(_ state: inout State) {
        let end = state.firstPiece + state.pieces.count
        let lowest = state.groups.reduce(end) { $1.readerCount == 0 ? $0 : min($0, $1.position) }
        let surplus = lowest - state.firstPiece
        guard surplus > 0 else { return }
        let passing = state.pieces[max(0, min(surplus, state.firstPassing - state.firstPiece))..<surplus]
        let passed = passing.reduce(0) { $0 + $1.readableBytes }
        state.passingBytes -= passed
        store.countPassing(-passed)
        state.heldBytes -= state.pieces[..<surplus].reduce(0) { $0 + $1.readableBytes }
        state.pieces.removeFirst(surplus)
        state.firstPiece = lowest
    }

    private func resumeIfDrained() {
        let runner: NIOLoopBound<FillRunner>? = state.withLockedValue { state in
            state.isWindow && state.heldBytes < Limits.passWindow / 2 ? state.runner : nil
        }
        if let runner { FillRunner.onLoop(runner) { $0.resume() } }
    }
}

/// The readers of one fill on one loop. Loop-confined.
final class FillReaders {
    private var readers: [ObjectIdentifier: Transaction] = [:]

    func add(_ reader: Transaction) { readers[ObjectIdentifier(reader)] = reader }
    func remove(_ reader: Transaction) -> Bool { readers.removeValue(forKey: ObjectIdentifier(reader)) != nil }
    subscript(reader: ObjectIdentifier) -> Transaction? { readers[reader] }
    func snapshot() -> [Transaction] { Array(readers.values) }
    var lowestPosition: Int? { readers.values.lazy.map(\.position).min() }
}
