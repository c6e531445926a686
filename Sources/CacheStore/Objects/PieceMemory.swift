import CLibc
@_spi(CustomByteBufferAllocator) import NIOCore

/// The memory of counted body pieces: a header of 16 bytes before the bytes says whose budget they are charged to, and with
/// how much. A namespace.
///
/// NIO lets a buffer own memory of another allocator, whose functions are C functions without a context: so what they need to
/// know stands before the bytes. The other ways are worse: a weak table from addresses to budgets is a lock and a look-up
/// for each piece, a class around each buffer does not reach those who hold a slice of it (channels), and a budget that is
/// global would let two stores of one process pay for each other.
///
/// Unsafe pointers: every address that the allocator's functions see is `Header.bytes` behind one that `malloc` gave, with a
/// header there, since all of them, also those for copies that NIO makes when a shared buffer is written to, come from
/// ``allocate(_:)``.
enum PieceMemory {
    /// What stands before the bytes.
    private struct Header {
        /// The budget, retained; nil: not counted.
        var budget: UnsafeRawPointer?
        /// What it is charged with, a multiple of 16, and in the lowest bit whether it is a body's.
        var charge: Int

        static let bytes = 16
    }

    /// Room for `bytes`, not counted yet; nil: no memory.
    static func allocate(_ bytes: Int) -> UnsafeMutableRawPointer? {
        guard let start = malloc(bytes + Header.bytes) else { return nil }
        start.storeBytes(of: Header(budget: nil, charge: 0), as: Header.self)
        return start + Header.bytes
    }

    /// Notes who has been charged for it. Call once, before others have it.
    static func note(_ memory: UnsafeMutableRawPointer, _ budget: MemoryBudget, cost: Int, isBody: Bool) {
        let header = Header(
            budget: UnsafeRawPointer(Unmanaged.passRetained(budget).toOpaque()),
            charge: cost | (isBody ? 1 : 0)
        )
        (memory - Header.bytes).storeBytes(of: header, as: Header.self)
    }

    /// Gives the memory back, and what it was charged with.
    static func release(_ memory: UnsafeMutableRawPointer) {
        settle(memory)
        free(memory - Header.bytes)
    }

    /// NIO's buffer becomes the owner.
    static func buffer(_ memory: UnsafeMutableRawBufferPointer) -> ByteBuffer {
        ByteBuffer(takingOwnershipOf: memory, allocator: allocator)
    }

    /// What a piece of this capacity takes: its storage as the allocator rounds it, and the object around it.
    static func cost(capacity: Int) -> Int {
        AllocatorTuning.rounded(capacity + Header.bytes) + bufferObjectBytes
    }

    /// NIO's storage object with its own malloc header.
    static let bufferObjectBytes = 80

    private static let allocator = ByteBufferAllocator(
        allocate: { PieceMemory.allocate($0) },
        reallocate: { memory, _, bytes in PieceMemory.resize(memory, to: bytes) },
        deallocate: { PieceMemory.release($0) },
        copy: { $0.copyMemory(from: $1, byteCount: $2) }
    )

    /// Someone writes into a buffer that only he holds: no piece of a body any more, and not counted.
    private static func resize(_ memory: UnsafeMutableRawPointer?, to bytes: Int) -> UnsafeMutableRawPointer? {
        guard let memory else { return allocate(bytes) }
        settle(memory)
        guard let start = realloc(memory - Header.bytes, bytes + Header.bytes) else { return nil }
        return start + Header.bytes
    }

    /// Gives back what was charged, and forgets it.
    private static func settle(_ memory: UnsafeMutableRawPointer) {
        let start = memory - Header.bytes
        let header = start.load(as: Header.self)
        guard let address = header.budget else { return }
        start.storeBytes(of: Header(budget: nil, charge: 0), as: Header.self)
        let budget = Unmanaged<MemoryBudget>.fromOpaque(address).takeRetainedValue()
        let cost = header.charge & ~1
        if header.charge & 1 == 1 { budget.countPieces(-cost) }
        budget.adjust(by: -cost)
    }
}
