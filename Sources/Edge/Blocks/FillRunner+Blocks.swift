import CacheStore
import CachingRules
import HTTPWire
import NIOCore
import Origins
import Telemetry

/// Handing the rest of an answer to a run of blocks.
extension FillRunner {
    /// Whether an answer goes into blocks rather than into one body.
    func belongsInBlocks(_ entry: PendingEntry, _ answer: ResponseHead) -> Bool {
        guard entry.head.status == 200, let length = entry.length, length > context.largeObject else { return false }
        // Parts of it could not be asked for again.
        if answer.fields.hasToken(.acceptRanges, "none") { return false }
        return context.mayBeInBlocks(etag: entry.etag, length: length, key: fill.key)
    }

    /// The whole of it follows.
    func beginBlocks(_ entry: PendingEntry) {
        guard let length = entry.length else { return }
        beginBlocks(entry, length: length, status: entry.head.status, from: 0, to: CacheStore.blockCount(length))
    }

    /// The object gets its entry, and everyone who waits reads it block by block from now on. The body comes from
    /// `block` on.
    func beginBlocks(_ given: PendingEntry, length: UInt64, status: Int, from block: UInt32, to end: UInt32) {
        var entry = given
        entry.restrict()
        let form = Representation(
            generation: generation,
            mark: fill.mark,
            variant: entry.variant,
            head: entry.storedHead(bodyLength: length),
            body: StoredBody(blocks: length)
        )
        let outcome = context.store.insert(form, key: fill.key)
        let why = outcome.notStored
        if let why { context.reasons.note(why, fill.key, at: fill.site) } else { context.counters.add(.stores) }
        let resource = outcome.resource ?? Resource(key: fill.key, identity: form)
        let source = FillSource.origin(reason, status: status, why)
        let isSecure = task.peer?.isSecure ?? false
        let made = BlockObject(form, key: fill.key, site: fill.site, client: task.head, isSecure: isSecure)
        guard let object = made, let exchange, fill.hasReaders, block < end else {
            exchange?.cancel()
            return complete(resource, source)
        }
        // What a purge has killed would be taken for there, as far as it is on disk.
        if context.store.epochs.isCovered(fill.key, tags: entry.tags) {
            context.store.removeBlocks(of: fill.key, etag: object.etag, length: length)
        }
        let runner = BlockRunner(
            BlockRun(object, mark: fill.mark),
            blocks: block..<end,
            generation: generation,
            context: context,
            on: loop
        )
        runner.adopt(exchange)
        complete(resource, source)
        phase = .handedOver(runner)
    }
}

/// Asking for a part of an object that is not known, or that may have changed.
extension FillRunner {
    /// Whether the object's head has been asked for before its body. A value.
    enum Probe {
        case notNeeded, asking, done
    }

    /// Whether the client's range may become one of blocks.
    private var mayAskForPart: Bool {
        task.head.method == .get && task.purpose == .shared && !task.asksForWhole && !task.isBackground
            && context.hasBlocks && task.head.fields.contains(.range)
            && previous?.identity.body.isInBlocks ?? true
    }

    /// The client's range, if it is one that begins somewhere, widened to the borders of blocks.
    func rangeToAsk() -> OriginRange? {
        guard mayAskForPart, let ranges = ByteRangeSet.parse(task.head.fields, limit: Limits.ranges),
            ranges.specs.count == 1, case .from(let first, let last) = ranges.specs[0]
        else { return nil }
        let block = UInt64(CacheStore.blockBytes)
        let start = first / block * block
        guard let last, last < .max - block else { return .bytes(first: start, last: nil) }
        return .bytes(first: start, last: last / block * block + (block - 1))
    }

    /// Where other ranges lie can be said only when the length is known, and whether they are worth a request of their own.
    var wantsProbe: Bool {
        guard previous == nil, askedRange == nil, mayAskForPart else { return false }
        return ByteRangeSet.parse(task.head.fields, limit: Limits.ranges) != nil
    }

    /// The answer to HEAD. An object that belongs in blocks gets its entry, without any; any other is fetched whole.
    func probed(_ answer: OriginAnswer, now: Int64) {
        exchange?.cancel()
        exchange = nil
        probe = .done
        let entry = entry(answer.head, length: answer.length, tags: answer.tags, now: now)
        guard !answer.hidesBody, refusalToStore(entry) == nil, belongsInBlocks(entry, answer.head) else { return ask() }
        beginBlocks(entry, length: entry.length ?? 0, status: entry.head.status, from: 0, to: 0)
    }

    /// A 206 or 416 for the range that was asked for.
    func answeredPart(_ answer: OriginAnswer, now: Int64) {
        if answer.head.status == 416 { return answeredUnsatisfiable(answer, now: now) }
        guard let asked = askedRange, let part = answer.contentRange, part.answers(asked), let range = part.range,
            let total = part.completeLength
        else { return refusePart(now: now) }
        // It is stored as the 200 of which it is a part.
        var head = answer.head
        head.status = 200
        head.fields.remove(.contentRange)
        let entry = entry(head, length: total, tags: answer.tags, now: now)
        if let why = refusalToStore(entry) {
            supersede(by: answer.head.status, why)
            return refusePart(now: now)
        }
        let isWhole = range == 0..<total
        if isWhole, total <= context.largeObject { return beginRetaining(entry) }
        guard context.mayBeInBlocks(etag: entry.etag, length: total, key: fill.key) else {
            if isWhole { return beginRetaining(entry) }
            if previous?.identity.head.etag != entry.etag { supersede(by: answer.head.status, .partial) }
            return refusePart(now: now)
        }
        let end = range.upperBound == total ? CacheStore.blockCount(total) : BlockObject.block(at: range.upperBound)
        beginBlocks(entry, length: total, status: 206, from: BlockObject.block(at: range.lowerBound), to: end)
    }

    private func answeredUnsatisfiable(_ answer: OriginAnswer, now: Int64) {
        guard let total = answer.contentRange?.completeLength else { return refusePart(now: now) }
        exchange?.cancel()
        // Others may want what is there.
        fail(
            FillFailure(
                status: 416,
                detail: "range",
                text: "The part that is asked for lies beyond the end.",
                reason: reason,
                forwardStatus: 416,
                completeLength: total
            ),
            exclusive: true
        )
    }

    /// The part is of no use to the cache: everyone asks for what it wants on its own.
    private func refusePart(now: Int64) {
        exchange?.cancel()
        context.reasons.note(.rule(.partial), fill.key, at: fill.site)
        context.counters.add(.fillsCompleted)
        if !fill.site.isBucket { context.hitForMiss.remember(fill.key.hash, now: now) }
        finish { fill in fill.refuse() }
    }
}
