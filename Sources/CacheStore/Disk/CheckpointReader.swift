/// Reads a checkpoint from front to back and verifies it on the way. A value.
struct CheckpointReader {
    /// Why a checkpoint is of no use: a sentence.
    struct Failure: Error {
        var what: String
    }

    private let file: OpenFile
    private let io: any DiskIO
    private var offset = 0
    private var total = 0
    let head: Checkpoint.Head

    /// nil: there is none.
    init?(_ folder: DiskFolder) throws(Failure) {
        io = folder.io
        let path = folder.file(Checkpoint.name)
        do throws(DiskError) {
            file = OpenFile(descriptor: try io.open(path, create: false), path: path, io: io)
        } catch {
            if error.isNotFound { return nil }
            throw Failure(what: error.description)
        }
        let start = try Self.bytes(file, io, Checkpoint.fixedBytes, at: 0)
        switch Checkpoint.read(start) {
        case .unreadable: throw Failure(what: "damaged at its start")
        case .otherVersion(let version): throw Failure(what: "version \(version) is not known")
        case .head(let length):
            guard let head = Checkpoint.Head(try Self.bytes(file, io, length, at: 0)) else {
                throw Failure(what: "damaged head")
            }
            guard head.store == folder.storeTag else { throw Failure(what: "it belongs to another store") }
            self.head = head
            offset = length
        }
    }

    /// Hands out the next chunk's entries; false: that was the end, and everything was whole.
    mutating func next(_ body: (DiskIndex.Entry) -> Void) throws(Failure) -> Bool {
        let start = try Self.bytes(file, io, 8, at: offset)
        var reader = ByteReader(start)
        guard let count = reader.number(UInt32.self), let sum = reader.number(UInt32.self),
            count <= Checkpoint.chunkLimit
        else { throw Failure(what: "ends at \(offset)") }
        let length = count == 0 ? 8 : Int(count) * Checkpoint.entryBytes
        let bytes = try Self.bytes(file, io, length, at: offset + 8)
        guard bytes.count == length, Checkpoint.sum(count, bytes.span) == sum else {
            throw Failure(what: "damaged at \(offset)")
        }
        if count == 0 {
            var end = ByteReader(bytes)
            guard end.number(UInt64.self) == UInt64(total) else { throw Failure(what: "entries are missing") }
            return false
        }
        for place in 0..<Int(count) {
            if let entry = Checkpoint.entry(bytes, at: place * Checkpoint.entryBytes) { body(entry) }
        }
        total += Int(count)
        offset += 8 + length
        return true
    }

    private static func bytes(
        _ file: OpenFile,
        _ io: any DiskIO,
        _ count: Int,
        at offset: Int
    ) throws(Failure) -> [UInt8] {
        do throws(DiskError) {
            return try io.readBytes(file.descriptor, count, at: offset, path: file.path)
        } catch {
            throw Failure(what: error.description)
        }
    }
}
