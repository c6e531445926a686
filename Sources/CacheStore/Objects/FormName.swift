import CachingRules
public import NIOCore

/// Which stored form is meant, without holding it. A value.
public struct FormName: Sendable {
    /// The key that it is stored under.
    public let key: CacheKey
    private let generation: UInt64
    private let coding: Coding
    private let variant: [UInt8]

    /// Names this form of the key.
    public init(_ form: Representation, key: CacheKey) {
        self.key = key
        generation = form.generation
        coding = form.coding
        variant = form.variant
    }

    func names(_ form: Representation) -> Bool {
        form.generation == generation && form.coding == coding && form.variant == variant
    }
}

extension CacheStore {
    /// Bytes of the longest body that may be stored, or sent as it lies in memory, while ``isOverPinned``.
    public static let smallBody = UInt64(StoreLimits.smallBody)

    /// More of what is stored no more is held by connections than the budget has room for. Who goes on sending such a body
    /// should break off.
    public var isOverPinned: Bool { budget.isOverPinned }

    /// Whether the form's bytes are in memory for others too; does not count as a use.
    public func holds(_ name: FormName) -> Bool { form(name) != nil }

    /// A copy of some of the form's bytes, at most ``smallBody``, for a connection that must not hold the body itself. It counts
    /// for as long as it is held. nil: the form is not in memory any more.
    public func copy(of name: FormName, from offset: UInt64, to end: UInt64) -> ByteBuffer? {
        guard let body = form(name)?.body, offset < end, end <= body.length else { return nil }
        var start: UInt64 = 0
        for piece in body.pieces {
            let next = start + UInt64(piece.readableBytes)
            if offset < next {
                let count = Int(min(next, end, offset + Self.smallBody) - offset)
                let slice = piece.getSlice(at: piece.readerIndex + Int(offset - start), length: count)
                return slice.flatMap { BodyPieces.copy(of: $0, for: .connection(budget)) }
            }
            start = next
        }
        return nil
    }

    private func form(_ name: FormName) -> Representation? {
        memory.shard(name.key.hash.value).peek(name.key)?.representations.first { name.names($0) }
    }
}

extension CacheStore {
    /// Connections have come, or gone when negative: they count in the budget, `bytes` in all.
    public func countConnections(_ bytes: Int) {
        budget.countConnections(bytes)
        if bytes > 0 { memory.makeRoom() }
    }

    /// Bytes of a body that passes through are held, or let go of when negative.
    public func countPassing(_ bytes: Int) {
        budget.countPassing(bytes)
        if bytes > 0 { memory.makeRoom() }
    }
}
