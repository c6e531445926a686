import CacheStore
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
    func beginBlocks(_ entry: PendingEntry, length: UInt64, status: Int, from block: UInt32, to end: UInt32) {
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
        guard let object = BlockObject(form, key: fill.key, site: fill.site, client: task.head), let exchange,
            fill.hasReaders
        else {
            exchange?.cancel()
            return complete(resource, source)
        }
        // What a purge has killed would be taken for there, as far as it is on disk.
        if context.store.epochs.newestPurge(covering: fill.key, tags: entry.tags) > 0 {
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
