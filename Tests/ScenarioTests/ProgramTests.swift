import Glibc
import NIOCore
import TestSupport
import Testing

/// `apus edge` as it is built, with a settings file, in front of a scripted bucket.
@Suite("The program")
struct ProgramTests {
    struct Running {
        let process: RunningProcess
        let address: SocketAddress

        func get(_ path: String, _ fields: [(String, String)] = []) async throws -> RawClient.Response {
            let client = try await RawClient.connect(to: address)
            try await client.send(Stage.request(path, fields))
            let response = try await client.response()
            await client.close()
            return response
        }
    }

    static func settings(_ origin: ScriptedOrigin, _ folder: TemporaryFolder, listen: String = "127.0.0.1:0") -> String
    {
        """
        node: edge
        listen:
          - address: \(listen)
        cache:
          memory: 32MiB
          disk:
            path: \(folder.file("cache"))
            size: 64MiB
        sites:
          - name: site
            hosts: ["*"]
            origin:
              type: s3
              endpoint: \(origin.url)
              bucket: site

        """
    }

    static func start(_ file: String) async throws -> Running {
        let process = try ProcessRunner.apus(["edge", "--config", file])
        let line = try await process.waitForLine(containing: "serves on ")
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        return Running(process: process, address: try SocketAddress(ipAddress: "127.0.0.1", port: port))
    }

    @Test("kill -9 and a new start: what was on disk is a hit again; SIGTERM finishes what it has received")
    func restart() async throws {
        let origin = try await ScriptedOrigin.start()
        let folder = try TemporaryFolder()
        let css = Texts.css(30_000)
        origin.on("/site/a.css", ScriptedAnswer(200, ["ETag": "\"a\"", "Content-Type": "text/css"], body: css))
        let file = try folder.write(Self.settings(origin, folder), to: "edge.yaml")

        var running = try await Self.start(file)
        let miss = try await running.get("/a.css", [("Accept-Encoding", "br")])
        #expect(miss["Content-Encoding"] == "br" && miss.isForwarded("uri-miss"))
        // The writer is behind the answers: give the disk what it is to keep, then pull the plug.
        try await eventually("a hit from disk after kill -9") {
            running.process.kill()
            try await running.process.wait()
            running = try await Self.start(file)
            return try await running.get("/a.css").isHit
        }
        #expect(try await running.get("/a.css").text == css)
        let form = try await running.get("/a.css", [("Accept-Encoding", "br")])
        #expect(try Texts.decoded(form) == css && form["ETag"] == miss["ETag"])

        let latch = Latch()
        origin.on("/site/slow", ScriptedAnswer(200, bytes: TestBytes.pattern(90_000)).holdingBody(after: 500, latch))
        let client = try await RawClient.connect(to: running.address)
        try await client.send(Stage.request("/slow"))
        try await eventually("the head") { client.bytesWaiting > 0 }
        running.process.signal(SIGTERM)
        try await running.process.waitForLine(containing: "stops")
        latch.open()
        #expect(try await client.response().body == TestBytes.pattern(90_000))
        #expect(try await running.process.wait() == .exited(0))
    }

    @Test("a stop is heard as soon as the edge has said that it is there")
    func stoppedAtOnce() async throws {
        let origin = try await ScriptedOrigin.start()
        let folder = try TemporaryFolder()
        let file = try folder.write(Self.settings(origin, folder), to: "edge.yaml")
        for _ in 0..<10 {
            let running = try await Self.start(file)
            #expect(try await running.process.terminate() == .exited(0), "\(running.process.output)")
        }
    }

    @Test("what cannot work is said in one sentence, and nothing is started")
    func refusals() async throws {
        let origin = try await ScriptedOrigin.start()
        let folder = try TemporaryFolder()
        let good = Self.settings(origin, folder)
        let taken = try TemporaryFolder()
        let other = try await Self.start(try taken.write(Self.settings(origin, taken), to: "edge.yaml"))
        let cases: [(String, text: String, status: Int32, says: String)] = [
            ("port", Self.settings(origin, folder, listen: "127.0.0.1:\(origin.port)"), 1, "\(origin.port)"),
            ("folder", Self.settings(origin, taken), 1, "/cache is in use by another process"),
            ("value", good.replacing("32MiB", with: "32M"), 78, "value.yaml:5:11"),
            ("name", good.replacing("memory:", with: "memmory:"), 78, "name.yaml:5:3"),
        ]
        for (name, text, status, says) in cases {
            let file = try folder.write(text, to: "\(name).yaml")
            let result = try await ProcessRunner.run(ProcessRunner.apusPath, ["edge", "--config", file])
            #expect(result.status == .exited(status), "\(name): \(result.output)")
            #expect(result.output.contains(says), "\(name): \(result.output)")
            #expect(!result.output.contains("Fatal error") && !result.output.contains("serves on"))
            #expect(result.output.split(separator: "\n").count <= 6, "\(name): \(result.output)")
        }
        #expect(try await other.process.terminate() == .exited(0))
    }
}
