public import CachingRules
public import HTTPWire

/// One form of an object as a cache folder has it: what stands in its record, newer heads folded in. A value.
public struct CachedObject: Sendable {
    /// What would become of it if it were asked for. A value.
    public enum State: String, Sendable {
        case live
        /// A soft purge covers it: stale, usable where stale answers are.
        case softPurged = "soft-purged"
        /// Of another purge log: the origin has to confirm it.
        case unconfirmed
        /// A hard purge has killed it; its space is not reclaimed yet.
        case purged
        /// Replaced, invalidated or found damaged; its space is not reclaimed yet.
        case dead
    }

    /// Where a record lies. A value.
    public struct Place: Sendable, Hashable {
        /// The segment's number, as in its file name.
        public var segment: UInt32
        /// Bytes from the beginning of the file.
        public var offset: Int
        /// Bytes of the record.
        public var length: Int

        /// The segment's file name.
        public var file: String { SegmentHeader.name(segment) }
    }

    /// A large object's blocks. A value.
    public struct Blocks: Sendable {
        /// How many the object has.
        public var count: Int
        /// Those that are there, by their numbers.
        public var present: [UInt32: Place]
    }

    /// The site's id.
    public var site: String
    /// The normalised path, percent-encoded.
    public var path: String
    /// The query without `?`; nil: none.
    public var query: String?
    /// The selecting request fields of an answer with `Vary`; empty without.
    public var variant: String
    /// How the bytes are coded.
    public var coding: Coding
    /// Whether it would be served.
    public var state: State
    /// A newer head in a record of its own that is dead by now: no body.
    public var isHeadOnly: Bool
    /// The status code.
    public var status: Int
    /// The stored fields.
    public var fields: FieldList
    /// The tags by which it can be purged.
    public var tags: [String]
    /// How long it is fresh and how old it is.
    public var freshness: Freshness
    /// Bytes of the whole body.
    public var bodyLength: UInt64
    /// Bytes of it that are in the folder: fewer than all when some blocks are missing.
    public var storedBytes: UInt64
    /// Bytes of its records, heads and checksums included.
    public var recordBytes: Int
    /// Its number among all bodies that the store has ever begun.
    public var generation: UInt64
    /// The purge number that its origin request started with.
    public var purgeNumber: UInt64
    /// Unix seconds at which it was written, or its newest head.
    public var timeWritten: Int64
    /// Its record.
    public var place: Place
    /// nil: the body is in the record.
    public var blocks: Blocks?

    /// Whether all bytes of the body are there.
    public var isWhole: Bool { blocks.map { $0.present.count == $0.count } ?? !isHeadOnly }

    /// Path and query.
    public var target: String { query.map { path + "?" + $0 } ?? path }
}
