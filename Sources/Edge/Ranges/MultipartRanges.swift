import CacheStore
import HTTPWire
import NIOCore

/// Lays out a `multipart/byteranges` body (RFC 9110, section 14.6; RFC 2046, section 5.1). A value.
struct MultipartRanges {
    private let ranges: [Range<UInt64>]
    private let contentType: [UInt8]?
    private let length: UInt64

    /// - Parameter length: bytes of the whole body.
    init(_ ranges: [Range<UInt64>], head: StoredHead, length: UInt64) {
        self.ranges = ranges
        contentType = head.fields.range(of: .contentType).map { Array(head.fields.bytes[$0]) }
        self.length = length
    }

    /// All of the body, heads and boundaries included.
    var bytes: UInt64 {
        let boundary = [UInt8](repeating: 0, count: Self.boundaryBytes)
        var total = UInt64(Self.end(boundary).count)
        for index in ranges.indices {
            total += UInt64(head(of: index, boundary).count) + ranges[index].upperBound - ranges[index].lowerBound
        }
        return total
    }

    func parts(_ boundary: [UInt8]) -> [BodyPart] {
        var parts: [BodyPart] = []
        parts.reserveCapacity(2 * ranges.count + 1)
        for index in ranges.indices {
            parts.append(.bytes(ByteBuffer(bytes: head(of: index, boundary))))
            parts.append(.slice(ranges[index]))
        }
        parts.append(.bytes(ByteBuffer(bytes: Self.end(boundary))))
        return parts
    }

    private func head(of index: Int, _ boundary: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160)
        if index > 0 { HeadWriter.lineEnd(into: &bytes) }
        bytes += Self.dashes
        bytes += boundary
        HeadWriter.lineEnd(into: &bytes)
        if let contentType {
            bytes.append(contentsOf: "Content-Type: ".utf8)
            bytes += contentType
            HeadWriter.lineEnd(into: &bytes)
        }
        bytes.append(contentsOf: "Content-Range: ".utf8)
        ContentRange(range: ranges[index], completeLength: length).write(into: &bytes)
        HeadWriter.lineEnd(into: &bytes)
        HeadWriter.lineEnd(into: &bytes)
        return bytes
    }

    private static func end(_ boundary: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        HeadWriter.lineEnd(into: &bytes)
        bytes += dashes
        bytes += boundary
        bytes += dashes
        HeadWriter.lineEnd(into: &bytes)
        return bytes
    }

    /// One that no body holds but by an accident that nobody can bring about: fresh random bits for each answer.
    static func boundary() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<boundaryBytes).map { _ in digits[Int(random.next() & 15)] }
    }

    private static let boundaryBytes = 32
    private static let dashes = Array("--".utf8)
    private static let digits = Array("0123456789abcdef".utf8)
}
