extension CacheFolder {
    /// Something that is wrong with a record or a file. A value.
    public struct Finding: Sendable, Equatable {
        /// How bad it is. A value.
        public enum Kind: String, Sendable {
            /// A live record that a read would drop.
            case damaged
            /// A record that was dead anyway.
            case damagedDead = "damaged-dead"
            /// The end of a file that a crash, or a writer at work, has left unfinished.
            case tornTail = "torn-tail"
        }

        /// How bad it is.
        public var kind: Kind
        /// The segment's file name.
        public var file: String
        /// Bytes from the file's beginning.
        public var offset: Int
        /// Bytes from there that it concerns.
        public var length: Int
        /// Site and target of the object; nil where the key cannot be read.
        public var key: String?
        /// What does not hold.
        public var what: String
    }

    /// What a verification has seen. A value.
    public struct Verification: Sendable, Equatable {
        /// Segments that were there.
        public var segments = 0
        /// Live records with every checksum right.
        public var live = 0
        /// Dead records with every checksum right.
        public var dead = 0
        /// Findings that are damage.
        public var damaged = 0
        /// Damage in records that were dead anyway.
        public var damagedDead = 0
        /// Files without a proper end.
        public var tornTails = 0
        /// Segments that were given up meanwhile.
        public var vanished = 0
        /// Bytes read.
        public var bytes = 0
    }

    /// Verifies every checksum of every record: headers, heads, every block of every body. `progress` gets the bytes done
    /// and all bytes, about every mebibyte.
    public func verify(
        progress: @escaping (Int, Int) -> Void = { _, _ in },
        _ found: @escaping (Finding) -> Void
    ) throws(CacheFolderError) -> Verification {
        let scan = FolderScan(self)
        var verifier = FolderVerifier(scan: scan, total: bytes, progress: progress, found: found)
        for sequence in segments {
            guard let (segment, end) = try scan.segment(sequence) else { continue }
            verifier.verify(segment, end)
        }
        verifier.result.vanished = scan.vanished.count
        return verifier.result
    }
}

/// One run of ``CacheFolder/verify(progress:_:)``. A value; confined to it.
private struct FolderVerifier {
    let scan: FolderScan
    let total: Int
    let progress: (Int, Int) -> Void
    let found: (CacheFolder.Finding) -> Void
    var result = CacheFolder.Verification()
    private var shown = 0

    init(
        scan: FolderScan,
        total: Int,
        progress: @escaping (Int, Int) -> Void,
        found: @escaping (CacheFolder.Finding) -> Void
    ) {
        self.scan = scan
        self.total = total
        self.progress = progress
        self.found = found
    }

    private var io: SystemDiskIO { scan.folder.io }

    mutating func verify(_ segment: Segment, _ end: Int) {
        result.segments += 1
        var offset = SegmentHeader.bytes
        while offset < end {
            if let header = header(segment, offset, end) {
                verify(header, segment, offset)
                offset += header.length
                continue
            }
            // Damage, if a record follows; else the file was never finished.
            let next = nextRecord(segment, after: offset, end)
            let kind: CacheFolder.Finding.Kind = next == nil ? .tornTail : .damaged
            tell(kind, segment, offset, (next ?? end) - offset, nil, next == nil ? "unfinished end" : "record header")
            offset = next ?? end
        }
    }

    private mutating func verify(_ header: RecordHeader, _ segment: Segment, _ offset: Int) {
        let key: String?
        let problem: String?
        let place = DiskIndex.Place(segment: segment.sequence, units: UInt32(offset / RecordHeader.alignment))
        if let front = try? scan.front(header, at: place) {
            let bytes = Array(front.bytes[header.keyRange])
            let hash = KeyHash(value: scan.folder.hasher.hash(bytes.span))
            key = CacheKey(bytes: bytes, hash: hash).map(Self.text)
            problem = hash.value != header.hash ? "key does not belong to its hash" : badBlock(front, segment, offset)
        } else {
            key = nil
            problem = "head"
        }
        advance(header.frontLength)
        // It may have been killed meanwhile.
        let isLive = header.isLive && (self.header(segment, offset, offset + header.length)?.isLive ?? true)
        guard let problem else {
            if isLive { result.live += 1 } else { result.dead += 1 }
            return
        }
        tell(isLive ? .damaged : .damagedDead, segment, offset, header.length, key, problem)
    }

    /// What is wrong with the body; nil: nothing.
    private mutating func badBlock(_ front: RecordReader.Front, _ segment: Segment, _ offset: Int) -> String? {
        let header = front.header
        let sums = front.blockSums
        for block in 0..<header.blocks {
            let start = block * StoreLimits.blockBytes
            let count = min(StoreLimits.blockBytes, header.bodyLength - start)
            let at = offset + header.frontLength + start
            guard let bytes = try? io.readBytes(segment.file.descriptor, count, at: at, path: segment.file.path) else {
                return "block \(block + 1) of \(header.blocks) cannot be read"
            }
            guard block < sums.count, bytes.count == count, CRC32C.of(bytes.span) == sums[block] else {
                return "block \(block + 1) of \(header.blocks)"
            }
            advance(count)
        }
        return nil
    }

    private func header(_ segment: Segment, _ offset: Int, _ end: Int) -> RecordHeader? {
        guard offset + RecordHeader.bytes <= end,
            let bytes = try? io.readBytes(
                segment.file.descriptor,
                RecordHeader.bytes,
                at: offset,
                path: segment.file.path
            ), let header = RecordHeader(bytes), header.length <= end - offset
        else { return nil }
        return header
    }

    /// The next place at which a whole record of this store begins: its header and its front hold, and its key has its hash.
    private func nextRecord(_ segment: Segment, after start: Int, _ end: Int) -> Int? {
        let window = 1 << 20
        var from = start + RecordHeader.alignment
        while from < end {
            guard let bytes = try? io.readBytes(segment.file.descriptor, window, at: from, path: segment.file.path)
            else {
                return nil
            }
            for place in stride(from: 0, to: bytes.count - 3, by: RecordHeader.alignment) {
                let magic: UInt32 = ByteReader.number(bytes, at: place)
                guard magic == RecordHeader.magic, let header = header(segment, from + place, end) else { continue }
                let units = UInt32((from + place) / RecordHeader.alignment)
                guard let front = try? scan.front(header, at: .init(segment: segment.sequence, units: units)),
                    scan.folder.hasher.hash(front.bytes.span.extracting(header.keyRange)) == header.hash
                else { continue }
                return from + place
            }
            from += window
        }
        return nil
    }

    private mutating func tell(
        _ kind: CacheFolder.Finding.Kind,
        _ segment: Segment,
        _ offset: Int,
        _ length: Int,
        _ key: String?,
        _ what: String
    ) {
        switch kind {
        case .damaged: result.damaged += 1
        case .damagedDead: result.damagedDead += 1
        case .tornTail: result.tornTails += 1
        }
        let file = SegmentHeader.name(segment.sequence)
        found(CacheFolder.Finding(kind: kind, file: file, offset: offset, length: length, key: key, what: what))
    }

    private mutating func advance(_ bytes: Int) {
        result.bytes += bytes
        if result.bytes - shown >= 1 << 20 {
            shown = result.bytes
            progress(min(result.bytes, total), total)
        }
    }

    private static func text(_ key: CacheKey) -> String {
        let block = key.isBlock ? " (a block)" : ""
        let query = key.query.map { "?" + String(decoding: $0, as: UTF8.self) } ?? ""
        return String(decoding: key.site, as: UTF8.self) + String(decoding: key.path, as: UTF8.self) + query + block
    }
}
