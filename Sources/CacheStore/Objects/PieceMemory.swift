import CLibc
@_spi(CustomByteBufferAllocator) import NIOCore

/// The memory of counted body pieces. A namespace.
///
/// Whole pieces are units of ``PiecePool``, others come from `malloc`. A header of 16 bytes, which stands before the bytes, or
/// beside the unit, says whose budget they are charged to, and with how much.
///
/// NIO lets a buffer own memory of another allocator, whose functions are C functions without a context: so what they need to
/// know stands before the bytes. The other ways are worse: a weak table from addresses to budgets is a lock and a look-up
/// for each piece, a class around each buffer does not reach those who hold a slice of it (channels), and a budget that is
/// global would let two stores of one process pay for each other.
///
/// Unsafe pointers: every address that the allocator's functions see comes from ``allocate(_:)``, also those for copies that
/// NIO makes when a shared buffer is written to. So it is either a unit's, or `Header.bytes` behind one that `malloc` gave and
/// not a multiple of a unit's size.
enum PieceMemory {
    /// Who pays.
    struct Header {
        /// The budget, retained; nil: not counted.
        var budget: UnsafeRawPointer?
        /// What it is charged with, a multiple of 16, and in the lowest bit whether it is a body's.
        var charge: Int

        static let bytes = 16
        static var empty: Header { Header(budget: nil, charge: 0) }
    }

    /// Sizes up to this much below a unit's are worth one.
    private static let unitSlack = 4 << 10

    private static func isUnitSized(_ bytes: Int) -> Bool {
        bytes <= PiecePool.unit && bytes > PiecePool.unit - unitSlack
    }

    /// Room for `bytes`, not counted yet; nil: no memory.
    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        if isUnitSized(bytes) { return PiecePool.shared.take() }
        guard let start = malloc(bytes + Header.bytes) else { return nil }
        let memory = start + Header.bytes
        if PiecePool.isUnit(memory) {
            // It would be taken for a unit. Another one, while this one is held, lies elsewhere.
            defer { free(start) }
            return allocate(bytes)
        }
        header(of: memory).initialize(to: .empty)
        return memory
    }

    private static func header(of memory: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Header> {
        if PiecePool.isUnit(memory) { return PiecePool.header(of: memory) }
        return (memory - Header.bytes).assumingMemoryBound(to: Header.self)
    }

    /// Notes who has been charged for it. Call once, before others have it.
    static func note(_ memory: UnsafeMutableRawPointer, _ budget: MemoryBudget, cost: Int, isBody: Bool) {
        header(of: memory).pointee = Header(
            budget: UnsafeRawPointer(Unmanaged.passRetained(budget).toOpaque()),
            charge: cost | (isBody ? 1 : 0)
        )
    }

    /// Gives the memory back, and what it was charged with.
    static func release(_ memory: UnsafeMutableRawPointer) {
        settle(memory)
        if PiecePool.isUnit(memory) { PiecePool.shared.give(memory) } else { free(memory - Header.bytes) }
    }

    /// NIO's buffer becomes the owner.
    static func buffer(_ memory: UnsafeMutableRawBufferPointer) -> ByteBuffer {
        ByteBuffer(takingOwnershipOf: memory, allocator: allocator)
    }

    /// What a piece of this capacity takes: its storage as the allocator rounds it, and the object around it.
    static func cost(capacity: Int) -> Int {
        (isUnitSized(capacity) ? PiecePool.unit : AllocatorTuning.rounded(capacity + Header.bytes)) + bufferObjectBytes
    }

    /// NIO's storage object with its own malloc header.
    static let bufferObjectBytes = 80

    private static let allocator = ByteBufferAllocator(
        allocate: { PieceMemory.allocate($0) },
        reallocate: { PieceMemory.resize($0, from: $1, to: $2) },
        deallocate: { PieceMemory.release($0) },
        copy: { $0.copyMemory(from: $1, byteCount: $2) }
    )

    /// Someone writes into a buffer that only he holds: no piece of a body any more, and not counted.
    private static func resize(
        _ memory: UnsafeMutableRawPointer?,
        from old: Int,
        to bytes: Int
    ) -> UnsafeMutableRawPointer? {
        guard let new = allocate(bytes), let memory else { return nil }
        new.copyMemory(from: memory, byteCount: min(old, bytes))
        release(memory)
        return new
    }

    /// Gives back what was charged, and forgets it.
    private static func settle(_ memory: UnsafeMutableRawPointer) {
        let header = header(of: memory)
        let noted = header.pointee
        guard let address = noted.budget else { return }
        header.pointee = .empty
        let budget = Unmanaged<MemoryBudget>.fromOpaque(address).takeRetainedValue()
        let cost = noted.charge & ~1
        guard noted.charge & 1 == 1 else { return budget.countPassing(-cost) }
        budget.countPieces(-cost)
        budget.adjust(by: -cost)
    }
}
