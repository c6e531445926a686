import CacheStore
import CachingRules
import HTTPWire
import Logging
import NIOCore
import Origins
import Synchronization
import Telemetry

/// Fetches a run of blocks with one origin request, and stores each as it is complete. Loop-confined to the loop of the
/// reader that needed the first of them.
final class BlockRunner: OriginDelegate {
    let run: BlockRun
    let context: EdgeContext
    private let loop: any EventLoop
    private let first: UInt32
    /// The first block behind the run. It comes nearer when another run has, or has had, the blocks from there on.
    private var end: UInt32
    /// Behind the last byte that the origin was asked for.
    private let askedEnd: UInt64
    /// Names the blocks' bodies; taken before the request is sent. One for all: they have different keys.
    private let generation: UInt64

    private var exchange: (any OriginExchange)?
    private var phase = Phase.starting
    /// The block that comes now, and how much of the whole has come before it and of it.
    private var current: UInt32
    private var position: UInt64
    /// What the current block is made with; nil: there was no room for it, and it is not stored.
    private var reserved: Reservation?
    private var isPaused = false
    /// The origin knows no ranges, and sends everything.
    private var isWhole = false
    /// HTTP's rules let the answer be stored, for this client's request.
    private var mayStore = true
    /// Blocks that readers may wait for: the current one and a few ahead.
    private var fills: [UInt32: BlockFill] = [:]
    private var nextToOffer: UInt32
    /// What it has put into memory, the oldest first, when that must not be all.
    private var kept = CircularBuffer<CacheKey>()

    private enum Phase {
        case starting
        case asking
        case receiving
        case ended
    }

    /// - Parameters:
    ///   - blocks: not empty, within the object.
    ///   - offered: the first of them, when readers know it already.
    init(
        _ run: BlockRun,
        blocks: Range<UInt32>,
        offering offered: BlockFill? = nil,
        generation: UInt64,
        context: EdgeContext,
        on loop: any EventLoop
    ) {
        self.run = run
        self.context = context
        self.loop = loop
        self.generation = generation
        first = blocks.lowerBound
        current = blocks.lowerBound
        nextToOffer = blocks.lowerBound
        end = blocks.upperBound
        position = run.object.start(of: blocks.lowerBound)
        if let offered {
            fills[offered.number] = offered
            nextToOffer = offered.number + 1
        }
        askedEnd = run.object.start(of: end)
        run.ends(at: end)
        run.attach(self, on: loop)
        context.counters.add(.fillsStarted)
        context.fillsUnderWay.add(1, ordering: .relaxed)
    }

    // MARK: Beginning

    /// Asks the origin for just these blocks of just this version.
    func start() {
        phase = .asking
        offer()
        context.counters.add(.originRequests)
        context.reasons.note(.partial, run.object.key, at: run.object.site)
        exchange = run.object.site.origin.fetch(
            OriginRequest(
                method: .get,
                target: run.object.key.target,
                range: .bytes(first: position, last: askedEnd - 1),
                ifMatch: run.object.etag,
                client: run.object.client,
                peer: OriginRequest.Peer(address: nil, isSecure: run.object.isSecure)
            ),
            on: loop,
            delegate: self
        )
    }

    /// Goes on with an exchange whose next byte is the first of the first block. Its delegate hands on what it hears.
    func adopt(_ exchange: any OriginExchange) {
        phase = .receiving
        self.exchange = exchange
        offer()
        beginBlock()
        // Those who have waited for the head follow now; if nobody comes, nobody wants it.
        loop.assumeIsolated().scheduleTask(in: .milliseconds(Limits.blockRunGraceMilliseconds)) { self.paceChanged() }
    }

    func originAnswered(_ answer: OriginAnswer) {
        guard case .asking = phase else { return }
        let length = run.object.length
        switch answer.head.status {
        case 206:
            guard isSame(answer), let part = answer.contentRange, (part.completeLength ?? length) == length else {
                return objectChanged()
            }
            guard part.answers(.bytes(first: position, last: askedEnd - 1)) else { return refused(answer) }
        case 200:
            guard isSame(answer), (answer.length ?? length) == length else { return objectChanged() }
            // It knows no ranges. The same version from its beginning: the blocks before the run come first.
            position = 0
            current = 0
            isWhole = true
        case 404, 410, 412, 416:
            return objectChanged()
        default:
            return refused(answer)
        }
        let why = refusalToStore(answer)
        // The object itself is not for everyone any more.
        if let why, !why.isRequestsOwn { return objectChanged() }
        mayStore = why == nil
        phase = .receiving
        beginBlock()
    }

    /// Why the parts may not be kept (RFC 9111, section 3): the rules of the whole that they are parts of.
    private func refusalToStore(_ answer: OriginAnswer) -> NoStoreReason? {
        let object = run.object
        var whole = answer.head
        whole.status = 200
        return StorageRule.mayStore(
            method: .get,
            requestFields: object.site.isBucket ? FieldList() : object.client.fields,
            response: whole,
            policy: object.site.policy(for: object.key)
        )
    }

    private func isSame(_ answer: OriginAnswer) -> Bool {
        let fields = answer.head.fields
        let tag = fields.range(of: .etag).flatMap { EntityTag(fields.bytes.span, $0) }
        return tag.map { EntityTag.strongEqual($0, run.object.etag) } ?? false
    }

    /// An error that says nothing about the object.
    private func refused(_ answer: OriginAnswer) {
        exchange?.cancel()
        originFailed(
            OriginFailure(
                status: 502,
                detail: "origin-error",
                message: "the origin answered \(answer.head.status) to a request for blocks"
            )
        )
    }

    // MARK: Bytes

    func originSent(_ body: ByteBuffer) {
        guard case .receiving = phase else { return }
        context.counters.add(.originBytes, UInt64(body.readableBytes))
        var rest = body
        while rest.readableBytes > 0, case .receiving = phase {
            let room = Int(run.object.range(of: current).upperBound - position)
            guard let part = rest.readSlice(length: min(rest.readableBytes, room)) else { return }
            position += UInt64(part.readableBytes)
            append(part)
            if position == run.object.range(of: current).upperBound { endBlock() }
        }
    }

    private func append(_ part: ByteBuffer) {
        guard let fill = fills[current] else { return }
        if let reserved { return reserved.append(part).forEach { fill.append($0) } }
        // A small part of a large buffer would keep all of that.
        let piece = part.storageCapacity > 2 * part.readableBytes ? BodyPieces.copy(of: part) : part
        fill.append(piece, passing: context.store)
    }

    private func beginBlock() {
        offer()
        reserved = context.store.reserve(run.object.range(of: current).count)
        pauseIfTooFarAhead()
    }

    private func endBlock() {
        let number = current
        if let fill = fills.removeValue(forKey: number) {
            let body = reserved?.body() ?? StoredBody(pieces: fill.pieces)
            // With no room it is for those alone who wait for it.
            if reserved != nil, mayStore { store(body, of: fill) }
            context.blocks.remove(fill)
            fill.complete(body.pieces)
        }
        releaseReservation()
        guard case .receiving = phase else { return }
        current += 1
        if current < end { return beginBlock() }
        // All that is wanted has come. What more the origin may send is of no use; a paused one would never end.
        if position < (isWhole ? run.object.length : askedEnd) {
            exchange?.cancel()
        } else if isPaused {
            exchange?.resumeReading()
        }
        context.counters.add(.fillsCompleted)
        finish()
    }

    private func store(_ body: StoredBody, of fill: BlockFill) {
        let form = Representation(
            generation: generation,
            mark: run.mark,
            head: BlockRunner.head(bodyLength: body.length, of: run.object),
            body: body
        )
        let outcome = context.store.insert(form, key: fill.key, reserved: reserved)
        reserved = nil
        if let why = outcome.notStored {
            context.reasons.note(why, fill.key, at: run.object.site)
        } else {
            context.counters.add(.stores)
        }
        guard case .stored = outcome, run.object.length > UInt64(context.objectLimit) else { return }
        kept.append(fill.key)
        // No object takes more of the memory than one may; a little more than what it may be ahead by, though.
        if kept.count > Int(aheadLimit) + 2, let oldest = kept.popFirst() {
            context.store.forgetInMemory(oldest, generation: generation)
        }
    }

    /// The smallest head: nobody is sent it. The tags are there to be purged by.
    private static func head(bodyLength: UInt64, of object: BlockObject) -> StoredHead {
        StoredHead(
            status: 206,
            fields: FieldList(),
            freshness: object.head.freshness,
            bodyLength: bodyLength,
            tags: object.head.tags
        )
    }

    // MARK: Pace

    /// Blocks that the run may be ahead of its fastest reader.
    private var aheadLimit: UInt32 {
        max(Limits.blocksAhead, UInt32(clamping: context.objectLimit / CacheStore.blockBytes))
    }

    private func pauseIfTooFarAhead() {
        // What finds no room is kept by its readers alone: no more of it than they can take.
        let limit = reserved != nil ? aheadLimit : 1
        guard run.isTooFarAhead(current, limit: limit), !isPaused else { return }
        isPaused = true
        exchange?.pauseReading()
    }

    /// A reader has come, gone on or left.
    func paceChanged() {
        if case .ended = phase { return }
        if !run.hasReaders, !isWorthFinishing {
            exchange?.cancel()
            return stop(.broken, .fillsAbandoned)
        }
        guard isPaused, !run.isTooFarAhead(current, limit: reserved != nil ? aheadLimit : 1) else { return }
        isPaused = false
        exchange?.resumeReading()
    }

    /// Whether a run without readers goes on.
    private var isWorthFinishing: Bool {
        guard case .receiving = phase else { return false }
        let start = run.object.start(of: first)
        // Of an origin that knows no ranges, what comes before the run does not count.
        return LeavingRule.isFinished(received: max(position, start) - start, length: run.object.start(of: end) - start)
    }

    /// Enters the blocks ahead, so that others wait for them here. The run ends at the first that is there already, or
    /// comes by another run.
    private func offer() {
        nextToOffer = max(nextToOffer, current)
        while nextToOffer < end, nextToOffer < current + Limits.blocksAhead {
            let number = nextToOffer
            guard let key = run.object.key(of: number, in: context.store),
                number == current || !context.store.holds(key)
            else { return shorten(to: number) }
            let fill = BlockFill(key: key, number: number, run: run)
            let admission = context.blocks.joinOrCreate(
                key,
                tags: run.object.head.tags,
                epochs: context.store.epochs
            ) { fill }
            guard case .created = admission else { return shorten(to: number) }
            fills[number] = fill
            nextToOffer += 1
        }
    }

    private func shorten(to block: UInt32) {
        // The current one is coming: it is only not for anyone to wait for.
        if block > current {
            end = min(end, block)
            run.ends(at: end)
        }
        nextToOffer = max(nextToOffer, block + 1)
    }

    // MARK: The end

    func originFinished() {
        guard case .receiving = phase else { return }
        // A server may send less than it was asked for (RFC 9110, section 15.3.7): the rest is asked for anew.
        stop(.broken)
    }

    func originFailed(_ failure: OriginFailure) {
        if case .ended = phase { return }
        context.counters.add(.originErrors)
        context.logger.warning(
            "origin failed",
            metadata: [
                "site": "\(run.object.site.name)",
                "path": "\(run.object.key.pathText)",
                "block": "\(current)", "detail": "\(failure.detail)", "message": "\(failure.message)",
            ]
        )
        context.reasons.failures.add(failure.detail)
        if failure.detail == OriginFailure.checksum {
            // It was one answer with all of them, and one of them is wrong: nobody knows which.
            _ = context.forget(run.object)
            return stop(.changed(isRare: false))
        }
        stop(.broken)
    }

    /// The origin has another version: the entry and the blocks of this one are of no use any more.
    private func objectChanged() {
        exchange?.cancel()
        stop(.changed(isRare: context.forget(run.object)))
    }

    private func stop(_ failure: BlockFill.Failure, _ counter: EdgeCounter = .fillsBroken) {
        if case .ended = phase { return }
        context.counters.add(counter)
        let fills = fills.values
        finish()
        for fill in fills { fill.fail(failure) }
    }

    /// Out of the table first, so that nobody joins what is over; then the readers are told.
    private func finish() {
        phase = .ended
        context.fillsUnderWay.subtract(1, ordering: .relaxed)
        releaseReservation()
        exchange = nil
        for fill in fills.values { context.blocks.remove(fill) }
        fills = [:]
        run.detach()
    }

    private func releaseReservation() {
        reserved?.end()
        reserved = nil
    }
}
