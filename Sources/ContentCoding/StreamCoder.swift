public import CachingRules
public import NIOCore

/// Encodes or decodes a body piece by piece. Loop-confined: used by one thread at a time, never shared.
///
/// The output of an encoder depends on the bytes, the level and the size hint, not on how the bytes are cut into pieces.
public final class StreamCoder {
    /// The coding that is written or read.
    public let coding: Coding
    private let transform: any ByteTransform
    private let limit: Int
    private var output = OutputPieces()
    private var isOpen = true

    private init(coding: Coding, transform: any ByteTransform, limit: Int) {
        self.coding = coding
        self.transform = transform
        self.limit = limit
    }

    /// An encoder.
    /// - Parameters:
    ///   - coding: gzip or br.
    ///   - level: See ``CompressionLevels``; it is brought into the coding's range.
    ///   - sizeHint: Bytes that will come, if known: Brotli needs less memory for a short body.
    ///   - limit: Bytes of output that are allowed; beyond, writing throws ``CodingError/tooLarge(limit:)``.
    /// - Throws: ``CodingError/unsupported(_:)`` for other codings.
    public static func encoder(
        _ coding: Coding,
        level: Int,
        sizeHint: Int? = nil,
        limit: Int = .max
    ) throws(CodingError) -> StreamCoder {
        switch coding {
        case .gzip:
            let levels = CompressionLevels(gzip: level, brotli: level)
            return StreamCoder(coding: coding, transform: try Deflater(level: levels.gzip), limit: limit)
        case .br:
            let levels = CompressionLevels(gzip: level, brotli: level)
            let encoder = try BrotliEncoder(level: levels.brotli, sizeHint: sizeHint)
            return StreamCoder(coding: coding, transform: encoder, limit: limit)
        case .identity, .zstd: throw .unsupported(coding)
        }
    }

    /// A decoder.
    /// - Parameters:
    ///   - coding: gzip or br.
    ///   - limit: Bytes of output that are allowed: a few kilobytes of input can stand for gigabytes.
    /// - Throws: ``CodingError/unsupported(_:)`` for other codings.
    public static func decoder(_ coding: Coding, limit: Int) throws(CodingError) -> StreamCoder {
        switch coding {
        case .gzip: StreamCoder(coding: coding, transform: try Inflater(), limit: limit)
        case .br: StreamCoder(coding: coding, transform: try BrotliDecoder(), limit: limit)
        case .identity, .zstd: throw .unsupported(coding)
        }
    }

    /// Bytes that came out until now, taken or not.
    public var outputBytes: Int { output.totalBytes }

    /// Takes a piece in. What comes out waits for ``takeOutput()``.
    public func write(_ piece: ByteBuffer) throws(CodingError) {
        try use { (transform, output, limit) throws(CodingError) in
            try transform.write(piece, into: &output, limit: limit)
        }
    }

    /// Says that there is no more, and returns what has not been taken yet. The coder cannot be used any more.
    public func finish() throws(CodingError) -> [ByteBuffer] {
        try use { (transform, output, limit) throws(CodingError) in
            try transform.finish(into: &output, limit: limit)
        }
        isOpen = false
        return output.take()
    }

    /// What has come out since the last call: pieces of 1 byte to 1 MiB.
    public func takeOutput() -> [ByteBuffer] {
        output.take()
    }

    /// After a failure the library's stream is in no known state, so the coder is closed.
    private func use(
        _ body: (any ByteTransform, inout OutputPieces, Int) throws(CodingError) -> Void
    ) throws(CodingError) {
        guard isOpen else { throw .finished }
        do throws(CodingError) {
            try body(transform, &output, limit)
        } catch {
            isOpen = false
            throw error
        }
    }
}
