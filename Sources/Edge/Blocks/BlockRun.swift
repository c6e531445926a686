import CacheStore
import NIOConcurrencyHelpers
import NIOCore

/// One origin request for a run of blocks, and the readers that follow it. Shared between loops: its state is under its
/// lock; the ``BlockRunner`` drives it on its own loop.
///
/// The readers set its pace: it waits when it is too far ahead of the fastest of them, and never for the others, who find
/// in memory or on disk what it has passed, or ask for it again.
final class BlockRun: Sendable {
    let object: BlockObject
    /// What was applied of the purges before the origin was asked (rule N2).
    let mark: PurgeMark

    private struct State {
        /// The block that each of its readers sends.
        var followers: [ObjectIdentifier: UInt32] = [:]
        var isPaused = false
        /// The first block behind the run, as far as that is known.
        var end = UInt32.max
        var runner: NIOLoopBound<BlockRunner>?
    }

    private let state = NIOLockedValueBox(State())

    init(_ object: BlockObject, mark: PurgeMark) {
        self.object = object
        self.mark = mark
    }

    // MARK: Readers, on their own loops

    /// The reader sends this block now, or waits for it. False: the run has nothing for it any more.
    func follow(_ reader: BlockReader, at block: UInt32) -> Bool {
        let (follows, runner) = state.withLockedValue { state in
            guard block < state.end else { return (false, nil as NIOLoopBound<BlockRunner>?) }
            state.followers[ObjectIdentifier(reader)] = block
            return (true, state.isPaused ? state.runner : nil)
        }
        if let runner { Self.onLoop(runner) { $0.paceChanged() } }
        return follows
    }

    /// The reader does not need it any more.
    func leave(_ reader: BlockReader) {
        let runner = state.withLockedValue { state in
            guard state.followers.removeValue(forKey: ObjectIdentifier(reader)) != nil else {
                return nil as NIOLoopBound<BlockRunner>?
            }
            return state.followers.isEmpty || state.isPaused ? state.runner : nil
        }
        if let runner { Self.onLoop(runner) { $0.paceChanged() } }
    }

    // MARK: The runner, on its loop

    func attach(_ runner: BlockRunner, on loop: any EventLoop) {
        let bound = NIOLoopBound(runner, eventLoop: loop)
        state.withLockedValue { $0.runner = bound }
    }

    /// The runner is done; breaks the circle between the two.
    func detach() {
        state.withLockedValue { $0.runner = nil }
    }

    /// It ends before this block.
    func ends(at block: UInt32) {
        state.withLockedValue { $0.end = block }
    }

    var hasReaders: Bool { state.withLockedValue { !$0.followers.isEmpty } }

    /// Whether `block` is more than `limit` blocks ahead of the fastest reader. If so, the runner hears when that changes.
    func isTooFarAhead(_ block: UInt32, limit: UInt32) -> Bool {
        state.withLockedValue { state in
            guard let fastest = state.followers.values.max() else {
                state.isPaused = false
                return false
            }
            state.isPaused = UInt64(block) > UInt64(fastest) + UInt64(limit)
            return state.isPaused
        }
    }

    private static func onLoop(
        _ runner: NIOLoopBound<BlockRunner>,
        _ action: @escaping @Sendable (BlockRunner) -> Void
    ) {
        if runner.eventLoop.inEventLoop {
            action(runner.value)
        } else {
            runner.eventLoop.execute { action(runner.value) }
        }
    }
}
