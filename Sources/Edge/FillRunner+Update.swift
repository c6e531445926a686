import CacheStore
import CachingRules
import HTTPWire
import NIOCore
import Origins
import Telemetry

/// What an origin's answer does to what is stored.
extension FillRunner {
    /// A 304; one that names another entity than the stored one (RFC 9111, section 4.3.4) is followed by a full request.
    func unchanged(_ answer: OriginAnswer, now: Int64) {
        exchange?.cancel()
        guard let previous, task.head.method == .get else {
            return originFailed(
                OriginFailure(
                    status: 502,
                    detail: "origin-304",
                    message: "the origin sent 304 to an unconditional request"
                )
            )
        }
        let stored = previous.identity.head.fields
        if StoredHeadUpdate.applies(stored: stored, notModified: answer.head.fields),
            selectsAlike(stored, answer.head.fields)
        {
            return freshen(previous, by: answer, now: now)
        }
        self.previous = nil
        mayServeStale = false
        mayServeStaleAlone = false
        ask()
    }

    /// What a bucket answers depends on the key alone, whatever its Vary says.
    private func selectsAlike(_ stored: FieldList, _ update: FieldList) -> Bool {
        fill.site.isBucket || StoredHeadUpdate.selectsAlike(stored: stored, update: update)
    }

    /// RFC 9111, section 3.2; rule N3.
    private func freshen(_ previous: Resource, by answer: OriginAnswer, now: Int64) {
        context.counters.add(.originNotModified)
        let old = previous.identity.head
        let fields = StoredHeadUpdate.merging(stored: old.fields, notModified: answer.head.fields)
        var entry = renewed(previous, fields: fields, tags: answer.tags, now: now)
        if let why = refusalToStore(entry) {
            return withdraw(previous, for: entry, why: why, now: now)
        }
        entry.prepareForms(at: fill.site)
        complete(
            context.freshen(
                previous,
                head: entry.storedHead(bodyLength: old.bodyLength),
                generation: generation,
                mark: fill.mark
            ),
            .origin(reason, status: 304, nil)
        )
    }

    /// The 304 has brought directives that forbid to keep the entry, or to share it.
    private func withdraw(_ previous: Resource, for entry: PendingEntry, why: NoStoreReason, now: Int64) {
        context.reasons.note(.rule(why), fill.key, at: fill.site)
        let isExclusive = !fill.site.isBucket
        if !why.isRequestsOwn {
            context.store.remove(fill.key)
            if isExclusive { context.hitForMiss.remember(fill.key.hash, now: now) }
        }
        let identity = previous.identity
        // A name of its own: a coded form of it must never be taken for one of the entry, which others get.
        let given = Representation(
            generation: generation,
            mark: fill.mark,
            variant: identity.variant,
            head: entry.storedHead(bodyLength: identity.head.bodyLength),
            body: identity.body
        )
        complete(
            Resource(key: fill.key, identity: given),
            .origin(reason, status: 304, .rule(why)),
            exclusive: isExclusive
        )
    }

    /// What the answer takes the place of must not come back when the origin fails later (RFC 9111, section 4.3.3).
    func supersede(by status: Int, _ why: NoStoreReason) {
        guard previous != nil, status < 500, !why.isRequestsOwn else { return }
        previous = nil
        context.store.remove(fill.key)
    }

    /// The answer to a HEAD may say that what is stored holds, or that it does not (RFC 9111, section 4.3.5; rule N3).
    func learn(from answer: OriginAnswer, now: Int64) {
        guard let previous, task.purpose != .relay else { return }
        let old = previous.identity.head
        guard selectsAlike(old.fields, answer.head.fields) else { return }
        let outcome = StoredHeadUpdate.afterHead(stored: old.fields, bodyLength: old.bodyLength, answer: answer.head)
        switch outcome {
        case .unchanged: break
        case .invalidate: context.store.remove(fill.key)
        case .update(let fields):
            // Without a validator it may be another one that happens to be as long.
            guard answer.head.fields.contains(.etag) || answer.head.fields.contains(.lastModified) else { return }
            var entry = renewed(previous, fields: fields, tags: answer.tags, now: now)
            if let why = refusalToStore(entry, method: .get) {
                if !why.isRequestsOwn { context.store.remove(fill.key) }
                return
            }
            entry.prepareForms(at: fill.site)
            let head = entry.storedHead(bodyLength: old.bodyLength)
            _ = context.freshen(previous, head: head, generation: generation, mark: fill.mark)
        }
    }

    /// What is stored, with these fields, which the origin has just confirmed.
    private func renewed(_ previous: Resource, fields: FieldList, tags: [String], now: Int64) -> PendingEntry {
        let old = previous.identity.head
        var head = Self.received(ResponseHead(status: old.status, fields: fields), at: now)
        fill.site.rules?.strip(&head.fields, at: fill.key)
        let freshness = Freshness.of(
            head,
            requestTime: requestTime,
            responseTime: now,
            policy: fill.site.policy(for: fill.key)
        )
        var entry = PendingEntry(
            head: head,
            freshness: freshness,
            length: old.bodyLength,
            tags: tags.isEmpty ? old.tags : tags,
            variant: previous.identity.variant
        )
        entry.restrict()
        return entry
    }
}
