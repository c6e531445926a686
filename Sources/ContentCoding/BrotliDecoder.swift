internal import CBrotli
internal import CachingRules
internal import NIOCore

/// Brotli's decoder (RFC 7932). Loop-confined.
///
/// Pointers: as in ``BrotliEncoder``.
final class BrotliDecoder: ByteTransform {
    private let state: OpaquePointer
    private var isAtEnd = false

    init() throws(CodingError) {
        guard let state = BrotliDecoderCreateInstance(nil, nil, nil) else { throw .outOfMemory }
        self.state = state
    }

    deinit {
        BrotliDecoderDestroyInstance(state)
    }

    func write(_ piece: ByteBuffer, into output: inout OutputPieces, limit: Int) throws(CodingError) {
        if piece.readableBytes == 0 { return }
        if isAtEnd { throw .trailingBytes(.br) }
        var failure: CodingError?
        piece.withUnsafeReadableBytes { input in
            var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
            var available = input.count
            var hasMore = true
            while hasMore, failure == nil {
                (hasMore, failure) = step(&available, &next, into: &output, limit: limit)
            }
        }
        if let failure { throw failure }
    }

    func finish(into output: inout OutputPieces, limit: Int) throws(CodingError) {
        guard isAtEnd else { throw .truncated(.br) }
    }

    private func step(
        _ available: inout Int,
        _ next: inout UnsafePointer<UInt8>?,
        into output: inout OutputPieces,
        limit: Int
    ) -> (hasMore: Bool, failure: CodingError?) {
        var result = BROTLI_DECODER_RESULT_ERROR
        output.write { target in
            var room = target.count
            var place = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
            result = BrotliDecoderDecompressStream(state, &available, &next, &room, &place, nil)
            return target.count - room
        }
        if output.totalBytes > limit { return (false, .tooLarge(limit: limit)) }
        switch result {
        case BROTLI_DECODER_RESULT_SUCCESS:
            isAtEnd = true
            return (false, available > 0 ? .trailingBytes(.br) : nil)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT: return (false, nil)
        case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: return (true, nil)
        default: return (false, .corrupt(.br))
        }
    }
}
