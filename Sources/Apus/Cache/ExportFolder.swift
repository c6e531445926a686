import Glibc

/// A folder that files are written into, and nothing outside of it: every step is taken from an open folder, symbolic links
/// are not followed, and what is there is not overwritten unless that is asked for. Confined to one thread.
final class ExportFolder {
    let path: String
    private let root: Int32
    private let overwrites: Bool
    /// Files that were written under another name first.
    private var temporaries = 0
    /// Files of this run, which a second object must not take.
    private var written: Set<String> = []

    init(path: String, overwrites: Bool) throws(CacheCommandError) {
        self.path = path
        self.overwrites = overwrites
        if mkdir(path, 0o755) != 0, errno != EEXIST { throw Self.refusal("make", path) }
        root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Self.refusal("open", path) }
    }

    deinit { close(root) }

    /// Makes the file, and hands over a function that appends to it. `write` returns whether the file is to stay. A name
    /// that this run has used already gets another ending. Returns the name below the folder; nil: it was not to stay.
    func file(
        _ components: [String],
        _ write: (ExportFile) throws -> Bool
    ) throws -> String? {
        guard let last = components.last else { return nil }
        var folder = dup(root)
        defer { close(folder) }
        var names: [String] = []
        for component in components.dropLast() {
            let (next, name) = try enter(component, in: folder, names)
            close(folder)
            folder = next
            names.append(name)
        }
        var number = 1
        var name = last
        while written.contains((names + [name]).joined(separator: "/")) || isFolder(name, in: folder) {
            number += 1
            name = last + "~\(number)"
        }
        let shown = (names + [name]).joined(separator: "/")
        // What is there stays as it is until the new file is whole.
        let opened = overwrites ? temporaryName() : name
        if overwrites { unlinkat(folder, opened, 0) }
        let descriptor = openat(folder, opened, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_EXCL, 0o644)
        guard descriptor >= 0 else {
            if errno == EEXIST {
                throw CacheCommandError(text: "\(path)/\(shown) is there already; --force overwrites it")
            }
            throw Self.refusal("write", path + "/" + shown)
        }
        let stays: Bool
        do {
            defer { close(descriptor) }
            stays = try write(ExportFile(descriptor: descriptor, path: path + "/" + shown))
        } catch {
            unlinkat(folder, opened, 0)
            throw error
        }
        guard stays else {
            unlinkat(folder, opened, 0)
            return nil
        }
        if overwrites, renameat(folder, opened, folder, name) != 0 {
            let refusal = Self.refusal("write", path + "/" + shown)
            unlinkat(folder, opened, 0)
            throw refusal
        }
        written.insert(shown)
        return shown
    }

    /// Several are open at a time. A file that an earlier process of this number has left is replaced.
    private func temporaryName() -> String {
        temporaries += 1
        return ".apus-export-\(getpid())-\(temporaries)"
    }

    /// The folder of that name, made if it is not there. Where a file of this run has the name, another one.
    private func enter(_ wanted: String, in folder: Int32, _ names: [String]) throws(CacheCommandError) -> (
        Int32, String
    ) {
        var number = 1
        var name = wanted
        while written.contains((names + [name]).joined(separator: "/")) {
            number += 1
            name = wanted + "~\(number)"
        }
        let shown = path + "/" + (names + [name]).joined(separator: "/")
        if mkdirat(folder, name, 0o755) != 0, errno != EEXIST { throw Self.refusal("make", shown) }
        let next = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard next >= 0 else { throw Self.refusal("open", shown) }
        return (next, name)
    }

    private func isFolder(_ name: String, in folder: Int32) -> Bool {
        var status = stat()
        return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    fileprivate static func refusal(_ what: String, _ path: String) -> CacheCommandError {
        CacheCommandError(text: "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}

/// A file that is being written; ``ExportFolder`` closes it. Confined to one thread.
final class ExportFile {
    private let descriptor: Int32
    private let path: String

    fileprivate init(descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Appends all of it.
    func append(_ bytes: [UInt8]) throws(CacheCommandError) {
        var done = 0
        while done < bytes.count {
            // Unsafe pointer: within the array, and gone when the closure returns.
            let count = bytes.withUnsafeBytes { raw in
                Glibc.write(descriptor, raw.baseAddress.map { $0 + done }, raw.count - done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ExportFolder.refusal("write", path) }
            done += count
        }
    }
}
