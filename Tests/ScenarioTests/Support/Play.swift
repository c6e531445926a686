import Glibc
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

/// Plays a scenario against the program as it is built: a scripted origin, `apus edge` in front of it as a process of
/// its own with a settings file, and clients.
///
///     try await play { stage in
///         stage.origin("/a", "Cache-Control: max-age=60")
///         try await stage.get("/a").expect(.miss, .stored)
///         try await stage.get("/a").expect(.hit, .age(0...60), .body("answer 1"))
///     }
///
/// In the end the program must leave in an orderly way and must not have complained. Scenarios that have to look inside
/// an edge (leases, leaks, what memory holds) use ``scenario(_:loops:memoryMiB:disk:lease:compress:isolation:_:)``.
///
/// - Parameters:
///   - kind: the origin is a server of its own, or the bucket "site".
///   - site: more lines of the site's settings, such as "stale_if_error: 1h".
///   - cache: more lines of the cache's settings, such as "max_object: 1MiB".
///   - hosts: those of the site.
///   - disk: the edge has a disk tier too.
///   - control: the edge follows the purges of an `apus control` of its own.
func play(
    _ kind: Stage.Kind = .http,
    site: String = "",
    cache: String = "",
    hosts: [String] = ["*"],
    disk: Bool = false,
    control: Bool = false,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (Play) async throws -> Void
) async throws {
    await Play.slots.enter()
    defer { Play.slots.leave() }
    let stage = try await Play(kind, site: site, cache: cache, hosts: hosts, disk: disk, hasControl: control)
    do {
        try await body(stage)
    } catch {
        stage.kill()
        await stage.server.stop()
        throw error
    }
    try await stage.end()
}

/// A scripted origin, and the built program in front of it. Guarded by a lock.
///
/// The edge has one site, for every host. In a `.bucket` play `/a.css` is asked for as `/site/a.css`, in an `.http`
/// play as it is.
final class Play: Sendable {
    /// How many plays run at once: each has a process or two, and few cores.
    static let slots = Slots(4)

    private struct Running {
        var process: RunningProcess
        var address: SocketAddress
        var status: SocketAddress
    }

    let kind: Stage.Kind
    /// The origin.
    let server: ScriptedOrigin
    let control: PlayedControl?
    private let folder: TemporaryFolder
    private let file: String
    private let settings: NIOLockedValueBox<String>
    private let running: NIOLockedValueBox<Running>

    fileprivate init(
        _ kind: Stage.Kind,
        site: String,
        cache: String,
        hosts: [String],
        disk: Bool,
        hasControl: Bool
    ) async throws {
        self.kind = kind
        folder = try TemporaryFolder()
        server = try await ScriptedOrigin.start()
        control = hasControl ? try await PlayedControl(in: folder) : nil
        let diskLine = disk ? "disk: { path: \(folder.file("cache")), size: 64MiB }" : ""
        let origin =
            kind == .http
            ? "{ type: http, url: \"\(server.url)\" }" : "{ type: s3, endpoint: \"\(server.url)\", bucket: site }"
        let text = """
            node: edge
            threads: 2
            log_level: notice
            listen:
              - address: 127.0.0.1:0
            status: 127.0.0.1:0
            cache:
            \(cache.contains("memory:") ? "" : "  memory: 32MiB")
            \(Self.indented(cache, diskLine, by: 2))
            \(control?.settings ?? "")
            sites:
              - name: stage
                hosts: \(hosts)
                origin: \(origin)
            \(Self.indented(site, by: 4))
            """
        file = try folder.write(text, to: "edge.yaml")
        settings = NIOLockedValueBox(text)
        running = NIOLockedValueBox(try await Self.start(file))
        if control != nil { try await isReady() }
    }

    private static func indented(_ blocks: String..., by count: Int) -> String {
        let space = String(repeating: " ", count: count)
        let lines = blocks.flatMap { $0.split(separator: "\n") }
        return lines.map { space + $0 + "\n" }.joined()
    }

    private static func start(_ file: String) async throws -> Running {
        let process = try ProcessRunner.apus(["edge", "--config", file])
        // The last line of the two: when it is there, the edge listens everywhere.
        try await process.waitForLine(containing: " serves on ")
        return Running(
            process: process,
            address: try address(after: " serves on ", in: process),
            status: try address(after: " its status on ", in: process)
        )
    }

    static func address(after words: String, in process: RunningProcess) throws -> SocketAddress {
        let line = try #require(process.output.split(separator: "\n").first { $0.contains(words) }, "\(process.output)")
        let digits = line.drop { $0 != "[" }.reversed().drop { !$0.isNumber }.prefix { $0.isNumber }.reversed()
        return try SocketAddress(ipAddress: "127.0.0.1", port: try #require(Int(String(digits)), "\(line)"))
    }

    var address: SocketAddress { running.withLockedValue { $0.address } }
    var process: RunningProcess { running.withLockedValue { $0.process } }

    private func isReady() async throws {
        try await eventually("readiness") { try await self.status("/readyz").status == 200 }
    }

    // MARK: The program

    /// kill -9.
    func kill() { process.kill() }

    /// Stops the edge in an orderly way and starts it again with the same settings and the same disk.
    func restart() async throws {
        try await stop()
        try await startAgain()
    }

    /// The same with one part of the settings changed.
    func restart(changing old: String, to new: String) async throws {
        try await stop()
        let text = settings.withLockedValue { text in
            #expect(text.contains(old), "\(text)")
            text = text.replacing(old, with: new)
            return text
        }
        try folder.write(text, to: "edge.yaml")
        try await startAgain()
    }

    /// Starts the edge again after ``kill()``.
    func restartAfterKill() async throws {
        try await process.wait()
        try await startAgain()
    }

    private func startAgain() async throws {
        let next = try await Self.start(file)
        running.withLockedValue { $0 = next }
        if control != nil { try await isReady() }
    }

    private func stop() async throws {
        let process = process
        let status = try await process.terminate()
        #expect(status == .exited(0), "\(process.output)")
        let complaints = process.output.split(separator: "\n").filter {
            $0.contains(" error ") || $0.contains(" critical ") || $0.contains("Fatal error")
        }
        #expect(complaints.isEmpty, "\(process.output)")
    }

    fileprivate func end() async throws {
        await server.stop()
        try await stop()
    }

    // MARK: What it says of itself

    /// An answer of the status port.
    func status(_ path: String) async throws -> RawClient.Response {
        let client = try await RawClient.connect(to: running.withLockedValue { $0.status })
        try await client.send("GET \(path) HTTP/1.1\r\nHost: status\r\nConnection: close\r\n\r\n")
        let response = try await client.response()
        await client.close()
        return response
    }

    /// A figure of `/metrics`, such as `apus_requests_total{result="collapsed"}`; 0 when there is no such line.
    func metric(_ name: String) async throws -> Int {
        let line = try await status("/metrics").text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }.map { Int($0) } ?? 0
    }

    /// Waits until that many requests have joined another's question to the origin.
    func waitUntil(collapsed count: Int) async throws {
        try await eventually("\(count) requests that wait") {
            try await self.metric("apus_requests_total{result=\"collapsed\"}") >= count
        }
    }

    // MARK: Purges

    /// `apus purge`, with a path of the site or with the command's own options; returns when the edge has confirmed.
    func purge(_ arguments: String...) async throws {
        let control = try #require(control, "this play has no control")
        let arguments = arguments.map { $0.hasPrefix("/") ? "http://edge.test\($0)" : $0 }
        let result = try await ProcessRunner.run(
            ProcessRunner.apusPath,
            ["purge"] + arguments + ["--control", control.url, "--token", PlayedControl.token]
        )
        #expect(result.status == .exited(0), "\(result.output)")
    }
}

/// `apus control` as a process of its own. Immutable.
final class PlayedControl: Sendable {
    static let token = "a-token-of-the-scenarios"
    let process: RunningProcess
    let url: String

    init(in folder: TemporaryFolder) async throws {
        let text = """
            listen: 127.0.0.1:0
            store: { sqlite: \(folder.file("control.sqlite")) }
            tokens: [ { token: \(Self.token), scopes: [admin] } ]
            """
        let file = try folder.write(text, to: "control.yaml")
        process = try ProcessRunner.apus(["control", "--config", file])
        try await process.waitForLine(containing: "are on http")
        url = "http://127.0.0.1:\(try Play.address(after: "are on http", in: process).port ?? 0)"
    }

    var settings: String { "control: { url: \"\(url)\", token: \(Self.token) }" }
}
