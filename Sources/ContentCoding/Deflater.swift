internal import CZlib
internal import CachingRules
internal import NIOCore

/// zlib's encoder in its gzip form (RFC 1952). Loop-confined.
///
/// Pointers: `stream` is one initialised `z_stream` from `init` to `deinit`, at an address that does not change because
/// zlib points back to it. `next_in` and `next_out` point into buffers only during the call that was given them.
final class Deflater: ByteTransform {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter level: 1 to 9.
    init(level: Int) throws(CodingError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15: a window of 32 KiB; + 16: a gzip header. zlib writes it with a modification time of 0 and no name, so that
        // the same body always becomes the same bytes.
        let code = deflateInit2_(
            stream,
            Int32(level),
            Z_DEFLATED,
            15 + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        guard code == Z_OK else {
            // deinit runs also when init throws after all properties are set: it ends the stream, which zlib allows.
            throw code == Z_MEM_ERROR ? .outOfMemory : .failed(.gzip, reason: "deflateInit2: \(code)")
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    func write(_ piece: ByteBuffer, into output: inout OutputPieces, limit: Int) throws(CodingError) {
        var failure: CodingError?
        piece.withUnsafeReadableBytes { input in
            guard let base = input.baseAddress, input.count > 0 else { return }
            // zlib does not write through next_in.
            stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: Bytef.self))
            stream.pointee.avail_in = uInt(input.count)
            while stream.pointee.avail_in > 0, failure == nil {
                failure = step(flush: Z_NO_FLUSH, into: &output, limit: limit).failure
            }
            stream.pointee.next_in = nil
            stream.pointee.avail_in = 0
        }
        if let failure { throw failure }
    }

    func finish(into output: inout OutputPieces, limit: Int) throws(CodingError) {
        while true {
            let (isAtEnd, failure) = step(flush: Z_FINISH, into: &output, limit: limit)
            if let failure { throw failure }
            if isAtEnd { return }
        }
    }

    private func step(
        flush: Int32,
        into output: inout OutputPieces,
        limit: Int
    ) -> (isAtEnd: Bool, failure: CodingError?) {
        var code = Z_OK
        output.write { target in
            stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
            stream.pointee.avail_out = uInt(target.count)
            code = deflate(stream, flush)
            stream.pointee.next_out = nil
            return target.count - Int(stream.pointee.avail_out)
        }
        if output.totalBytes > limit { return (false, .tooLarge(limit: limit)) }
        // Z_BUF_ERROR: no progress was possible with this much room; there is always some, so it asks for another call.
        let isFine = code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR
        return (code == Z_STREAM_END, isFine ? nil : .failed(.gzip, reason: "deflate: \(code)"))
    }
}
