import Glibc
import HTTPWire
import NIOCore
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// A full disk, on a file system of 16 MiB in memory. Mounting one needs root.
struct DiskFullTests {
    private static func mount(_ folder: TemporaryFolder) async throws -> Bool {
        try Files.makeFolder(folder.path + "/disk")
        let arguments = ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder.path + "/disk"]
        return try await ProcessRunner.run("/bin/mount", arguments).status == .exited(0)
    }

    @Test("507, nothing lost, nothing left, and room again after deleting", .enabled(if: geteuid() == 0, "needs root"))
    func full() async throws {
        let folder = try TemporaryFolder()
        guard try await Self.mount(folder) else { return }
        do {
            try await fillUp(folder)
        } catch {
            _ = try await ProcessRunner.run("/bin/umount", ["-l", folder.path + "/disk"])
            throw error
        }
        let unmounted = try await ProcessRunner.run("/bin/umount", ["-l", folder.path + "/disk"])
        #expect(unmounted.status == .exited(0))
    }

    private func fillUp(_ folder: TemporaryFolder) async throws {
        let store = try await StoreFixture(dataPath: folder.path + "/disk/data")
        let kept = TestBytes.pattern(2_000_000)
        #expect(try await store.send("PUT", "/private/kept", body: kept).status == 200)

        // Announced: refused before the body.
        let first = try await RawClient.connect(to: store.address)
        let expect = [("Expect", "100-continue")]
        try await first.send(store.head("PUT", "/private/large", expect, payload: .unsigned, contentLength: 14_000_000))
        let announced = try await first.response(to: .put)
        #expect(announced.status == 507)
        #expect(announced.element("Code") == "InsufficientStorage")

        // Not announced: found out while writing.
        let client = try await RawClient.connect(to: store.address)
        let fields = [("Transfer-Encoding", "chunked")]
        try await client.send(store.head("PUT", "/private/kept", fields, payload: .unsigned, contentLength: nil))
        let chunk = Array("100000\r\n".utf8) + [UInt8](repeating: 1, count: 1 << 20) + Array("\r\n".utf8)
        let sender = Task {
            for _ in 0..<20 { try await client.send(chunk) }
            try await client.send("0\r\n\r\n")
        }
        #expect(try await client.response(to: .put).status == 507)
        await client.close()
        // The server stopped reading; what was left to send fails, or not.
        _ = await sender.result
        #expect(try Files.names(in: folder.path + "/disk/data/tmp").isEmpty)

        // Small ones until there is room for no more.
        var stored: [String] = []
        var refused = false
        for number in 0..<200 where !refused {
            let response = try await store.send("PUT", "/private/n\(number)", body: TestBytes.pattern(200_000))
            if response.status == 200 { stored.append("n\(number)") } else { refused = response.status == 507 }
        }
        #expect(refused)
        #expect(!stored.isEmpty)
        #expect(try await store.send("GET", "/private/kept").body == kept)
        #expect(try await store.keys("private") == (["kept"] + stored).sorted())

        // Deleting works on a full disk, and makes room.
        for key in stored { #expect(try await store.send("DELETE", "/private/\(key)").status == 204) }
        #expect(try await store.send("PUT", "/private/again", body: TestBytes.pattern(1_000_000)).status == 200)
        await store.server.shutdown(gracePeriod: .zero)
    }
}
