import CLibc

/// Settings of glibc's allocator that keep a cache's resident memory near its budget. A namespace. Whole pieces of bodies do
/// not come from it: see ``PiecePool``.
///
/// Left alone, glibc gives each thread an arena of its own (memory freed in one is no use to the others) and raises the
/// size from which it maps memory directly up to 32 MiB, after which large bodies live in arenas too and leave holes.
public enum AllocatorTuning {
    /// Allocations from this size on are mapped on their own and go back to the system when freed. Fixed, so that
    /// glibc's own raising of it is off. Just above the largest receive buffer (64 KiB), which must not be mapped for every
    /// read, and above the last pieces of bodies, which are smaller than that. What is larger is rare: parts of bodies that
    /// stay on disk, records read at once, and tables.
    static let mmapThreshold = 68 << 10

    /// What an allocation of `bytes` really takes.
    static func rounded(_ bytes: Int) -> Int {
        bytes >= mmapThreshold ? (bytes + 16 + 4095) & ~4095 : max(32, (bytes + 8 + 15) & ~15)
    }

    /// Call once, at the very start of the program, before other threads exist. Where the allocator is not glibc's, it
    /// does nothing.
    public static func apply() {
        #if os(Linux)
            // Two arenas: per-thread caches serve small allocations; large ones are rare beside the work done on them.
            _ = mallopt(M_ARENA_MAX, 2)
            _ = mallopt(M_MMAP_THRESHOLD, CInt(mmapThreshold))
            // The kernel allows 65,530 mappings; beyond ours, large allocations come from the arenas after all.
            _ = mallopt(M_MMAP_MAX, 40_000)
            // Memory freed at the top of an arena goes back to the system once it is this much.
            _ = mallopt(M_TRIM_THRESHOLD, 4 << 20)
            _ = mallopt(M_TOP_PAD, 1 << 20)
        #endif
    }
}
