import Foundation
import SignatureV4

/// Finds the files of an upload and reads them. A namespace; blocking, so call it off event loops.
public enum FolderReader {
    /// The files at `path` with their keys, sorted: one for a file, all below it for a folder.
    ///
    /// Hidden files are included, since a site may need `.well-known`; `.git` and `.DS_Store` are not. Symbolic links
    /// are followed.
    /// - Parameter prefix: what each key begins with; "" or something like `assets/`.
    public static func files(at path: String, prefix: String) throws(BucketError) -> [LocalFile] {
        let manager = FileManager.default
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw BucketError("no file or folder at \(path)")
        }
        let root = URL(fileURLWithPath: path).resolvingSymlinksInPath()
        guard isFolder.boolValue else {
            // As `cp` does: a prefix that names a folder gets the file's name, any other is the key itself.
            let name = URL(fileURLWithPath: path).lastPathComponent
            let key = prefix.isEmpty || prefix.hasSuffix("/") ? prefix + name : prefix
            return [LocalFile(path: root.path, key: key, relativeKey: name, size: try size(root.path))]
        }
        let folder = prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
        var files: [LocalFile] = []
        var pending = [(folder: root.path, relative: "", depth: 0)]
        while let next = pending.popLast() {
            guard next.depth < 64 else { throw BucketError("\(next.folder): folders nested more than 64 deep") }
            let names: [String]
            do { names = try manager.contentsOfDirectory(atPath: next.folder) } catch {
                throw BucketError("cannot read folder \(next.folder): \(error.localizedDescription)")
            }
            for name in names where name != ".git" && name != ".DS_Store" {
                let full = next.folder + "/" + name
                guard manager.fileExists(atPath: full, isDirectory: &isFolder) else { continue }
                if isFolder.boolValue {
                    pending.append((full, next.relative + name + "/", next.depth + 1))
                } else {
                    let relative = next.relative + name
                    files.append(
                        LocalFile(path: full, key: folder + relative, relativeKey: relative, size: try size(full))
                    )
                }
                guard files.count <= Limits.files else {
                    throw BucketError("\(path): more than \(Limits.files) files")
                }
            }
        }
        return files.sorted { $0.key < $1.key }
    }

    /// Whether there is a folder at `path`.
    public static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// The MD5 of a file in hexadecimal: the ETag that S3 gives to an object uploaded in one piece.
    public static func md5(_ file: LocalFile) throws(BucketError) -> String {
        var digest = IncrementalDigest(.md5)
        try read(file) { piece throws(BucketError) in digest.update(piece) }
        return digest.finish().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Hands the file's bytes to `take`, piece by piece.
    static func read(_ file: LocalFile, _ take: ([UInt8]) throws(BucketError) -> Void) throws(BucketError) {
        guard let handle = FileHandle(forReadingAtPath: file.path) else {
            throw BucketError("cannot open \(file.path)")
        }
        defer { try? handle.close() }
        while true {
            let piece: Data?
            do { piece = try handle.read(upToCount: Limits.pieceBytes) } catch {
                throw BucketError("cannot read \(file.path): \(error.localizedDescription)")
            }
            guard let piece, !piece.isEmpty else { return }
            try take(Array(piece))
        }
    }

    private static func size(_ path: String) throws(BucketError) -> UInt64 {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.size] as? NSNumber)?.uint64Value ?? 0
        } catch {
            throw BucketError("cannot read \(path): \(error.localizedDescription)")
        }
    }
}
