import CacheStore
import CachingRules
import ContentCoding
import HTTPWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Telemetry

/// Makes compressed forms of entries, off the event loops, each once. Thread-safe: the jobs under way are under a lock.
///
/// A form takes the generation and the purge mark of the entry it is made of, and is attached only while that
/// generation is the stored one (rule N4).
final class FormMaker: Sendable {
    /// The codings that this edge makes.
    static let codings: CodingSet = [.identity, .gzip, .br]

    private struct Job: Hashable {
        let generation: UInt64
        let key: KeyHash
        let coding: Coding
    }

    private struct Waiter: Sendable {
        let loop: any EventLoop
        let completion: NIOLoopBound<(Resource?) -> Void>
    }

    private let store: CacheStore
    private let pool: NIOThreadPool
    private let counters: Counters<EdgeCounter>
    private let logger: Logger
    private let queue = NIOLockedValueBox(Queue())

    private struct Queue {
        var jobs: [Job: [Waiter]] = [:]
        /// Of the bodies that the jobs hold, which the cache may have let go of meanwhile.
        var bytes: UInt64 = 0
    }

    init(store: CacheStore, pool: NIOThreadPool, counters: Counters<EdgeCounter>, logger: Logger) {
        self.store = store
        self.pool = pool
        self.counters = counters
        self.logger = logger
    }

    /// Makes the form, unless it is being made already.
    func make(_ coding: Coding, of resource: Resource) {
        start(coding, resource, waiter: nil)
    }

    /// Makes the form and calls `completion` on `loop` with the resource that has it; nil: it could not be made, or is
    /// not worth having.
    func make(
        _ coding: Coding,
        of resource: Resource,
        on loop: any EventLoop,
        _ completion: @escaping (Resource?) -> Void
    ) {
        let waiter = Waiter(loop: loop, completion: NIOLoopBound(completion, eventLoop: loop))
        if !start(coding, resource, waiter: waiter) { completion(nil) }
    }

    /// False: too many jobs wait already.
    @discardableResult
    private func start(_ coding: Coding, _ resource: Resource, waiter: Waiter?) -> Bool {
        let job = Job(generation: resource.identity.generation, key: resource.key.hash, coding: coding)
        enum Admission { case refused, joined, new }
        let length = resource.identity.body.length
        let admission: Admission = queue.withLockedValue { queue in
            if queue.jobs[job] != nil {
                if let waiter { queue.jobs[job]?.append(waiter) }
                return .joined
            }
            guard queue.jobs.count < Limits.formQueue, queue.bytes + length <= Limits.formQueueBytes else {
                return .refused
            }
            queue.jobs[job] = waiter.map { [$0] } ?? []
            queue.bytes += length
            return .new
        }
        guard admission == .new else { return admission == .joined }
        pool.submit { state in
            let made = state == .active ? self.encode(resource, coding) : nil
            let waiters = self.queue.withLockedValue { queue in
                queue.bytes -= length
                return queue.jobs.removeValue(forKey: job) ?? []
            }
            for waiter in waiters {
                waiter.loop.execute { waiter.completion.value(made) }
            }
        }
        return true
    }

    /// On a thread of the pool.
    private func encode(_ resource: Resource, _ coding: Coding) -> Resource? {
        let identity = resource.identity
        if let stored = stored(resource, with: coding) { return stored }
        guard case .memory(let pieces) = identity.body.location else {
            identity.decline(coding)
            return nil
        }
        do {
            let level = CompressionLevels.fast.level(for: coding)
            guard let encoded = try Compressor.encode(pieces, coding: coding, level: level) else {
                identity.decline(coding)
                counters.add(.compressedDropped)
                return nil
            }
            counters.add(coding == .br ? .compressedBrotli : .compressedGzip)
            let head = Self.head(
                of: identity.head,
                coding,
                level: level,
                length: encoded.reduce(0) { $0 + UInt64($1.readableBytes) }
            )
            // It may have been read from disk for one answer.
            store.keepInMemory(resource.key)
            // Not attached when there is no room for it, or the entry was replaced meanwhile: then the form is right for those
            // who wait all the same.
            let form = store.attach(head, coding, of: identity, bytes: encoded, key: resource.key)
            return Resource(key: resource.key, identity: identity, derived: [form])
        } catch {
            logger.error("compression failed", metadata: ["coding": "\(coding.token)", "error": "\(error)"])
            identity.decline(coding)
            return nil
        }
    }

    /// Readers of one fill share a snapshot that has no forms: the first of them may have had this one made and attached
    /// before the next was told that the fill is complete.
    private func stored(_ resource: Resource, with coding: Coding) -> Resource? {
        let key = resource.key
        guard let stored = store.lookup(hash: key.hash, key: key.bytes.span),
            stored.identity.generation == resource.identity.generation,
            stored.representation(for: coding) != nil
        else { return nil }
        return stored
    }

    /// The head of a coded form: its own length and entity tag, and the coding (RFC 9110, sections 8.4 and 8.8.3).
    static func head(of identity: StoredHead, _ coding: Coding, level: Int, length: UInt64) -> StoredHead {
        var fields = withoutDigests(identity.fields)
        fields.set(.contentEncoding, coding.token)
        if let etag = identity.etag {
            fields.set(.etag, etag.derived(coding: coding, level: level).text)
        }
        return StoredHead(
            status: identity.status,
            fields: fields,
            freshness: identity.freshness,
            bodyLength: length,
            tags: identity.tags
        )
    }

    /// Digests are those of the identity form's bytes (RFC 9530, sections 2 and 3; RFC 3230).
    private static func withoutDigests(_ fields: FieldList) -> FieldList {
        var fields = fields
        fields.removeAll { field, list in
            let bytes = list.bytes.span
            switch field.name {
            case .contentMD5: return true
            case .other:
                return bytes.matches(field.nameRange, lowercase: "content-digest")
                    || bytes.matches(field.nameRange, lowercase: "repr-digest")
                    || bytes.matches(field.nameRange, lowercase: "digest")
            default: return false
            }
        }
        return fields
    }

    /// The head of a form whose parent has got `parent` from a 304: the form keeps its coding, length and entity tag.
    static func freshenedHead(of form: StoredHead, from parent: StoredHead) -> StoredHead {
        var fields = withoutDigests(parent.fields)
        if let coding = form.fields[.contentEncoding] { fields.set(.contentEncoding, coding) }
        if let etag = form.fields[.etag] { fields.set(.etag, etag) }
        return StoredHead(
            status: parent.status,
            fields: fields,
            freshness: parent.freshness,
            bodyLength: form.bodyLength,
            tags: parent.tags
        )
    }
}
