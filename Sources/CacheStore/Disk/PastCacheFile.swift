import Glibc

/// Reads a file from front to back in large aligned pieces without leaving a trace in the page cache: see
/// ``DiskIO/readPastCache(_:into:at:path:)``. Confined to one thread.
///
/// Unsafe pointer: `window` is allocated with the object and freed with it; what ``bytes(at:_:)`` returns is valid until
/// the next call.
final class PastCacheFile {
    static let alignment = 4096
    static let windowBytes = 1 << 20
    /// The most that ``bytes(at:_:)`` gives at once.
    static let most = windowBytes - alignment

    let path: String
    private let io: any DiskIO
    private let file: Int32
    private let window: UnsafeMutableRawBufferPointer
    private var start = 0
    private var count = 0
    /// Before this offset, only what is asked for is read: a window that began earlier could not be read as a whole.
    private var narrowEnd = 0
    /// Bytes read so far.
    private(set) var bytesRead = 0
    /// Reads so far that were refused also when nothing but what was asked for was read.
    private(set) var failures = 0

    init(_ path: String, io: any DiskIO) throws(DiskError) {
        self.path = path
        self.io = io
        file = try io.openPastCache(path)
        window = .allocate(byteCount: Self.windowBytes, alignment: Self.alignment)
    }

    deinit {
        io.close(file)
        window.deallocate()
    }

    /// `wanted` bytes from `offset` on; nil when the file ends before.
    ///
    /// A direct read fails as a whole when one sector in it does. So after a refusal it is the blocks that `wanted` lies in
    /// that are read, and an error says that one of those is bad.
    func bytes(at offset: Int, _ wanted: Int) throws(DiskError) -> UnsafeRawBufferPointer? {
        guard wanted <= Self.most, offset >= 0 else { return nil }
        if offset < start || offset + wanted > start + count {
            if offset >= narrowEnd {
                do throws(DiskError) {
                    try fill(offset, wanted, most: Self.windowBytes)
                } catch {
                    narrowEnd = start + Self.windowBytes
                }
            }
            if offset < narrowEnd { try fillNarrowly(offset, wanted) }
        }
        guard offset + wanted <= start + count else { return nil }
        return UnsafeRawBufferPointer(rebasing: window[(offset - start)..<(offset - start + wanted)])
    }

    private func fillNarrowly(_ offset: Int, _ wanted: Int) throws(DiskError) {
        let blocks = (offset % Self.alignment + wanted + Self.alignment - 1) / Self.alignment
        do throws(DiskError) {
            try fill(offset, wanted, most: blocks * Self.alignment)
        } catch {
            failures += 1
            throw error
        }
    }

    /// Reads `most` bytes at most, from the block that `offset` lies in; after an error the window is empty.
    private func fill(_ offset: Int, _ wanted: Int, most: Int) throws(DiskError) {
        start = offset / Self.alignment * Self.alignment
        count = 0
        var filled = 0
        while filled < most, offset + wanted > start + filled {
            // After a short read that is not a whole number of blocks, direct reading cannot go on in the middle.
            let from = filled / Self.alignment * Self.alignment
            let rest = UnsafeMutableRawBufferPointer(rebasing: window[from..<most])
            let got = try io.readPastCache(file, into: rest, at: start + from, path: path)
            bytesRead += max(0, from + got - filled)
            guard from + got > filled else { break }
            filled = from + got
        }
        count = filled
    }
}
