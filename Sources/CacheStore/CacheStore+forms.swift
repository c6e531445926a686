public import CachingRules
public import NIOCore

extension CacheStore {
    /// The resource in memory with this key; counts as a use. Memory only, and allocates nothing.
    ///
    /// A resource of which no form survived a hard purge is dropped here and not returned. Where there are variants, or a
    /// soft purge or another log may matter, ask ``PurgeEpochs/state(of:key:)`` about the form that is going to be sent.
    public func lookup(hash: KeyHash, key: Span<UInt8>) -> Resource? {
        guard let found = memory.shard(hash.value).find(hash.value, key) else { return nil }
        let resource = found.resource
        if found.isSecondRequest {
            resource.representations.forEach { _ = disk(resource.key.hash)?.write($0, key: resource.key) }
        }
        if epochs.isDead(resource.identity, key: resource.key) { return withoutDead(resource) }
        return resource
    }

    /// Stores an identity form in memory, and on disk when it is admitted there.
    ///
    /// Refused when a purge has come since its mark was taken, and when what is stored was asked of the origin later.
    /// Forms derived from what it replaces go. `reserved`: what its body was made with; it ends here, whatever the outcome.
    /// `memoryOnly`: not worth a place on disk; what is there under the key goes all the same.
    public func insert(
        _ form: Representation,
        key: CacheKey,
        reserved: Reservation? = nil,
        memoryOnly: Bool = false
    ) -> InsertOutcome {
        guard form.coding == .identity, epochs.judge(form.mark, key: key, tags: form.head.tags) != .dead else {
            reserved?.end()
            return .refused(.purged)
        }
        let disk = disk(key.hash)
        let admission =
            memoryOnly ? .never : disk?.admission(key.hash.value, bodyLength: form.body.recordBytes) ?? .never
        // First on disk: once it is in memory, nobody may read the older one from there.
        let tag = form.variant.isEmpty ? nil : form.variantTag
        if let disk, !disk.drop(key.hash.value, below: form.generation + 1, variantTag: tag) {
            reserved?.end()
            return .refused(.superseded)
        }
        let outcome = memory.update(key, reserved: reserved, awaitsDisk: admission == .onSecondRequest) { present in
            guard let present else { return Resource(key: key, representations: [form]) }
            let same = present.representation(for: .identity, variant: form.variant)
            if let same, same.generation > form.generation { return nil }
            return present.inserting(form)
        }
        switch outcome {
        case .done(let resource):
            if admission != .now || disk?.write(form, key: key) != true {
                // An older one that was asked for a second time before memory had this one may be on its way.
                disk?.drop(key.hash.value, below: form.generation, variantTag: tag)
            }
            return .stored(resource)
        case .unchanged: return .refused(.superseded)
        case .tooLarge, .noRoom, .notAdmitted:
            // What it was to replace is out of date all the same.
            memory.remove(key) { $0.identity.generation < form.generation }
            if admission == .now, disk?.write(form, key: key) == true { return .diskOnly }
            switch outcome {
            case .noRoom: return .refused(.noRoom)
            case .notAdmitted: return .refused(.notAdmitted)
            default: return .refused(.tooLarge)
            }
        }
    }

    /// A 304: the body of `generation` stays, under a new head and with the mark taken before the revalidation was sent.
    ///
    /// `derivedHead` makes the new head of each coded form; forms for which it gives nil are dropped. nil, and nothing is
    /// changed, when that generation is not in memory any more or a hard purge has killed it (rule N3: no 304 revives it).
    public func freshen(
        _ key: CacheKey,
        generation: UInt64,
        head: StoredHead,
        mark: PurgeMark,
        derivedHead: (Representation) -> StoredHead? = { _ in nil }
    ) -> Resource? {
        let outcome = memory.update(key) { present in
            guard let present,
                let form = present.representations.first(where: { $0.generation == generation }),
                epochs.judge(form.mark, key: key, tags: form.head.tags) != .dead
            else { return nil }
            return present.replacing(generation: generation) { form in
                if form.coding == .identity { return form.freshened(head: head, mark: mark) }
                return derivedHead(form).map { form.freshened(head: $0, mark: mark) }
            }
        }
        guard case .done(let resource) = outcome else { return nil }
        disk(key.hash)?.freshen(resource.representations.filter { $0.generation == generation }, key: key)
        return resource
    }

    /// Adds a coded form beside its parent, if the parent's generation is still the one stored (rule N4). It takes the
    /// place of a form of the same coding. `reserved`: what its body was made with; it ends here.
    public func attach(_ form: Representation, key: CacheKey, reserved: Reservation? = nil) -> Bool {
        let outcome = memory.update(key, reserved: reserved) { $0?.attaching(form) }
        guard case .done(let resource) = outcome else { return false }
        if let stored = resource.representation(for: form.coding, variant: form.variant) {
            disk(key.hash)?.attach(stored, key: key)
        }
        return true
    }

    /// Makes a coded form of `parent` and adds it beside it if there is room for its bytes, which are copied.
    public func attach(
        _ head: StoredHead,
        _ coding: Coding,
        of parent: Representation,
        bytes: [ByteBuffer],
        key: CacheKey
    ) -> Representation {
        func form(_ body: StoredBody) -> Representation {
            Representation(derivedFrom: parent, coding: coding, head: head, body: body)
        }
        guard let reserved = reserve(bytes.reduce(0) { $0 + $1.readableBytes }) else {
            return form(StoredBody(pieces: bytes))
        }
        for part in bytes { _ = reserved.append(part) }
        let made = form(reserved.body())
        _ = attach(made, key: key, reserved: reserved)
        return made
    }

    /// Forgets everything stored under the key, in memory and on disk.
    public func remove(_ key: CacheKey) {
        disk(key.hash)?.drop(key.hash.value)
        memory.remove(key)
    }

    /// An unsafe method has changed the URL (RFC 9111, section 4.4): forgets what is stored under the key, and kills what
    /// is being filled, by an epoch and on disk.
    public func invalidate(_ key: CacheKey) {
        epochs.invalidate(
            .url(
                site: String(decoding: key.site, as: UTF8.self),
                path: Array(key.path),
                query: key.query.map(Array.init)
            )
        )
        for form in memory.shard(key.hash.value).peek(key)?.representations ?? [] {
            guard form.body.isInBlocks, let etag = form.head.etag else { continue }
            removeBlocks(of: key, etag: etag, length: form.body.length)
        }
        remove(key)
    }

    /// Drops the variants that a purge has killed; returns what is left.
    private func withoutDead(_ resource: Resource) -> Resource? {
        let key = resource.key
        guard let living = resource.keeping({ !epochs.isDead($0, key: key) }) else {
            memory.remove(key) { $0 === resource }
            return nil
        }
        if case .done(let stored) = memory.update(key, { $0 === resource ? living : nil }) { return stored }
        return living
    }
}
