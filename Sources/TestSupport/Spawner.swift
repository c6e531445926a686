import Glibc
import NIOConcurrencyHelpers

/// A program that could not be started. A value.
public struct SpawnError: Error, CustomStringConvertible {
    /// What could not be done, and why.
    public let description: String

    init(_ what: String, _ code: Int32) {
        description = "\(what): \(String(cString: strerror(code)))"
    }
}

/// Both ends of a pipe that no child inherits by itself. A value; who makes it closes both.
struct PipeEnds {
    let read: Int32
    let write: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SpawnError("pipe", errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        read = ends[0]
        write = ends[1]
    }
}

/// posix_spawn(3) with what a test wants: its own process group, default signals, no inherited descriptor. A namespace.
///
/// The last matters: a child that inherits a listening socket of the test keeps an origin "up" that the test stopped.
enum Spawner {
    // The two GNU extensions are hidden from Swift's view of the C library (they need _GNU_SOURCE), hence the look-up.
    // Their types are those of spawn.h: int (posix_spawn_file_actions_t *, int) and (…, const char *).
    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    private typealias ChangeFolder =
        @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32
    private static let addCloseFrom = symbol("posix_spawn_file_actions_addclosefrom_np", as: CloseFrom.self)
    private static let addChangeFolder = symbol("posix_spawn_file_actions_addchdir_np", as: ChangeFolder.self)

    private static func symbol<Function>(_ name: String, as type: Function.Type) -> Function? {
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }

    static func spawn(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        folder: String?,
        output: Int32,
        errors: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        guard let addCloseFrom, let addChangeFolder else { throw SpawnError("glibc 2.34 or later", ENOSYS) }
        _ = addCloseFrom(&actions, 3)
        if let folder { _ = folder.withCString { addChangeFolder(&actions, $0) } }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        return try withCStrings([executable] + arguments) { argv in
            try withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
                var pid: pid_t = 0
                let code = posix_spawnp(&pid, executable, &actions, &attributes, argv, envp)
                guard code == 0 else { throw SpawnError("cannot start \(executable)", code) }
                return pid
            }
        }
    }

    /// The strings as a null-terminated array of C strings; valid only during `body`.
    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) throws -> Result
    ) throws -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return try body(copies + [nil])
    }
}

/// The groups that still run, killed when the tests' process exits. Guarded by a lock.
enum ProcessGroups {
    private static let live = NIOLockedValueBox(Set<pid_t>())
    private static let installed: Bool = atexit { ProcessGroups.killAll() } == 0

    static func add(_ group: pid_t) {
        _ = installed
        _ = live.withLockedValue { $0.insert(group) }
    }

    static func remove(_ group: pid_t) {
        _ = live.withLockedValue { $0.remove(group) }
    }

    private static func killAll() {
        for group in live.withLockedValue({ $0 }) { _ = kill(-group, SIGKILL) }
    }
}
