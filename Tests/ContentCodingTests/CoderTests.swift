import CachingRules
import NIOCore
import Testing

@testable import ContentCoding

/// gzip (RFC 1952) and Brotli (RFC 7932): what goes in comes out again, and nothing else does.
@Suite struct CoderTests {
    static let codings: [Coding] = [.gzip, .br]

    static func encode(_ pieces: [ByteBuffer], _ coding: Coding, level: Int, sizeHint: Int? = nil) throws
        -> [ByteBuffer]
    {
        let encoder = try StreamCoder.encoder(coding, level: level, sizeHint: sizeHint)
        var output: [ByteBuffer] = []
        for piece in pieces {
            try encoder.write(piece)
            output += encoder.takeOutput()
        }
        return output + (try encoder.finish())
    }

    @Test(arguments: codings, [0, 1, 255, 16_384, 16_385, 65_536, 200_001])
    func bodiesComeBack(coding: Coding, count: Int) throws {
        for body in [BodyMaker.text(count), BodyMaker.noise(count), [UInt8](repeating: 0, count: count)] {
            for level in [1, 5, 6, 9] {
                let encoded = try Self.encode(BodyMaker.pieces(body, lengths: [70_000]), coding, level: level)
                #expect(encoded.allSatisfy { $0.readableBytes > 0 && $0.readableBytes <= 1 << 20 })
                let decoded = try Compressor.decode(encoded, coding: coding, limit: count)
                #expect(BodyMaker.bytes(decoded) == body)
            }
        }
    }

    @Test func bestBrotliComesBack() throws {
        let body = BodyMaker.text(100_000)
        let pieces = BodyMaker.pieces(body, lengths: [4096])
        let best = try #require(try Compressor.encode(pieces, coding: .br, level: CompressionLevels.best.brotli))
        let fast = try #require(try Compressor.encode(pieces, coding: .br, level: CompressionLevels.fast.brotli))
        #expect(BodyMaker.bytes(try Compressor.decode(best, coding: .br, limit: body.count)) == body)
        #expect(BodyMaker.bytes(best).count < BodyMaker.bytes(fast).count)
    }

    @Test func largeOutputComesInPiecesOfAtMostOneMebibyte() throws {
        let body = BodyMaker.noise(2_500_000)
        for coding in Self.codings {
            let encoded = try Self.encode([ByteBuffer(bytes: body)], coding, level: 2)
            #expect(encoded.count > 2)
            #expect(encoded.allSatisfy { $0.readableBytes <= 1 << 20 && $0.storageCapacity <= 1 << 20 })
            let decoded = try Compressor.decode(encoded, coding: coding, limit: .max)
            #expect(decoded.allSatisfy { $0.readableBytes <= 1 << 20 })
            #expect(BodyMaker.bytes(decoded) == body)
        }
    }

    /// One strong tag stands for the same bytes, however the origin's packets were cut (RFC 9110, section 8.8.1).
    @Test(arguments: codings)
    func outputDoesNotDependOnTheCut(coding: Coding) throws {
        for body in [BodyMaker.text(70_000), BodyMaker.text(20_000) + BodyMaker.noise(30_000)] {
            for level in [1, 2, 3, 4, 5, 6, 7, 8, 9, 11] {
                let whole = try Self.encode([ByteBuffer(bytes: body)], coding, level: level, sizeHint: body.count)
                for lengths in [[1, 2, 30], [1460], [65_536, 1]] {
                    let pieces = BodyMaker.pieces(body, lengths: lengths)
                    let other = try Self.encode(pieces, coding, level: level, sizeHint: body.count)
                    #expect(BodyMaker.bytes(other) == BodyMaker.bytes(whole), "level \(level), \(lengths)")
                }
            }
        }
    }

    @Test func gzipHeaderHasNeitherTimeNorName() throws {
        let bytes = BodyMaker.bytes(try Self.encode([ByteBuffer(string: "x")], .gzip, level: 6))
        #expect(Array(bytes.prefix(10)) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3])
    }

    @Test func gzipOfSeveralMembersIsOneBody() throws {
        let one = try Self.encode([ByteBuffer(string: "one ")], .gzip, level: 6)
        let two = try Self.encode([ByteBuffer(string: "two")], .gzip, level: 1)
        let decoded = try Compressor.decode(one + two, coding: .gzip, limit: 100)
        #expect(BodyMaker.bytes(decoded) == Array("one two".utf8))
        // Both in one piece, and a member's end in the middle of the next piece.
        let joined = BodyMaker.bytes(one + two)
        for lengths in [[joined.count], [1], [25, 3]] {
            let pieces = BodyMaker.pieces(joined, lengths: lengths)
            #expect(BodyMaker.bytes(try Compressor.decode(pieces, coding: .gzip, limit: 7)) == Array("one two".utf8))
        }
    }

    @Test(arguments: codings)
    func everyTruncationIsNoticed(coding: Coding) throws {
        let bytes = BodyMaker.bytes(try Self.encode([ByteBuffer(bytes: BodyMaker.text(500))], coding, level: 6))
        for count in 0..<bytes.count {
            #expect(throws: CodingError.truncated(coding), "\(count) of \(bytes.count)") {
                try Compressor.decode([ByteBuffer(bytes: bytes.prefix(count))], coding: coding, limit: 1000)
            }
        }
    }

    @Test func corruptionIsNoticed() throws {
        let bytes = BodyMaker.bytes(try Self.encode([ByteBuffer(bytes: BodyMaker.text(500))], .gzip, level: 6))
        // gzip has a checksum: a changed byte is noticed, or changes nothing (a header's flag, a copy from another place
        // with the same text).
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0x10
            let decoded = try? Compressor.decode([ByteBuffer(bytes: changed)], coding: .gzip, limit: 100_000)
            #expect(decoded == nil || decoded.map(BodyMaker.bytes) == BodyMaker.text(500), "\(index)")
        }
        #expect(throws: CodingError.corrupt(.gzip)) {
            try Compressor.decode([ByteBuffer(string: "hello, world")], coding: .gzip, limit: 100)
        }
        #expect(throws: CodingError.corrupt(.br)) {
            try Compressor.decode([ByteBuffer(repeating: 0xFF, count: 100)], coding: .br, limit: 100)
        }
    }

    @Test func whatFollowsTheEndIsNoticed() throws {
        for coding in Self.codings {
            let encoded = try Self.encode([ByteBuffer(string: "body")], coding, level: 6)
            for trailing in [ByteBuffer(string: "x"), ByteBuffer(repeating: 0, count: 30)] {
                #expect(throws: CodingError.self) {
                    try Compressor.decode(encoded + [trailing], coding: coding, limit: 100)
                }
                let joined = ByteBuffer(bytes: BodyMaker.bytes(encoded + [trailing]))
                #expect(throws: CodingError.self) { try Compressor.decode([joined], coding: coding, limit: 100) }
            }
            #expect(try Compressor.decode(encoded + [ByteBuffer()], coding: coding, limit: 4).count == 1)
        }
    }

    @Test(arguments: codings)
    func aBombEndsAtItsLimit(coding: Coding) throws {
        let zeros = [ByteBuffer](repeating: ByteBuffer(repeating: 0, count: 1 << 20), count: 50)
        let bomb = try Self.encode(zeros, coding, level: 6)
        #expect(BodyMaker.bytes(bomb).count < 100_000)
        #expect(throws: CodingError.tooLarge(limit: 1_000_000)) {
            try Compressor.decode(bomb, coding: coding, limit: 1_000_000)
        }
    }

    @Test(arguments: codings)
    func formsThatSaveLessThanFivePercentAreDropped(coding: Coding) throws {
        let noise = BodyMaker.noise(100_000)
        #expect(try Compressor.encode([ByteBuffer(bytes: noise)], coding: coding, level: 5) == nil)
        // 10 % of the body shrink to next to nothing: worth it. 4 %: not.
        let some = BodyMaker.noise(90_000) + [UInt8](repeating: 0, count: 10_000)
        #expect(try Compressor.encode([ByteBuffer(bytes: some)], coding: coding, level: 5) != nil)
        let few = BodyMaker.noise(96_000) + [UInt8](repeating: 0, count: 4000)
        #expect(try Compressor.encode([ByteBuffer(bytes: few)], coding: coding, level: 5) == nil)
        #expect(try Compressor.encode([], coding: coding, level: 5) == nil)
    }

    @Test func otherCodingsAreRefused() {
        for coding in [Coding.identity, .zstd] {
            #expect(throws: CodingError.unsupported(coding)) { try StreamCoder.encoder(coding, level: 1) }
            #expect(throws: CodingError.unsupported(coding)) { try StreamCoder.decoder(coding, limit: 1) }
        }
    }

    @Test(arguments: codings)
    func aFinishedOrFailedCoderIsClosed(coding: Coding) throws {
        let encoder = try StreamCoder.encoder(coding, level: 5)
        _ = try encoder.finish()
        #expect(throws: CodingError.finished) { try encoder.write(ByteBuffer(string: "x")) }
        #expect(throws: CodingError.finished) { try encoder.finish() }
        let decoder = try StreamCoder.decoder(coding, limit: 10)
        #expect(throws: CodingError.corrupt(coding)) { try decoder.write(ByteBuffer(repeating: 0xFF, count: 50)) }
        #expect(throws: CodingError.finished) { try decoder.finish() }
    }

    @Test func levelsStayInTheirRange() {
        #expect(CompressionLevels(gzip: 0, brotli: 0) == CompressionLevels(gzip: 1, brotli: 2))
        #expect(CompressionLevels(gzip: 99, brotli: 99) == CompressionLevels.best)
        #expect(CompressionLevels.fast.level(for: .gzip) == 6 && CompressionLevels.fast.level(for: .br) == 5)
        #expect(CompressionLevels.fast.level(for: .identity) == 0)
    }
}
