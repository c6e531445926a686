import Foundation
public import Glibc
import NIOConcurrencyHelpers

/// A program started by a test. It runs in a process group of its own, and the whole group is killed when the last
/// reference goes or the tests end. Guarded by a lock; two threads of its own read its output and reap it.
public final class RunningProcess: Sendable {
    struct State {
        var output = ""
        var standardOutput = ""
        var openStreams = 2
        var status: ExitStatus?
    }

    /// The process's id; also that of its group.
    public let pid: pid_t
    /// The program and its arguments, for messages.
    public let commandLine: String
    private let state: NIOLockedValueBox<State>

    /// Starts `executable` (a path, or a name to be found in PATH) with nothing on its standard input.
    ///
    /// - Parameters:
    ///   - environment: added to the test's own environment; an empty value removes the variable.
    ///   - folder: where it runs; nil: where the test runs.
    public init(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        folder: String? = nil
    ) throws {
        let state = NIOLockedValueBox(State())
        let output = try PipeEnds()
        let errors = try PipeEnds()
        defer {
            close(output.write)
            close(errors.write)
        }
        do {
            pid = try Spawner.spawn(
                executable,
                arguments,
                environment: Self.merged(environment),
                folder: folder,
                output: output.write,
                errors: errors.write
            )
        } catch {
            close(output.read)
            close(errors.read)
            throw error
        }
        self.state = state
        commandLine = ([executable] + arguments).joined(separator: " ")
        ProcessGroups.add(pid)
        Self.follow(output.read, isStandardOutput: true, into: state)
        Self.follow(errors.read, isStandardOutput: false, into: state)
        Self.reap(pid, into: state)
    }

    deinit {
        kill()
    }

    /// Everything it has written so far, standard output and standard error in the order they were read.
    public var output: String { state.withLockedValue { $0.output } }

    /// What it has written to standard output so far.
    public var standardOutput: String { state.withLockedValue { $0.standardOutput } }

    /// How it ended; nil while it runs.
    public var status: ExitStatus? { state.withLockedValue { $0.status } }

    /// Sends a signal to the process alone. Nothing happens when it has ended.
    public func signal(_ number: Int32) {
        // Under the lock: the reaper takes the id back only with the lock held, so it still is this process.
        state.withLockedValue { if $0.status == nil { _ = Glibc.kill(pid, number) } }
    }

    /// kill -9 to the whole process group.
    public func kill() {
        state.withLockedValue { if $0.status == nil { _ = Glibc.kill(-pid, SIGKILL) } }
    }

    /// Waits until it has ended and its output is complete.
    @discardableResult
    public func wait(within limit: Duration = .seconds(30)) async throws -> ExitStatus {
        try await eventually(within: limit, "the end of \(commandLine)") { status != nil }
        // A grandchild may hold the pipes open; the output up to here is enough then.
        try? await eventually(within: .seconds(1)) { state.withLockedValue { $0.openStreams == 0 } }
        guard let status else { throw DeadlineExceeded(description: "\(commandLine) has no status") }
        return status
    }

    /// SIGTERM, then waits; kill -9 and ``DeadlineExceeded`` when it does not end in time.
    @discardableResult
    public func terminate(within limit: Duration = .seconds(15)) async throws -> ExitStatus {
        signal(SIGTERM)
        do {
            return try await wait(within: limit)
        } catch {
            kill()
            throw error
        }
    }

    /// Waits for a line of its output that contains `text`, and returns it. Throws at once, with the output, when the
    /// process ends without it.
    @discardableResult
    public func waitForLine(containing text: String, within limit: Duration = .seconds(30)) async throws -> String {
        var found: String?
        do {
            try await eventually(within: limit, "a line with \"\(text)\"") {
                let hasEnded = status != nil
                found = output.split(separator: "\n").first { $0.contains(text) }.map(String.init)
                return found != nil || hasEnded
            }
        } catch {
            throw DeadlineExceeded(description: "\(commandLine): \(error); output so far:\n\(output)")
        }
        guard let found else {
            throw DeadlineExceeded(description: "\(commandLine) ended without \"\(text)\"; its output:\n\(output)")
        }
        return found
    }

    /// Resident memory now, in bytes; nil when the process is gone.
    public var residentBytes: Int? { memory("VmRSS:") }

    /// The most resident memory it ever had, in bytes; nil when the process is gone.
    public var peakResidentBytes: Int? { memory("VmHWM:") }

    private func memory(_ key: String) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
        return line.flatMap { Int($0.filter(\.isNumber)) }.map { $0 * 1024 }
    }

    private static func merged(_ changes: [String: String]) -> [String: String] {
        ProcessInfo.processInfo.environment
            .merging(changes) { $1 }
            .filter { changes[$0.key] != "" }
    }

    private static func follow(_ descriptor: Int32, isStandardOutput: Bool, into state: NIOLockedValueBox<State>) {
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            var undecoded: [UInt8] = []
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                undecoded.append(contentsOf: buffer[..<count])
                // Whole lines where possible, so that the two streams do not mix within one and no character is cut.
                let end = undecoded.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
                let text = String(decoding: undecoded[..<end], as: UTF8.self)
                undecoded.removeFirst(end)
                state.withLockedValue { $0.append(text, isStandardOutput: isStandardOutput) }
            }
            close(descriptor)
            let rest = String(decoding: undecoded, as: UTF8.self)
            state.withLockedValue { state in
                state.append(rest, isStandardOutput: isStandardOutput)
                state.openStreams -= 1
            }
        }
    }

    private static func reap(_ pid: pid_t, into state: NIOLockedValueBox<State>) {
        Thread.detachNewThread {
            var info = siginfo_t()
            // WNOWAIT leaves the zombie, and with it the id, until the lock is held.
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR {}
            state.withLockedValue { state in
                // What the process started and left behind goes with it.
                _ = Glibc.kill(-pid, SIGKILL)
                var status: Int32 = 0
                while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
                state.status = ExitStatus(waitStatus: status)
                ProcessGroups.remove(pid)
            }
        }
    }
}

extension RunningProcess.State {
    fileprivate mutating func append(_ text: String, isStandardOutput: Bool) {
        output += text
        if isStandardOutput { standardOutput += text }
    }
}
