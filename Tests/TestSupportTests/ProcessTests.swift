import Foundation
import TestSupport
import Testing

struct ProcessTests {
    @Test func capturesOutputStatusAndEnvironment() async throws {
        let script = "echo out-$APUS_X; echo err >&2; pwd; exit 7"
        let folder = try TemporaryFolder()
        let result = try await ProcessRunner.run(
            "sh",
            ["-c", script],
            environment: ["APUS_X": "1"],
            folder: folder.path
        )
        #expect(result.status == .exited(7))
        #expect(result.standardOutput == "out-1\n\(folder.path)\n")
        #expect(result.output.contains("err\n"))
    }

    @Test func waitsForALineAndSaysWhyWhenItCannotCome() async throws {
        let process = try RunningProcess("sh", ["-c", "echo ready on 42; sleep 600"])
        #expect(try await process.waitForLine(containing: "ready") == "ready on 42")
        #expect(process.status == nil)
        #expect(process.residentBytes ?? 0 > 0)
        #expect(try await process.terminate() == .signalled(SIGTERM))
        let short = try RunningProcess("sh", ["-c", "echo broken"])
        let error = await #expect(throws: DeadlineExceeded.self) {
            try await short.waitForLine(containing: "ready")
        }
        #expect(error?.description.contains("broken") == true)
    }

    @Test func killsTheWholeGroupAndLeavesNoZombie() async throws {
        let process = try RunningProcess("sh", ["-c", "sleep 600 & echo child $!; wait"])
        let line = try await process.waitForLine(containing: "child")
        let child = try #require(Int32(line.dropFirst(6)))
        process.kill()
        #expect(try await process.wait() == .signalled(SIGKILL))
        #expect(!FileManager.default.fileExists(atPath: "/proc/\(process.pid)"))
        // The grandchild's new parent reaps it; until then it is a zombie without a command line.
        try await eventually {
            (try? String(contentsOfFile: "/proc/\(child)/cmdline", encoding: .utf8))?.isEmpty ?? true
        }
    }

    @Test func isKilledWithItsLastReference() async throws {
        var process: RunningProcess? = try RunningProcess("sleep", ["600"])
        let pid = try #require(process?.pid)
        process = nil
        try await eventually { !FileManager.default.fileExists(atPath: "/proc/\(pid)") }
    }

    @Test func inheritsNoDescriptor() async throws {
        let origin = try await ScriptedOrigin.start()
        let result = try await ProcessRunner.run("ls", ["/proc/self/fd"])
        // 3 is ls's own.
        #expect(result.standardOutput == "0\n1\n2\n3\n")
        #expect(origin.port > 0)
    }

    @Test func aProgramThatIsNotThereIsAnError() async throws {
        #expect(throws: SpawnError.self) { try RunningProcess("/nonexistent/program") }
    }

    @Test func temporaryFoldersGo() async throws {
        var folder: TemporaryFolder? = try TemporaryFolder()
        let path = try #require(folder?.path)
        try folder?.write("x", to: "a/b/c")
        #expect(try folder?.read("a/b/c") == Array("x".utf8))
        folder = nil
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func eventuallyGivesUp() async throws {
        await #expect(throws: DeadlineExceeded.self) {
            try await eventually(within: .milliseconds(20)) { false }
        }
        await #expect(throws: DeadlineExceeded.self) {
            try await within(.milliseconds(20)) { await Latch().wait() }
        }
    }

    @Test func portsAreHandedOutOnce() throws {
        let ports = try (0..<50).map { _ in try FreePort.tcp() }
        #expect(Set(ports).count == 50)
    }
}
