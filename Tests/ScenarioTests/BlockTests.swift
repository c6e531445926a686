import CacheStore
import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Large objects in blocks")
struct BlockTests {
    private static let mebibyte = 1 << 20

    /// An object of 12 blocks, the last of them short, at /large of a bucket.
    private func serve(_ stage: Stage, _ tag: String = "v1", seed: UInt64 = 1) -> [UInt8] {
        let bytes = TestBytes.pattern(11 * Self.mebibyte + 4321, seed: seed)
        stage.origin.serve("/site/large", bytes: bytes, etag: "\"\(tag)\"", ["Cache-Control": "max-age=3600"])
        return bytes
    }

    @Test("read whole: one request to the origin for a crowd, and none afterwards", arguments: [1, 2])
    func whole(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 256) { stage in
            let bytes = serve(stage)
            let responses = try await stage.crowd(8, "/large").responses()
            for response in responses {
                #expect(response.status == 200 && response.body == bytes)
                #expect(response["Content-Length"] == "\(bytes.count)" && response["ETag"] == "\"v1\"")
            }
            #expect(responses[0].isForwarded("uri-miss") && responses[0].isStored)
            #expect(stage.origin.count("/site/large") == 1)
            let again = try await stage.get("/large")
            #expect(again.isHit && again.body == bytes && stage.origin.count("/site/large") == 1)
            let head = try await stage.head("/large")
            #expect(head.isHit && head["Content-Length"] == "\(bytes.count)")
            let unchanged = try await stage.get("/large", ["If-None-Match": "\"v1\""])
            #expect(unchanged.status == 304)
            #expect(stage.origin.count("/site/large") == 1)
            // The object's entry, and one for each block.
            #expect(stage.statistics.memoryObjects == 13)
        }
    }
}
