internal import CZlib
internal import CZstd

/// Decompresses what a trace is stored as, told apart by its first bytes. Confined to whoever reads the trace.
///
/// Pointers: the library's state belongs to this object from `init` to `deinit`; input and output are lent to the library
/// for the length of one call, and it is told their sizes.
final class ByteDecoder {
    enum Format {
        case plain, gzip, zstd

        /// By magic number (RFC 1952, section 2.3.1; RFC 8878, section 3.1).
        init(_ start: some Collection<UInt8>) {
            let start = Array(start.prefix(4))
            if start.starts(with: [0x1F, 0x8B]) {
                self = .gzip
            } else if start == [0x28, 0xB5, 0x2F, 0xFD]
                || (start.count == 4 && start[0] & 0xF0 == 0x50
                    && start.suffix(3) == [0x2A, 0x4D, 0x18])
            {
                self = .zstd
            } else {
                self = .plain
            }
        }
    }

    struct Failure: Error {
        var reason: String
    }

    let format: Format
    private var gzip = z_stream()
    private let zstd: OpaquePointer?
    /// Everything so far was whole frames, or members.
    private(set) var isAtEnd = true
    private var output: [UInt8]

    init(_ format: Format) throws(Failure) {
        self.format = format
        output = format == .plain ? [] : [UInt8](repeating: 0, count: Limits.decodedBytes)
        zstd = format == .zstd ? ZSTD_createDStream() : nil
        if format == .zstd, zstd == nil { throw Failure(reason: "no memory to decompress it") }
        if format == .gzip, inflateInit2_(&gzip, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) != Z_OK {
            throw Failure(reason: "no memory to decompress it")
        }
    }

    deinit {
        if format == .gzip { inflateEnd(&gzip) }
        if let zstd { ZSTD_freeDStream(zstd) }
    }

    /// Hands what `input` decompresses to, piece by piece, to `take`.
    func decode(_ input: [UInt8], _ take: (Span<UInt8>) throws -> Void) throws {
        switch format {
        case .plain: try take(input.span)
        case .gzip: try inflateAll(input, take)
        case .zstd: try decompressAll(input, take)
        }
    }

    private func hand(over count: Int, _ take: (Span<UInt8>) throws -> Void) rethrows {
        let decoded = output[..<count]
        try take(decoded.span)
    }

    private func inflateAll(_ input: [UInt8], _ take: (Span<UInt8>) throws -> Void) throws {
        var done = 0
        while true {
            if isAtEnd {
                guard done < input.count else { return }
                // A member has ended, and another one follows.
                inflateReset(&gzip)
                isAtEnd = false
            }
            let (code, read, written) = inflateStep(input, from: done)
            done += read
            if written > 0 { try hand(over: written, take) }
            switch code {
            case Z_STREAM_END: isAtEnd = true
            case Z_OK, Z_BUF_ERROR:
                if done == input.count, written < output.count { return }
            default: throw Failure(reason: "its gzip data is not valid")
            }
        }
    }

    private func inflateStep(_ input: [UInt8], from start: Int) -> (code: Int32, read: Int, written: Int) {
        input.withUnsafeBufferPointer { source in
            output.withUnsafeMutableBufferPointer { target in
                // zlib does not write to its input.
                gzip.next_in = UnsafeMutablePointer(mutating: source.baseAddress?.advanced(by: start))
                gzip.avail_in = uInt(source.count - start)
                gzip.next_out = target.baseAddress
                gzip.avail_out = uInt(target.count)
                let code = inflate(&gzip, Z_NO_FLUSH)
                return (code, source.count - start - Int(gzip.avail_in), target.count - Int(gzip.avail_out))
            }
        }
    }

    private func decompressAll(_ input: [UInt8], _ take: (Span<UInt8>) throws -> Void) throws {
        var done = 0
        var written = 0
        var result = 0
        repeat {
            result = input.withUnsafeBytes { source in
                output.withUnsafeMutableBytes { target -> Int in
                    var from = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: done)
                    var to = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
                    let result = ZSTD_decompressStream(zstd, &to, &from)
                    done = from.pos
                    written = to.pos
                    return result
                }
            }
            guard ZSTD_isError(result) == 0 else {
                throw Failure(reason: "its Zstandard data is not valid: \(String(cString: ZSTD_getErrorName(result)))")
            }
            isAtEnd = result == 0
            if written > 0 { try hand(over: written, take) }
        } while done < input.count || (written == output.count && !isAtEnd)
    }
}
