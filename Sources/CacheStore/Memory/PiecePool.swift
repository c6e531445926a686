import CLibc
import Glibc
import NIOConcurrencyHelpers

/// Memory for the long pieces of bodies: units of 64 KiB from large regions. One for the process, since what one store gives
/// back is of use to the next. Lock inside, held for a few instructions.
///
/// All units are alike, so that whatever comes and goes leaves no holes, and a unit that is used again costs no page fault. A
/// few free ones are kept as they are; the pages of others go back to the system, and their addresses stay. A region is one
/// mapping however its units are used, so that the kernel's limit of mappings (65,530) does not matter: 64 GiB are a
/// thousand regions.
///
/// Unsafe pointers: a region is mapped once and never unmapped; it is aligned to its size, so that a unit's address says
/// where its region begins, and with that its header. Between ``take()`` and ``give(_:)`` a unit is its taker's alone; its header
/// is touched by whoever has the unit.
///
/// Unchecked: `free`, `cold`, `next` and `inUse` are touched only under `lock`.
final class PiecePool: @unchecked Sendable {
    /// Bytes of a unit, and what its address is a multiple of.
    static let unit = 64 << 10
    static let shared = PiecePool()

    private static let regionBytes = 64 << 20
    private static let unitsPerRegion = regionBytes / unit
    /// Free units whose pages are kept, at least: 4 MiB.
    private static let keptAtLeast = 64

    private let lock = NIOLock()
    /// Free, with their pages; the one freed last is taken first.
    private var free: [UnsafeMutableRawPointer] = []
    /// Free, without pages.
    private var cold: [UnsafeMutableRawPointer] = []
    /// The region that is being cut, and the next of its units. The first unit of a region holds the headers.
    private var next: (region: UnsafeMutableRawPointer, index: Int)?
    private var inUse = 0

    /// Whether the address is that of a unit. ``PieceMemory`` sees to it that no other piece begins at such an address.
    static func isUnit(_ memory: UnsafeMutableRawPointer) -> Bool {
        UInt(bitPattern: memory) & UInt(unit - 1) == 0
    }

    /// Where the unit's header stands.
    static func header(of memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<PieceMemory.Header> {
        let address = UInt(bitPattern: memory)
        let index = Int(address & UInt(regionBytes - 1)) / unit
        let region = memory - Int(address & UInt(regionBytes - 1))
        return region.assumingMemoryBound(to: PieceMemory.Header.self) + index
    }

    /// A unit with nothing of use in it and an empty header; nil: no memory.
    func take() -> UnsafeMutableRawPointer? {
        lock.withLock {
            guard let memory = free.popLast() ?? cold.popLast() ?? cut() else { return nil }
            inUse += 1
            Self.header(of: memory).pointee = .empty
            return memory
        }
    }

    /// Gives a unit back.
    func give(_ memory: UnsafeMutableRawPointer) {
        let surplus: UnsafeMutableRawPointer? = lock.withLock {
            inUse -= 1
            // A share of what is in use: sizes that change meanwhile need little more than that at once.
            guard free.count >= max(Self.keptAtLeast, inUse / 64) else {
                free.append(memory)
                return nil
            }
            return memory
        }
        guard let surplus else { return }
        madvise(surplus, Self.unit, MADV_DONTNEED)
        lock.withLock { cold.append(surplus) }
    }

    private func cut() -> UnsafeMutableRawPointer? {
        if next == nil { next = Self.map().map { ($0, 1) } }
        guard let (region, index) = next else { return nil }
        next = index + 1 < Self.unitsPerRegion ? (region, index + 1) : nil
        return region + index * Self.unit
    }

    /// A region at a multiple of its size: twice as much is mapped, and what is too much goes back.
    private static func map() -> UnsafeMutableRawPointer? {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let start = mmap(nil, 2 * regionBytes, PROT_READ | PROT_WRITE, flags, -1, 0), start != MAP_FAILED else {
            return nil
        }
        let before = (regionBytes - Int(UInt(bitPattern: start) & UInt(regionBytes - 1))) & (regionBytes - 1)
        let region = start + before
        if before > 0 { munmap(start, before) }
        munmap(region + regionBytes, regionBytes - before)
        // A huge page behind the first byte of each unit that is given back would bring its pages back.
        madvise(region, regionBytes, MADV_NOHUGEPAGE)
        return region
    }
}
