import CacheStore
import NIOConcurrencyHelpers
import NIOCore

/// One block on its way from the origin, and the readers that wait for more of it. Shared between loops: its state is
/// under its lock; the ``BlockRunner`` appends on its loop, readers read on theirs.
///
/// Everything that has come stays until the last reader has let go of it, so that a reader may come at any time and go on
/// at its own pace.
final class BlockFill: Sendable {
    let key: CacheKey
    let number: UInt32
    let run: BlockRun

    /// Why no more of it comes. A value.
    enum Failure: Sendable {
        /// The origin did not send it, or not all of it: it may be asked again.
        case broken
        /// The origin has another version of the object. `isRare`: not again and again.
        case changed(isRare: Bool)
    }

    enum Progress: Sendable {
        case coming
        case complete
        case failed(Failure)
    }

    private struct State {
        var pieces: [ByteBuffer] = []
        var progress = Progress.coming
        /// What of it counts as passing, and where: no other has it.
        var passing = 0
        var store: CacheStore?
        /// Who has read everything and waits for more. Each is told once.
        var waiting: [NIOLoopBound<BlockReader>] = []
    }

    private let state = NIOLockedValueBox(State())

    init(key: CacheKey, number: UInt32, run: BlockRun) {
        self.key = key
        self.number = number
        self.run = run
    }

    deinit { state.withLockedValue { $0.store?.countPassing(-$0.passing) } }

    // MARK: Readers, on their own loops

    /// What there is of the block from `offset` on, as slices that share their storage. If that is nothing while more is
    /// coming, `waiter` is told, once, when there is.
    func read(
        from offset: Int,
        waiter: NIOLoopBound<BlockReader>?
    ) -> (progress: Progress, slices: [ByteBuffer]) {
        state.withLockedValue { state in
            let slices = state.pieces.slices(from: offset)
            if slices.isEmpty, case .coming = state.progress, let waiter { state.waiting.append(waiter) }
            return (state.progress, slices)
        }
    }

    // MARK: The runner, on its loop

    /// `passing`: the store that it counts in, for as long as this fill is held, where no reservation has paid for it.
    func append(_ piece: ByteBuffer, passing store: CacheStore? = nil) {
        store?.countPassing(piece.readableBytes)
        tell { state in
            state.pieces.append(piece)
            guard let store else { return }
            state.store = store
            state.passing += piece.readableBytes
        }
    }

    var pieces: [ByteBuffer] { state.withLockedValue { $0.pieces } }

    /// The block is whole; `pieces` are its bytes in fewer buffers.
    func complete(_ pieces: [ByteBuffer]) {
        tell { state in
            state.pieces = pieces
            state.progress = .complete
        }
    }

    func fail(_ failure: Failure) {
        tell { state in
            if case .coming = state.progress { state.progress = .failed(failure) }
        }
    }

    private func tell(_ change: (inout State) -> Void) {
        let waiting = state.withLockedValue { state in
            change(&state)
            defer { state.waiting = [] }
            return state.waiting
        }
        for (_, readers) in Dictionary(grouping: waiting, by: { ObjectIdentifier($0.eventLoop) }) {
            let loop = readers[0].eventLoop
            if loop.inEventLoop {
                for reader in readers { reader.value.blockProgressed() }
            } else {
                loop.execute {
                    for reader in readers { reader.value.blockProgressed() }
                }
            }
        }
    }
}

extension [ByteBuffer] {
    /// What of these pieces lies behind the first `offset` bytes. Shares the storage.
    func slices(from offset: Int) -> [ByteBuffer] {
        var slices: [ByteBuffer] = []
        var skip = offset
        for var piece in self {
            let dropped = Swift.min(skip, piece.readableBytes)
            piece.moveReaderIndex(forwardBy: dropped)
            skip -= dropped
            if piece.readableBytes > 0 { slices.append(piece) }
        }
        return slices
    }
}
