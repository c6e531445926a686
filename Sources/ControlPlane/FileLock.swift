import FoundationEssentials
import Glibc
import NIOConcurrencyHelpers

/// Keeps a second control process from a database, by `flock` on a file beside it. Its lock protects the descriptor.
///
/// Two processes on one database would each believe that they know every lease.
final class FileLock: Sendable {
    private let descriptor: NIOLockedValueBox<Int32?>

    /// Takes the lock, or says why not. The folder is made when it is missing.
    init(databasePath path: String) throws(ControlStoreError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        if !folder.isEmpty {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                let code = ((error as? CocoaError)?.underlying as? POSIXError)?.code.rawValue
                let reason = code.map { String(cString: strerror($0)) } ?? "it is no folder"
                throw ControlStoreError(
                    .unusable,
                    "Control cannot make the folder \(folder) for its database \(path): \(reason)."
                )
            }
        }
        let opened = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw ControlStoreError(
                .unusable,
                "Control cannot write \(path).lock: \(String(cString: strerror(errno)))."
            )
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            Glibc.close(opened)
            throw ControlStoreError(.unusable, "Another control process uses the database \(path).")
        }
        descriptor = NIOLockedValueBox(opened)
    }

    /// Lets the next process have the database.
    func release() {
        let old = descriptor.withLockedValue { value in
            defer { value = nil }
            return value
        }
        if let old { Glibc.close(old) }
    }

    deinit {
        release()
    }
}
