/// The file system that a folder lies on. A value.
struct DiskVolume: Sendable, Equatable {
    /// The system's name for it; another one after a restart, perhaps.
    var device: UInt64
    /// All of it, in bytes.
    var bytes: Int
}
