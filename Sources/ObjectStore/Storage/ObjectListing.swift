/// What to list. *Value*.
struct ListQuery: Sendable {
    /// Keys begin with this.
    var prefix: [UInt8] = []
    /// Keys that contain it after the prefix are put together up to it; empty: none are.
    var delimiter: [UInt8] = []
    /// Where the page begins; nil: at the start.
    var after: ListPosition?
    /// Entries of the page, objects and groups together.
    var limit = ObjectStoreLimits.listKeys
}

/// A place in the order of keys, behind which a listing goes on. *Value*.
enum ListPosition: Sendable, Equatable {
    case key([UInt8])
    /// Behind all keys that begin so.
    case group([UInt8])

    /// The smallest key that may come next; nil: none can.
    var next: [UInt8]? {
        switch self {
        case .key(let key): key + [0]
        case .group(let prefix): Self.successor(of: prefix)
        }
    }

    /// The smallest byte string above all that begin with `prefix`; nil when there is none.
    static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var result = prefix
        while let last = result.popLast() {
            if last < .max { return result + [last + 1] }
        }
        return nil
    }
}

/// One entry of a listing. *Value*.
enum ListEntry: Sendable {
    case object(ListedObject)
    /// The common beginning of one or more keys, with the delimiter.
    case group([UInt8])

    var position: ListPosition {
        switch self {
        case .object(let object): .key(object.key)
        case .group(let prefix): .group(prefix)
        }
    }
}

/// What a listing tells of an object. *Value*.
struct ListedObject: Sendable {
    let key: [UInt8]
    let size: Int64
    /// Unix milliseconds.
    let modified: Int64
    /// Without quotes.
    let etag: String
    let checksum: ObjectChecksum?
}

/// A page of a listing. *Value*.
struct ListPage: Sendable {
    var entries: [ListEntry] = []
    /// There is more behind the last entry.
    var isTruncated = false
}
