public import NIOCore

/// A body that is on disk only: read part by part, every checksum verified before a byte is handed out. An immutable
/// snapshot; it keeps its segment file open, so that it stays readable when the segment is given up meanwhile.
public final class DiskBody: Sendable {
    /// All of the body, in bytes.
    public let length: UInt64
    private let tier: DiskTier
    private let found: DiskTier.Found
    private let key: CacheKey
    /// Where the body begins in the file.
    private let start: Int
    /// One checksum for each block.
    private let sums: [UInt32]

    /// The most that is read at once, in bytes.
    public static let readBytes = StoreLimits.largeBlockBytes

    init(tier: DiskTier, found: DiskTier.Found, key: CacheKey, offset: Int, length: Int, sums: [UInt32]) {
        self.tier = tier
        self.found = found
        self.key = key
        start = offset
        self.length = UInt64(length)
        self.sums = sums
    }

    var memoryBytes: Int { 256 + sums.capacity * 4 }

    /// Reads `length` bytes from `offset` on (both cut to the body's end; at most ``readBytes`` at a time): at once when they
    /// are few and the page cache has them, else on an I/O thread. Call on `eventLoop`; `completion` runs there, once, perhaps
    /// before this returns. nil: damaged, unreadable or no memory for it; break the answer. What is read counts in the
    /// store's budget for as long as it is held.
    public func read(
        offset: UInt64,
        length: Int,
        on eventLoop: any EventLoop,
        _ completion: @escaping (ByteBuffer?) -> Void
    ) {
        if length <= StoreLimits.readNowBytes {
            do throws(RecordReader.Failure) {
                return completion(try part(offset: offset, length: length, now: true))
            } catch {
                if case .damaged = error { return completion(failed(error)) }
            }
        }
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        tier.submit { canRead in
            let part = canRead ? self.read(offset: offset, length: length) : nil
            eventLoop.execute { bound.value(part) }
        }
    }

    /// The same, on this thread.
    func read(offset: UInt64, length: Int) -> ByteBuffer? {
        do throws(RecordReader.Failure) {
            return try part(offset: offset, length: length, now: false)
        } catch {
            return failed(error)
        }
    }

    private func part(offset: UInt64, length wanted: Int, now: Bool) throws(RecordReader.Failure) -> ByteBuffer? {
        guard offset <= length, wanted >= 0 else { return nil }
        let from = Int(offset)
        let to = from + min(wanted, Self.readBytes, Int(length) - from)
        guard to > from else { return ByteBuffer() }
        let block = StoreLimits.blockBytes
        let first = from / block
        let alignedEnd = min(Int(length), (to + block - 1) / block * block)
        let whole = try tier.reader.piece(
            alignedEnd - first * block,
            sums[first...],
            found.segment,
            at: start + first * block,
            for: .connection(tier.memory.budget),
            now: now
        )
        tier.memory.makeRoom()
        return whole.getSlice(at: whole.readerIndex + from - first * block, length: to - from)
    }

    private func failed(_ failure: RecordReader.Failure) -> ByteBuffer? {
        if case .io = failure { tier.noteReadError() }
        if case .damaged(let what) = failure {
            tier.dropDamaged(found.entry, why: what)
            tier.memory.remove(key) { resource in
                resource.representations.contains { $0.body.disk === self }
            }
        }
        return nil
    }
}
