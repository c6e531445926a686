import CachingRules
import HTTPWire
import Logging
import NIOCore
import Testing

@testable import CacheStore

/// A seeded generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Bytes that depend on `seed` in every place, so that neither a shift nor a swap goes unseen.
func testBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SplitMix(state: seed)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        let raw = UnsafeMutableRawBufferPointer(buffer)
        var offset = 0
        while offset + 8 <= count {
            raw.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        let last = random.next()
        while offset < count {
            raw[offset] = UInt8(truncatingIfNeeded: last >> UInt64(8 * (offset & 7)))
            offset += 1
        }
        initialized = count
    }
}

func testHead(length: Int, etag: String = "\"e\"", tags: [String] = []) -> StoredHead {
    var fields = FieldList()
    fields.append(.contentType, "text/plain")
    fields.append(.etag, etag)
    fields.append(name: "X-Custom", "value \u{e9}")
    return StoredHead(
        status: 200,
        fields: fields,
        freshness: Freshness(lifetime: 3600, correctedInitialAge: 1, responseTime: 1_700_000_000),
        bodyLength: UInt64(length),
        tags: tags
    )
}

extension CacheStore {
    static func memoryOnly(_ bytes: Int = 16 << 20) throws -> CacheStore {
        try CacheStore(CacheStoreConfiguration(memoryBytes: bytes), logger: .quiet)
    }

    func key(_ path: String) -> CacheKey { key(site: "site", path: path) }

    func lookup(_ path: String) -> Resource? { lookup(key(path)) }

    func lookup(_ key: CacheKey) -> Resource? { lookup(hash: key.hash, key: key.bytes.span) }

    func form(_ bytes: [UInt8], etag: String = "\"e\"", tags: [String] = [], mark: PurgeMark? = nil) -> Representation {
        Representation(
            generation: nextGeneration(),
            mark: mark ?? epochs.mark,
            head: testHead(length: bytes.count, etag: etag, tags: tags),
            body: body(bytes)
        )
    }

    /// A body as a fill makes it; where there is no room for it, one that does not count by itself.
    func body(_ bytes: [UInt8]) -> StoredBody {
        let buffer = ByteBuffer(bytes: bytes)
        guard let reserved = reserve(bytes.count) else { return StoredBody(pieces: BodyPieces.pieces(of: buffer)) }
        _ = reserved.append(buffer)
        return reserved.body()
    }

    @discardableResult
    func put(_ path: String, _ bytes: [UInt8], tags: [String] = [], mark: PurgeMark? = nil) -> InsertOutcome {
        insert(form(bytes, tags: tags, mark: mark), key: key(path))
    }
}

extension Representation {
    var bytes: [UInt8] { body.pieces.flatMap { [UInt8]($0.readableBytesView) } }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
