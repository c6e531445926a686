@testable import CacheStore

/// A disk and what the system keeps of it in memory. A value: a copy is another disk.
///
/// What was written and not synced is kept apart, change by change, so that a power loss can take any part of it: of each
/// page any version since the last sync, torn at a sector or not; of the folder's entries any subset. After a sync that has
/// failed, what it was to write is in memory only and no later sync writes it, as Linux has it.
struct ModelDisk {
    enum Change {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    struct File {
        /// As a reader sees it.
        var bytes: [UInt8] = []
        /// As it is on the disk.
        var synced: [UInt8] = []
        /// Since then.
        var pending: [Change] = []
        var hasLost = false
    }

    enum NameChange {
        case set(String, Int)
        case remove(String)
        case rename(String, String)
    }

    /// A call that changes something. A value, so that a run can be played again up to any of them.
    enum Call {
        case create(String)
        case write(Int, offset: Int, bytes: [UInt8])
        case truncate(Int, Int)
        case sync(Int)
        case rename(String, String)
        case remove(String)
        case syncFolder
    }

    static let page = 4096
    static let sector = 512

    private(set) var files: [Int: File] = [:]
    private(set) var names: [String: Int] = [:]
    private var syncedNames: [String: Int] = [:]
    private var nameChanges: [NameChange] = []
    private var nextFile = 1

    mutating func apply(_ call: Call) {
        switch call {
        case .create(let path):
            if let file = names[path] {
                change(file, .truncate(0))
            } else {
                files[nextFile] = File()
                rename(.set(path, nextFile))
                nextFile += 1
            }
        case .write(let file, let offset, let bytes): change(file, .write(offset: offset, bytes: bytes))
        case .truncate(let file, let length): change(file, .truncate(length))
        case .sync(let file): sync(file)
        case .rename(let from, let to): rename(.rename(from, to))
        case .remove(let path): rename(.remove(path))
        case .syncFolder:
            syncedNames = names
            nameChanges = []
        }
    }

    /// A sync that has failed.
    mutating func failSync(_ file: Int) {
        guard files[file]?.pending.isEmpty == false else { return }
        files[file]?.pending = []
        files[file]?.hasLost = true
    }

    private mutating func sync(_ file: Int) {
        guard var this = files.removeValue(forKey: file) else { return }
        if this.hasLost {
            for change in this.pending { Self.apply(change, to: &this.synced) }
        } else {
            this.synced = this.bytes
        }
        this.pending = []
        files[file] = this
    }

    private mutating func change(_ file: Int, _ change: Change) {
        guard var this = files.removeValue(forKey: file) else { return }
        Self.apply(change, to: &this.bytes)
        this.pending.append(change)
        files[file] = this
    }

    private mutating func rename(_ change: NameChange) {
        Self.apply(change, to: &names)
        nameChanges.append(change)
    }

    private static func apply(_ change: NameChange, to names: inout [String: Int]) {
        switch change {
        case .set(let path, let file): names[path] = file
        case .remove(let path): names[path] = nil
        case .rename(let from, let to):
            if let file = names.removeValue(forKey: from) { names[to] = file }
        }
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let offset, let new):
            if bytes.count < offset + new.count {
                bytes += [UInt8](repeating: 0, count: offset + new.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<(offset + new.count), with: new)
        case .truncate(let length):
            if length < bytes.count { bytes.removeLast(bytes.count - length) }
        }
    }

    // MARK: Losing power

    /// What is there afterwards.
    func afterPowerLoss(_ random: inout SplitMix) -> ModelDisk {
        var disk = ModelDisk()
        disk.nextFile = nextFile
        disk.names = syncedNames
        let kept = random.next() % 2 == 0 ? Int(random.next() % UInt64(nameChanges.count + 1)) : nil
        for (number, change) in nameChanges.enumerated() where kept.map({ number < $0 }) ?? (random.next() % 2 == 0) {
            Self.apply(change, to: &disk.names)
        }
        disk.syncedNames = disk.names
        // 0: nothing that was not synced; 1: everything; else any part.
        let mode = random.next() % 6
        for file in Set(disk.names.values).sorted() {
            guard let this = files[file] else { continue }
            let bytes = mode == 0 ? this.synced : mode == 1 && !this.hasLost ? this.bytes : Self.torn(this, &random)
            disk.files[file] = File(bytes: bytes, synced: bytes)
        }
        return disk
    }

    /// Each page in any version it has had since the last sync.
    private static func torn(_ file: File, _ random: inout SplitMix) -> [UInt8] {
        guard !file.pending.isEmpty else { return file.synced }
        var sizes = [file.synced.count]
        var byPage: [Int: [Int]] = [:]
        for (number, change) in file.pending.enumerated() {
            let size = sizes[sizes.count - 1]
            switch change {
            case .write(let offset, let bytes):
                sizes.append(max(size, offset + bytes.count))
                if !bytes.isEmpty {
                    for page in (offset / page)...((offset + bytes.count - 1) / page) {
                        byPage[page, default: []].append(number)
                    }
                }
            case .truncate(let length): sizes.append(min(size, length))
            }
        }
        let size = random.next() % 3 == 0 ? sizes[Int(random.next() % UInt64(sizes.count))] : sizes[sizes.count - 1]
        var result = file.synced
        if result.count > size { result.removeLast(result.count - size) }
        result += [UInt8](repeating: 0, count: size - result.count)
        for (page, changes) in byPage.sorted(by: { $0.key < $1.key }) {
            let kept = Int(random.next() % UInt64(changes.count + 1))
            for number in changes[..<kept] { write(file.pending[number], page * Self.page, Self.page, to: &result) }
            guard kept < changes.count, random.next() % 4 == 0 else { continue }
            for sector in 0..<(Self.page / Self.sector) where random.next() % 2 == 0 {
                let start = page * Self.page + sector * Self.sector
                write(file.pending[changes[kept]], start, Self.sector, to: &result)
            }
        }
        return result
    }

    /// The part of a write that lies within the range.
    private static func write(_ change: Change, _ start: Int, _ count: Int, to bytes: inout [UInt8]) {
        guard case .write(let offset, let new) = change else { return }
        let from = max(start, offset)
        let to = min(start + count, offset + new.count, bytes.count)
        guard from < to else { return }
        bytes.replaceSubrange(from..<to, with: new[(from - offset)..<(to - offset)])
    }
}
