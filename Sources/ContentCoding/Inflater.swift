internal import CZlib
internal import CachingRules
internal import NIOCore

/// zlib's decoder for gzip, several members included (RFC 1952, section 2.2). Loop-confined.
///
/// Pointers: as in ``Deflater``.
final class Inflater: ByteTransform {
    private let stream: UnsafeMutablePointer<z_stream>
    /// Between members, or before the first.
    private var isAtEnd = false

    init() throws(CodingError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else {
            throw code == Z_MEM_ERROR ? .outOfMemory : .failed(.gzip, reason: "inflateInit2: \(code)")
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func write(_ piece: ByteBuffer, into output: inout OutputPieces, limit: Int) throws(CodingError) {
        var failure: CodingError?
        piece.withUnsafeReadableBytes { input in
            guard let base = input.baseAddress, input.count > 0 else { return }
            stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: Bytef.self))
            stream.pointee.avail_in = uInt(input.count)
            var hasMore = true
            while hasMore, failure == nil {
                (hasMore, failure) = step(into: &output, limit: limit)
            }
            stream.pointee.next_in = nil
            stream.pointee.avail_in = 0
        }
        if let failure { throw failure }
    }

    func finish(into output: inout OutputPieces, limit: Int) throws(CodingError) {
        guard isAtEnd else { throw .truncated(.gzip) }
    }

    private func step(into output: inout OutputPieces, limit: Int) -> (hasMore: Bool, failure: CodingError?) {
        if isAtEnd {
            guard stream.pointee.avail_in > 0 else { return (false, nil) }
            // What follows the first member must be another one.
            inflateReset(stream)
            isAtEnd = false
        }
        var code = Z_OK
        var wasFilled = false
        output.write { target in
            stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = uInt(target.count)
            code = inflate(stream, Z_NO_FLUSH)
            stream.pointee.next_out = nil
            wasFilled = stream.pointee.avail_out == 0
            return target.count - Int(stream.pointee.avail_out)
        }
        if output.totalBytes > limit { return (false, .tooLarge(limit: limit)) }
        switch code {
        case Z_STREAM_END:
            isAtEnd = true
            return (stream.pointee.avail_in > 0, nil)
        case Z_OK, Z_BUF_ERROR: return (stream.pointee.avail_in > 0 || wasFilled, nil)
        case Z_MEM_ERROR: return (false, .outOfMemory)
        default: return (false, .corrupt(.gzip))
        }
    }
}
