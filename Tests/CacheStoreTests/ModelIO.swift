import Glibc
import NIOConcurrencyHelpers

@testable import CacheStore

/// The system's calls on a ``ModelDisk``, in memory. Lock inside.
final class ModelIO: DiskIO {
    /// What a call meets.
    enum Fault {
        case refuse(Int32)
        /// A write writes half of it.
        case short
    }

    private struct State {
        var disk: ModelDisk
        var open: [Int32: Int] = [:]
        var nextDescriptor: Int32 = 100
        var calls: [ModelDisk.Call] = []
        var count = 0
        var fault: (call: Int, fault: Fault)?
        var keepsCalls: Bool
        var interruption: Interruption?
    }

    /// In a struct: a bare closure in a generic box is wrapped one layer deeper at every access.
    private struct Interruption {
        /// Writes to segments that go before.
        var after: Int
        var body: @Sendable () -> Void
    }

    private let state: NIOLockedValueBox<State>

    /// `fault`: what the call of this number (the first one is 0) meets. `keepsCalls`: to play the run again.
    init(_ disk: ModelDisk, fault: (call: Int, fault: Fault)? = nil, keepsCalls: Bool = false) {
        state = NIOLockedValueBox(State(disk: disk, fault: fault, keepsCalls: keepsCalls))
    }

    /// The disk as it is now.
    var disk: ModelDisk { state.withLockedValue { $0.disk } }
    /// Calls so far that change something.
    var count: Int { state.withLockedValue { $0.count } }
    var calls: [ModelDisk.Call] { state.withLockedValue { $0.calls } }

    /// Whether the fault has been met.
    var hasFailed: Bool { state.withLockedValue { state in state.fault.map { $0.call < state.count } ?? false } }

    /// Something that happens once, on the writing thread, just before a write to a segment: `after` others.
    func interrupt(after: Int = 0, _ body: (@Sendable () -> Void)?) {
        state.withLockedValue { $0.interruption = body.map { Interruption(after: after, body: $0) } }
    }

    private func interruptIfDue(_ path: String) {
        guard path.contains("segment") else { return }
        let due = state.withLockedValue { state -> Interruption? in
            guard let next = state.interruption else { return nil }
            if next.after > 0 {
                state.interruption?.after -= 1
                return nil
            }
            state.interruption = nil
            return next
        }
        due?.body()
    }

    private func change(
        _ operation: DiskError.Operation,
        _ path: String,
        _ call: (State) -> ModelDisk.Call
    ) throws(DiskError) -> Int {
        let result = state.withLockedValue { state -> Result<Int, DiskError> in
            var call = call(state)
            let number = state.count
            state.count += 1
            if let fault = state.fault, fault.call == number {
                switch fault.fault {
                case .refuse(let code):
                    if case .sync(let file) = call { state.disk.failSync(file) }
                    return .failure(DiskError(operation: operation, path: path, code: code))
                case .short:
                    if case .write(let file, let offset, let bytes) = call {
                        call = .write(file, offset: offset, bytes: Array(bytes.prefix(max(1, bytes.count / 2))))
                    }
                }
            }
            if state.keepsCalls { state.calls.append(call) }
            state.disk.apply(call)
            if case .write(_, _, let bytes) = call { return .success(bytes.count) }
            return .success(0)
        }
        return try result.get()
    }

    private func file(_ descriptor: Int32) -> Int { state.withLockedValue { $0.open[descriptor] ?? 0 } }

    func open(_ path: String, create: Bool) throws(DiskError) -> Int32 {
        if create { _ = try change(.open, path) { _ in .create(path) } }
        let descriptor = state.withLockedValue { state -> Int32? in
            guard let file = state.disk.names[path] else { return nil }
            state.nextDescriptor += 1
            state.open[state.nextDescriptor] = file
            return state.nextDescriptor
        }
        guard let descriptor else { throw DiskError(operation: .open, path: path, code: ENOENT) }
        return descriptor
    }

    func close(_ file: Int32) { state.withLockedValue { $0.open[file] = nil } }

    func size(_ file: Int32, path: String) throws(DiskError) -> Int {
        let file = self.file(file)
        return state.withLockedValue { $0.disk.files[file]?.bytes.count ?? 0 }
    }

    func read(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        let file = self.file(file)
        return state.withLockedValue { state in
            guard let bytes = state.disk.files[file]?.bytes, offset < bytes.count else { return 0 }
            let count = min(target.count, bytes.count - offset)
            bytes.withUnsafeBytes { target.copyMemory(from: .init(rebasing: $0[offset..<(offset + count)])) }
            return count
        }
    }

    func readNow(_ file: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) -> ReadNow {
        .unsupported
    }

    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws(DiskError) -> Int {
        interruptIfDue(path)
        let copy = [UInt8](bytes)
        return try change(.write, path) { .write($0.open[file] ?? 0, offset: offset, bytes: copy) }
    }

    func truncate(_ file: Int32, to length: Int, path: String) throws(DiskError) {
        _ = try change(.truncate, path) { .truncate($0.open[file] ?? 0, length) }
    }

    func sync(_ file: Int32, path: String) throws(DiskError) {
        _ = try change(.sync, path) { .sync($0.open[file] ?? 0) }
    }

    func lock(_ path: String) throws(DiskError) -> Int32? { -1 }

    func unlock(_ file: Int32) {}

    func rename(_ from: String, to: String) throws(DiskError) {
        _ = try change(.rename, from) { _ in .rename(from, to) }
    }

    func remove(_ path: String) throws(DiskError) {
        _ = try change(.remove, path) { _ in .remove(path) }
    }

    func makeFolder(_ path: String) throws(DiskError) {}

    func names(in folder: String) throws(DiskError) -> [String] {
        state.withLockedValue { $0.disk.names.keys.compactMap { $0.split(separator: "/").last.map(String.init) } }
    }

    func volume(of folder: String) throws(DiskError) -> DiskVolume { DiskVolume(device: 1, bytes: 1 << 40) }

    func syncFolder(_ path: String) throws(DiskError) {
        _ = try change(.sync, path) { _ in .syncFolder }
    }
}
