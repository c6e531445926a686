import CacheStore
import HTTPServer
import NIOCore

/// Sends parts of an object in blocks, from block to block at the client's pace. Loop-confined.
///
/// A block comes from memory, else from disk, else from the run that is fetching it, else from a run that this reader
/// starts. Of the object it holds no more than the block that it sends.
final class BlockReader: ServerExchangeDelegate {
    /// What is sent before the body. A value.
    struct Head {
        /// Status line and fields, as stored.
        var head: ByteBuffer
        /// Fields of this answer alone.
        var extra: ByteBuffer
        /// Bytes of the body.
        var length: UInt64
    }

    let object: BlockObject
    private let eventLoop: any EventLoop
    private let responder: EdgeResponder
    private let context: EdgeContext
    private var exchange: (any ServerExchange)?

    /// nil: sent already. It waits for the first bytes of the object: until then the answer can still be another one.
    private var head: Head?
    private var parts: ArraySlice<BodyPart>
    /// The next byte of the object to send.
    private var offset: UInt64 = 0
    private var source = Source.none
    /// The run whose pace this reader sets.
    private var run: BlockRun?
    /// How often the next byte could not be had, and whether any has been sent since.
    private var failures = 0
    private var hasProgressed = false
    private var isPumping = false
    /// A fill has promised to tell it of more. One promise at a time: each is a call for each piece that comes.
    private var isWaiting = false

    /// Where the bytes of a block come from.
    private enum Source {
        case none
        /// From the disk, before long.
        case loading
        /// All of it.
        case whole(UInt32, [ByteBuffer])
        case coming(BlockFill)
    }

    init(_ object: BlockObject, parts: [BodyPart], head: Head, exchange: any ServerExchange, responder: EdgeResponder) {
        self.object = object
        self.parts = parts[...]
        self.head = head
        self.exchange = exchange
        self.responder = responder
        eventLoop = exchange.eventLoop
        context = responder.context
        offset = nextSlice?.lowerBound ?? 0
    }

    func start() {
        exchange?.delegate = self
        pump()
    }

    // MARK: Sending

    private func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while let exchange {
            guard let part = parts.first else { return end { $0.finish() } }
            if head != nil {
                guard available() != nil else { return }
                sendHead()
            }
            guard exchange.isWritable else { return }
            switch part {
            case .bytes(let buffer):
                send(buffer, fromCache: true)
                endPart()
            case .slice(let range):
                guard let (slices, fromCache) = available() else { return }
                send(slices, upTo: range.upperBound, fromCache: fromCache)
                if offset == range.upperBound { endPart() }
            }
        }
    }

    /// The slice that comes next, now or behind what the edge has written itself.
    private var nextSlice: Range<UInt64>? {
        for case .slice(let range) in parts { return range }
        return nil
    }

    private func endPart() {
        parts = parts.dropFirst()
        if let next = nextSlice { offset = next.lowerBound }
    }

    private func sendHead() {
        guard let exchange, let head else { return }
        self.head = nil
        exchange.sendHead(head: head.head, extra: head.extra, bodyLength: head.length)
    }

    private func send(_ slices: [ByteBuffer], upTo end: UInt64, fromCache: Bool) {
        for slice in slices where offset < end && exchange?.isWritable == true {
            let count = Int(min(UInt64(slice.readableBytes), end - offset))
            guard let piece = slice.getSlice(at: slice.readerIndex, length: count) else { return }
            offset += UInt64(count)
            hasProgressed = true
            send(piece, fromCache: fromCache)
        }
    }

    private func send(_ buffer: ByteBuffer, fromCache: Bool) {
        responder.count(sent: buffer.readableBytes, fromCache: fromCache)
        exchange?.sendBody(buffer)
    }

    /// Leaves the run, then gives the exchange back for its last act.
    private func end(_ last: (any ServerExchange) -> Void) {
        let exchange = self.exchange
        self.exchange = nil
        source = .none
        follow(nil)
        if let exchange { last(exchange) }
    }

    // MARK: Blocks

    /// Bytes from `offset` to the end of its block, as far as they are there. nil: not now, or the answer is over.
    private func available() -> (slices: [ByteBuffer], fromCache: Bool)? {
        let number = BlockObject.block(at: offset)
        let skipped = Int(offset - object.start(of: number))
        while exchange != nil {
            switch source {
            case .loading:
                return nil
            case .whole(number, let pieces):
                return (pieces.slices(from: skipped), true)
            case .coming(let fill) where fill.number == number:
                let waiter = isWaiting ? nil : NIOLoopBound(self, eventLoop: eventLoop)
                let (progress, slices) = fill.read(from: skipped, waiter: waiter)
                if !slices.isEmpty { return (slices, false) }
                switch progress {
                case .coming:
                    isWaiting = true
                    return nil
                case .failed(let failure): failed(failure)
                // That of an object of another length.
                case .complete: failed(.broken)
                }
            case .none, .whole, .coming:
                find(number)
            }
        }
        return nil
    }

    /// Sets the source for a block.
    private func find(_ number: UInt32) {
        source = .none
        guard let key = object.key(of: number, in: context.store) else { return end { $0.abort() } }
        if let found = stored(key, number) { return take(found, number) }
        let isComing = context.blocks.contains(key, tags: object.head.tags, epochs: context.store.epochs)
        guard !isComing, context.store.isOnDisk(key.hash) else { return fetch(key, number) }
        source = .loading
        context.store.loadFromDisk(key, on: eventLoop) { found in
            guard self.exchange != nil else { return }
            self.source = .none
            if let found, self.isRight(found, number) { self.take(found, number) } else { self.fetch(key, number) }
            self.pump()
        }
    }

    private func stored(_ key: CacheKey, _ number: UInt32) -> Resource? {
        context.store.lookup(hash: key.hash, key: key.bytes.span).flatMap { isRight($0, number) ? $0 : nil }
    }

    /// An origin that changes an object's length and not its strong tag leaves blocks behind that are too short.
    private func isRight(_ found: Resource, _ number: UInt32) -> Bool {
        let range = object.range(of: number)
        return found.identity.body.length == range.upperBound - range.lowerBound
    }

    private func take(_ found: Resource, _ number: UInt32) {
        follow(run, at: number)
        switch found.identity.body.location {
        case .memory(let pieces):
            source = .whole(number, pieces)
        case .disk(let body):
            // A smaller memory than the last time: it has to be read anew each time.
            source = .loading
            body.read(offset: 0, length: CacheStore.blockBytes, on: eventLoop) { bytes in
                guard self.exchange != nil else { return }
                guard let bytes else { return self.end { $0.abort() } }
                self.source = .whole(number, [bytes])
                self.pump()
            }
        case .blocks:
            end { $0.abort() }
        }
    }

    /// Waits for the run that is fetching the block, or starts one.
    private func fetch(_ key: CacheKey, _ number: UInt32) {
        let admission = context.blocks.joinOrCreate(key, tags: object.head.tags, epochs: context.store.epochs) {
            BlockFill(key: key, number: number, run: BlockRun(object, mark: context.store.epochs.mark))
        }
        switch admission {
        case .joined(let fill):
            source = .coming(fill)
            follow(fill.run, at: number)
        case .created(let fill):
            // It may have come since it was looked for.
            if let found = stored(key, number) {
                context.blocks.remove(fill)
                fill.complete(found.identity.body.pieces)
                return take(found, number)
            }
            guard context.hasRoomForFill else {
                context.blocks.remove(fill)
                fill.fail(.broken)
                return refuse(.tooBusy)
            }
            source = .coming(fill)
            follow(fill.run, at: number)
            let wanted = BlockObject.block(at: (nextSlice?.upperBound ?? 1) - 1)
            BlockRunner(
                fill.run,
                blocks: number..<context.endOfMissing(object, from: number, through: wanted),
                offering: fill,
                generation: context.store.nextGeneration(),
                context: context,
                on: eventLoop
            ).start()
        }
    }

    /// Follows that run from now on, and no other.
    private func follow(_ next: BlockRun?, at block: UInt32 = 0) {
        let before = run
        run = next.flatMap { $0.follow(self, at: block) ? $0 : nil }
        if let before, before !== run { before.leave(self) }
    }

    private func failed(_ failure: BlockFill.Failure) {
        source = .none
        follow(nil)
        switch failure {
        case .changed(let isRare):
            guard head != nil else { return end { $0.abort() } }
            guard isRare else { return refuse(.objectChanges) }
            // Nothing has been sent: the request begins anew, with the object as it is now.
            end { exchange in responder.fetchAnew(object, on: exchange) }
        case .broken:
            failures = hasProgressed ? 0 : failures + 1
            hasProgressed = false
            if failures >= Limits.blockTries { refuse(.blockMissing) }
        }
    }

    /// An error if that can still be said, else a broken connection.
    private func refuse(_ refusal: Refusal) {
        guard head != nil else { return end { $0.abort() } }
        end { exchange in responder.refuse(exchange, refusal, isHead: false) }
    }

    // MARK: What the run and the client tell

    /// There is more of the block that this reader waits for, or there will be no more.
    func blockProgressed() {
        isWaiting = false
        if exchange != nil { pump() }
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}

    func exchangeReceivedBodyEnd() {}

    func exchangeBecameWritable() { pump() }

    func exchangeClosed() {
        exchange = nil
        source = .none
        follow(nil)
    }
}
