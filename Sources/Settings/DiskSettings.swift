/// One disk of the disk tier. A value.
public struct DiskSettings: Sendable, Equatable {
    /// A folder that belongs to this edge alone.
    public var path: String
    /// Bytes it may use.
    public var size: ByteSize
    /// What is asked of bodies that are not below ``admitAtOnceBelow``.
    public var admission: DiskAdmission
    /// Smaller bodies are written when they first come.
    public var admitAtOnceBelow: ByteSize
    /// Bytes that may be written in a day; nil: no bound.
    public var writesADay: ByteSize?
    /// Bytes a second that are read to look for damage; 0: none.
    public var scrub: ByteSize

    /// Makes a disk.
    public init(
        path: String,
        size: ByteSize,
        admission: DiskAdmission = Defaults.diskAdmission,
        admitAtOnceBelow: ByteSize = Defaults.admitAtOnceBelow,
        writesADay: ByteSize? = nil,
        scrub: ByteSize = Defaults.scrub
    ) {
        self.path = path
        self.size = size
        self.admission = admission
        self.admitAtOnceBelow = admitAtOnceBelow
        self.writesADay = writesADay
        self.scrub = scrub
    }
}

extension DiskSettings {
    init(group: SettingsGroup) throws(SettingsError) {
        self.init(
            path: try group.require("path", \.asText),
            size: try group.require("size", \.asSize),
            admission: group["admission"]?.asText.flatMap(DiskAdmission.init(rawValue:)) ?? Defaults.diskAdmission,
            admitAtOnceBelow: try group.require("admit_at_once_below", \.asSize),
            writesADay: group["writes_a_day"]?.asSize,
            scrub: try group.require("scrub", \.asSize)
        )
    }

    /// What no disk shows alone: folders that are the same or lie in one another, and more bytes than there can be.
    static func check(_ disks: [SettingsGroup], _ checks: inout SettingsChecks) {
        var folders: [(path: String, parts: [Substring], position: YAMLPosition)] = []
        var sum = 0
        for disk in disks {
            if let path = disk["path"]?.asText {
                let position = disk.position(of: "path")
                let parts = parts(of: path)
                if let other = folders.first(where: { $0.parts.starts(with: parts) || parts.starts(with: $0.parts) }) {
                    let how = other.parts == parts ? " a second time" : ", which is not apart from \(other.path)"
                    checks.report(
                        position,
                        found: "\(path)\(how)",
                        expected: "a folder of its own for every disk",
                        hint: "the other is on line \(other.position.line)"
                    )
                }
                folders.append((path, parts, position))
            }
            guard let size = disk["size"]?.asSize else { continue }
            sum += size.bytes
            if sum > SettingsLimits.disk.upperBound.bytes, sum - size.bytes <= SettingsLimits.disk.upperBound.bytes {
                checks.report(
                    disk.position(of: "size"),
                    found: "\(ByteSize(bytes: sum)) on all disks together",
                    expected: "at most \(SettingsLimits.disk.upperBound)"
                )
            }
        }
    }

    /// The folders on the way, with `.` and `..` resolved as they are written: links are not followed.
    private static func parts(of path: String) -> [Substring] {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
        }
        return parts
    }
}
