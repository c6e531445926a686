import CachingRules
import HTTPWire

extension CacheFolder {
    /// Which objects are wanted. A value.
    public struct Filter: Sendable {
        /// Says of a site's id whether it is meant; nil: all.
        public var isSite: (@Sendable (String) -> Bool)?
        /// What the path begins with; nil: all.
        public var prefix: String?
        /// A tag that it carries; nil: all.
        public var tag: String?
        /// Dead records too.
        public var includesDead: Bool

        /// Everything that is live, unless told otherwise.
        public init(
            isSite: (@Sendable (String) -> Bool)? = nil,
            prefix: String? = nil,
            tag: String? = nil,
            includesDead: Bool = false
        ) {
            self.isSite = isSite
            self.prefix = prefix
            self.tag = tag
            self.includesDead = includesDead
        }

        func matches(_ key: CacheKey) -> Bool {
            if let prefix, !key.path.starts(with: prefix.utf8) { return false }
            return isSite?(String(decoding: key.site, as: UTF8.self)) ?? true
        }
    }

    /// What was met on the way. A value.
    public struct Notes: Sendable, Equatable {
        /// Records whose head does not hold.
        public var damaged = 0
        /// Segments that were given up meanwhile.
        public var vanished = 0
    }

    /// Hands over every object that is wanted, in the order in which they lie in the folder, those in blocks last; false
    /// ends it. Two passes: the first finds out which of several records is the current one.
    @discardableResult
    public func objects(
        _ filter: Filter = Filter(),
        _ body: (CachedObject) -> Bool
    ) throws(CacheFolderError) -> Notes {
        let scan = FolderScan(self)
        let index = try scan.index()
        var notes = Notes()
        var inBlocks: [(key: CacheKey, object: CachedObject)] = []
        var blocks: [[UInt8]: [UInt32: CachedObject.Place]] = [:]
        var isEnded = false
        try scan.headers { (header, place) throws(CacheFolderError) in
            let entry = index.slot(header.hash, coding: header.coding, variantTag: header.variantTag).map { index[$0] }
            let isCurrent = entry?.place == place
            // A head that is folded in is no line of its own.
            if !isCurrent, !filter.includesDead || entry?.headPlace == place { return true }
            guard let front = try scan.front(header, at: place) else {
                if isCurrent { notes.damaged += 1 }
                return true
            }
            guard let key = CacheKey(bytes: Array(front.bytes[header.keyRange]), hash: KeyHash(value: header.hash)),
                filter.matches(key)
            else { return true }
            let newer =
                isCurrent && entry?.headPlace != DiskIndex.Place.none
                ? try entry.flatMap { entry throws(CacheFolderError) in try scan.front(at: entry.headPlace) } : nil
            guard let object = object(front, newer, key, place, isCurrent: isCurrent) else {
                notes.damaged += 1
                return true
            }
            if key.isBlock {
                if object.state == .live, let (family, number) = Self.family(of: key) {
                    blocks[family, default: [:]][number] = object.place
                }
                return true
            }
            if let tag = filter.tag, !object.tags.contains(tag) { return true }
            if object.blocks != nil {
                inBlocks.append((key, object))
                return true
            }
            isEnded = !body(object)
            return !isEnded
        }
        for (key, found) in inBlocks where !isEnded {
            isEnded = !body(Self.joined(found, key, &blocks))
        }
        notes.vanished = scan.vanished.count
        return notes
    }

    /// An object in blocks with those that are there.
    private static func joined(
        _ found: CachedObject,
        _ key: CacheKey,
        _ blocks: inout [[UInt8]: [UInt32: CachedObject.Place]]
    ) -> CachedObject {
        var object = found
        guard let tag = found.fields.range(of: .etag).flatMap({ EntityTag(found.fields.bytes.span, $0) }),
            let family = BlockPrefix.bytes(number: 0, etag: Array(tag.opaque.utf8), before: key.bytes),
            found.state != .dead, found.state != .purged
        else { return object }
        let present = blocks.removeValue(forKey: family) ?? [:]
        object.blocks?.present = present
        let size = UInt64(CacheStore.blockBytes)
        for (number, place) in present {
            object.recordBytes += place.length
            let start = UInt64(number) * size
            if start < object.bodyLength { object.storedBytes += min(size, object.bodyLength - start) }
        }
        return object
    }

    /// What all blocks of one version of an object share, and this one's number.
    private static func family(of key: CacheKey) -> (family: [UInt8], number: UInt32)? {
        guard key.isBlock, key.bytes.count >= BlockPrefix.fixedBytes else { return nil }
        var bytes = key.bytes
        var number: UInt32 = 0
        for place in 1...4 {
            number = number << 8 | UInt32(bytes[place])
            bytes[place] = 0
        }
        return (bytes, number)
    }

    private func object(
        _ front: RecordReader.Front,
        _ newer: RecordReader.Front?,
        _ key: CacheKey,
        _ place: DiskIndex.Place,
        isCurrent: Bool
    ) -> CachedObject? {
        let header = front.header
        let newest = newer ?? front
        guard let head = HeadCodec.decode(newest.bytes.span, newest.header.headRange),
            let coding = Coding(rawValue: header.coding)
        else { return nil }
        let isHead = header.kind == .head
        let isInBlocks = !isHead && header.bodyLength == 0 && head.bodyLength > 0
        let mark = PurgeMark(log: newest.header.log, number: newest.header.purgeNumber)
        let stored = isInBlocks ? 0 : header.bodyLength
        return CachedObject(
            site: String(decoding: key.site, as: UTF8.self),
            path: String(decoding: key.path, as: UTF8.self),
            query: key.query.map { String(decoding: $0, as: UTF8.self) },
            variant: String(decoding: front.bytes[header.variantRange], as: UTF8.self),
            coding: coding,
            state: isCurrent ? state(mark, key, head.tags) : .dead,
            isHeadOnly: isHead,
            status: head.status,
            fields: head.fields,
            tags: head.tags,
            freshness: head.freshness,
            bodyLength: isInBlocks || isHead ? head.bodyLength : UInt64(header.bodyLength),
            storedBytes: UInt64(stored),
            recordBytes: header.length + (newer?.header.length ?? 0),
            generation: header.generation,
            purgeNumber: newest.header.purgeNumber,
            timeWritten: newest.header.timeWritten,
            place: CachedObject.Place(segment: place.segment, offset: place.offset, length: header.length),
            blocks: isInBlocks
                ? CachedObject.Blocks(count: Int(CacheStore.blockCount(head.bodyLength)), present: [:]) : nil
        )
    }

    /// What the purges that the folder knows of say.
    private func state(_ mark: PurgeMark, _ key: CacheKey, _ tags: [String]) -> CachedObject.State {
        guard let epochs else { return .live }
        return switch epochs.judge(mark, key: key, tags: tags) {
        case .live: .live
        case .softPurged: .softPurged
        case .unconfirmed: .unconfirmed
        case .dead: .purged
        }
    }
}
