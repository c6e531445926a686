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
    /// Bytes read so far.
    private(set) var bytesRead = 0

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
    func bytes(at offset: Int, _ wanted: Int) throws(DiskError) -> UnsafeRawBufferPointer? {
        guard wanted <= Self.most, offset >= 0 else { return nil }
        if offset < start || offset + wanted > start + count {
            start = offset / Self.alignment * Self.alignment
            count = 0
            while count < Self.windowBytes, offset + wanted > start + count {
                // After a short read that is not a whole number of blocks, direct reading cannot go on in the middle.
                let from = count / Self.alignment * Self.alignment
                let rest = UnsafeMutableRawBufferPointer(rebasing: window[from...])
                let got = try io.readPastCache(file, into: rest, at: start + from, path: path)
                bytesRead += max(0, from + got - count)
                guard from + got > count else { break }
                count = from + got
            }
        }
        guard offset + wanted <= start + count else { return nil }
        return UnsafeRawBufferPointer(rebasing: window[(offset - start)..<(offset - start + wanted)])
    }
}
