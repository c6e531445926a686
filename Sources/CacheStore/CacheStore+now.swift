import CachingRules
import NIOCore

/// What the disk has of a key without waiting. A value.
public enum LoadedNow: Sendable {
    /// All of it was in the page cache.
    case found(Resource)
    /// It is on disk and would have to be waited for, or is too much for an event loop: see
    /// ``CacheStore/loadFromDisk(_:on:_:)``.
    case notNow
    /// The disk has nothing of it that may be used.
    case miss
}

extension CacheStore {
    /// Reads what the disk has of the key if the page cache has all of it: synchronously, without waiting for a device, and
    /// every checksum verified. For what memory does not have; an event loop may call it for each request.
    public func loadNow(hash: KeyHash, key bytes: Span<UInt8>) -> LoadedNow {
        guard let disk = disk(hash), let reserved = reserve() else { return .miss }
        defer { reserved.end() }
        switch disk.readNow(hash, bytes, with: reserved) {
        case .miss: return .miss
        case .notNow: return .notNow
        case .forms(let forms, let isSecond):
            guard let key = CacheKey(bytes: Array(copying: bytes.bytes), hash: hash),
                let loaded = living(forms, key: key, disk)
            else { return .miss }
            if isSecond || isWorthMemory(loaded) {
                return promote(loaded, reserved, disk).map { .found($0) } ?? .miss
            }
            // What answers under way hold may exceed the limit by a little: making room for each would empty the tier.
            if budget.claimed > budget.limit + budget.limit / StoreLimits.transientShare { memory.makeRoom() }
            return .found(loaded)
        }
    }

    /// What the page cache has is cheap to read again, so that it does not drive out what memory has on its first read. It
    /// comes in where there is room, and where it is but the head of an object in blocks.
    private func isWorthMemory(_ loaded: Resource) -> Bool {
        loaded.identity.body.isInBlocks || budget.used + loaded.ownBytes <= budget.limit
    }

    /// Brings into memory, from the page cache, what the disk has of a key of which memory has nothing: before it is changed,
    /// by a 304 or by a coded form beside it. It may have been read for one answer alone.
    public func keepInMemory(_ key: CacheKey) {
        guard let disk = disk(key.hash), memory.shard(key.hash.value).peek(key) == nil, let reserved = reserve(),
            case .forms(let forms, _) = disk.readNow(key.hash, key.bytes.span, with: reserved),
            let loaded = living(forms, key: key, disk)
        else { return }
        _ = promote(loaded, reserved, disk)
    }

    /// The forms that no purge has killed, as a resource.
    func living(_ forms: [Representation], key: CacheKey, _ disk: DiskTier) -> Resource? {
        if let all = Resource(key: key, representations: forms) {
            let hasDead = forms.contains { $0.coding == .identity && epochs.isDead($0, key: key) }
            if !hasDead { return all }
            if let some = all.keeping({ !epochs.isDead($0, key: key) }) { return some }
        }
        // Dead for good: it is not read again.
        if let newest = forms.map(\.generation).max() { disk.drop(key.hash.value, below: newest + 1) }
        return nil
    }

    /// Puts into memory what was read; what came there meanwhile is as new, or newer, and is what counts. nil: something
    /// newer has come and gone, or it was removed, while this was read.
    func promote(_ read: Resource, _ reserved: Reservation, _ disk: DiskTier) -> Resource? {
        let key = read.key
        // There was no room for a body: in the tier, its place on disk would stand for it when there is room again.
        let isLeftOnDisk = read.representations.contains { $0.body.disk.map(disk.isForMemory) ?? false }
        if isLeftOnDisk { return disk.holds(key.hash.value, generation: read.identity.generation) ? read : nil }
        let loaded = inUnits(read, reserved)
        switch memory.update(key, reserved: reserved, { $0 == nil ? loaded : nil }) {
        case .unchanged: return lookup(hash: key.hash, key: key.bytes.span)
        case .tooLarge, .noRoom, .notAdmitted:
            return disk.holds(key.hash.value, generation: loaded.identity.generation) ? loaded : nil
        case .done:
            if disk.holds(key.hash.value, generation: loaded.identity.generation) { return loaded }
            memory.remove(key) { $0 === loaded }
            return nil
        }
    }
    /// With bodies that are slices of a whole record copied into pieces as all others have them: long ones from `malloc` are a
    /// mapping each.
    private func inUnits(_ resource: Resource, _ reserved: Reservation) -> Resource {
        func isLong(_ form: Representation) -> Bool {
            form.body.pieces.contains { $0.storageCapacity > BodyPieces.pieceBytes }
        }
        guard resource.representations.contains(where: isLong) else { return resource }
        let forms = resource.representations.map { form in
            guard isLong(form) else { return form }
            let pieces = form.body.pieces.flatMap { piece in
                BodyPieces.split(piece) { BodyPieces.copy(of: $0, for: .body(reserved)) ?? $0 }
            }
            return Representation(
                coding: form.coding,
                generation: form.generation,
                mark: form.mark,
                variant: form.variant,
                head: form.head,
                body: reserved.body(of: pieces)
            )
        }
        return Resource(key: resource.key, representations: forms) ?? resource
    }
}
