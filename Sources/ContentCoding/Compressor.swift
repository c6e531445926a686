public import CachingRules
public import NIOCore

/// Whole bodies in, whole bodies out. A value without state; not for event loops: a call takes up to seconds.
public enum Compressor {
    /// Encodes a body.
    /// - Parameters:
    ///   - pieces: The identity form.
    ///   - coding: gzip or br.
    ///   - level: See ``CompressionLevels``.
    /// - Returns: Pieces of at most 1 MiB; nil when they would not be 5 % smaller than the identity form, which is found
    ///   out as soon as too much has come out.
    /// - Throws: ``CodingError/unsupported(_:)`` for other codings.
    public static func encode(
        _ pieces: [ByteBuffer],
        coding: Coding,
        level: Int
    ) throws(CodingError) -> [ByteBuffer]? {
        let size = pieces.reduce(0) { $0 + $1.readableBytes }
        let limit =
            size / 100 * ContentCodingLimits.worthwhilePercent
            + size % 100 * ContentCodingLimits.worthwhilePercent / 100
        let encoder = try StreamCoder.encoder(coding, level: level, sizeHint: size, limit: limit)
        do throws(CodingError) {
            for piece in pieces {
                try encoder.write(piece)
            }
            return try encoder.finish()
        } catch .tooLarge {
            return nil
        }
    }

    /// Decodes a body.
    /// - Parameters:
    ///   - pieces: The encoded form, cut anywhere.
    ///   - coding: gzip or br.
    ///   - limit: Bytes of the result at most.
    public static func decode(
        _ pieces: [ByteBuffer],
        coding: Coding,
        limit: Int
    ) throws(CodingError) -> [ByteBuffer] {
        let decoder = try StreamCoder.decoder(coding, limit: limit)
        for piece in pieces {
            try decoder.write(piece)
        }
        return try decoder.finish()
    }
}
