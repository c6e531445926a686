public import CachingRules
import Synchronization

/// One stored form of a resource: identity, or a coded form derived from it. An immutable snapshot, but for the atomic
/// note of the purges it was last checked against.
public final class Representation: Sendable {
    /// The content coding of the bytes.
    public let coding: Coding
    /// Names the body: given once, when its fill started (``CacheStore/nextGeneration()``). A 304 keeps it; forms derived
    /// from the body carry it too.
    public let generation: UInt64
    /// The purges known when its origin request, or its last successful revalidation, started.
    public let mark: PurgeMark
    /// The selecting request fields of a response with `Vary`, normalised (RFC 9111, section 4.1); empty without.
    public let variant: [UInt8]
    /// Status, fields, freshness.
    public let head: StoredHead
    /// The bytes.
    public let body: StoredBody

    /// Codings in which it was tried and gained too little, as bits by raw value; relaxed, since a lost bit only costs
    /// another try.
    private let declined = Atomic<UInt8>(0)

    /// The version of the purge epochs at which it was last found alive.
    let checkedVersion = Atomic<UInt64>(0)

    /// An identity form. `mark`: taken before its origin request was sent.
    public init(
        coding: Coding = .identity,
        generation: UInt64,
        mark: PurgeMark,
        variant: [UInt8] = [],
        head: StoredHead,
        body: StoredBody
    ) {
        self.coding = coding
        self.generation = generation
        self.mark = mark
        self.variant = variant
        self.head = head
        self.body = body
    }

    /// A form derived from `parent`: it takes generation, variant and purge number from it (rule N4).
    public convenience init(derivedFrom parent: Representation, coding: Coding, head: StoredHead, body: StoredBody) {
        self.init(
            coding: coding,
            generation: parent.generation,
            mark: parent.mark,
            variant: parent.variant,
            head: head,
            body: body
        )
    }

    /// Remembers that a coded form of it is not worth having.
    public func decline(_ coding: Coding) {
        declined.bitwiseOr(CodingSet(coding).rawValue, ordering: .relaxed)
    }

    /// Whether a form in this coding was found not to be worth having.
    public func hasDeclined(_ coding: Coding) -> Bool {
        CodingSet(rawValue: declined.load(ordering: .relaxed)).contains(coding)
    }

    /// The number of the last purge of the log that was applied when its origin request started.
    public var purgeNumber: UInt64 { mark.number }

    /// What tells its variant apart on disk.
    var variantTag: UInt16 { RecordHeader.tag(of: variant) }

    /// The same body under a new head and mark: what a 304 makes of it (rule N3).
    func freshened(head: StoredHead, mark: PurgeMark) -> Representation {
        Representation(coding: coding, generation: generation, mark: mark, variant: variant, head: head, body: body)
    }

    /// For a record that carries the head alone.
    var withoutBody: Representation {
        Representation(
            coding: coding,
            generation: generation,
            mark: mark,
            variant: variant,
            head: head,
            body: StoredBody(pieces: [])
        )
    }

    /// Bytes of memory it takes, about: the object, its head and its body, of which `body.countedBytes` count by themselves.
    var memoryBytes: Int { 640 + variant.capacity + head.memoryBytes + body.allocatedBytes }

    /// Those of them that do not count by themselves.
    var ownBytes: Int { memoryBytes - body.countedBytes }
}
