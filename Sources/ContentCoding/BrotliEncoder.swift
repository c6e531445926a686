internal import CBrotli
internal import CachingRules
internal import NIOCore

/// Brotli's encoder (RFC 7932). Loop-confined.
///
/// Pointers: `state` belongs to this object from `init` to `deinit`. Input and output pointers live in local variables
/// for the time of one call into the library.
final class BrotliEncoder: ByteTransform {
    private let state: OpaquePointer

    /// - Parameters:
    ///   - level: 2 to 11.
    ///   - sizeHint: Bytes that will come; the window is not made larger than they need.
    init(level: Int, sizeHint: Int?) throws(CodingError) {
        guard let state = BrotliEncoderCreateInstance(nil, nil, nil) else { throw .outOfMemory }
        self.state = state
        BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, UInt32(level))
        if let sizeHint {
            BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, UInt32(clamping: sizeHint))
            BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, Self.windowBits(for: sizeHint))
        }
    }

    deinit {
        BrotliEncoderDestroyInstance(state)
    }

    /// The smallest window (16 bytes short of a power of two) that holds the whole body, 1 KiB to 4 MiB.
    private static func windowBits(for bytes: Int) -> UInt32 {
        let needed = Int.bitWidth - max(0, bytes + 16 - 1).leadingZeroBitCount
        return UInt32(min(max(needed, 10), 22))
    }

    func write(_ piece: ByteBuffer, into output: inout OutputPieces, limit: Int) throws(CodingError) {
        var failure: CodingError?
        piece.withUnsafeReadableBytes { input in
            var next = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
            var available = input.count
            while available > 0, failure == nil {
                failure = step(BROTLI_OPERATION_PROCESS, &available, &next, into: &output, limit: limit)
            }
            while failure == nil, BrotliEncoderHasMoreOutput(state) != 0 {
                failure = step(BROTLI_OPERATION_PROCESS, &available, &next, into: &output, limit: limit)
            }
        }
        if let failure { throw failure }
    }

    func finish(into output: inout OutputPieces, limit: Int) throws(CodingError) {
        while BrotliEncoderIsFinished(state) == 0 {
            var next: UnsafePointer<UInt8>?
            var available = 0
            if let failure = step(BROTLI_OPERATION_FINISH, &available, &next, into: &output, limit: limit) {
                throw failure
            }
        }
    }

    private func step(
        _ operation: BrotliEncoderOperation,
        _ available: inout Int,
        _ next: inout UnsafePointer<UInt8>?,
        into output: inout OutputPieces,
        limit: Int
    ) -> CodingError? {
        var isFine = false
        output.write { target in
            var room = target.count
            var place = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
            isFine = BrotliEncoderCompressStream(state, operation, &available, &next, &room, &place, nil) != 0
            return target.count - room
        }
        if output.totalBytes > limit { return .tooLarge(limit: limit) }
        return isFine ? nil : .failed(.br, reason: "BrotliEncoderCompressStream")
    }
}
