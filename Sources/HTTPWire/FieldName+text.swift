extension FieldName {
    /// The name as it is usually written, "Cache-Control"; empty for ``other``. Never allocates.
    public var text: String { Self.texts[Int(rawValue)] }

    /// Recognises a name in any case; every unknown name is ``other``.
    public init(_ bytes: Span<UInt8>) {
        self.init(bytes, 0..<bytes.count)
        guard self != .other else { return }
        // The table compares with the case bit set, by which controls look like the hyphen and digits.
        for index in bytes.indices where bytes[index] < ASCII.space { self = .other }
    }

    /// Recognises the name in `range`, all bytes of which are known to be token characters.
    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) { self = KnownNames.shared.find(bytes, range) }

    /// In the order of the cases.
    private static let texts: [String] = [
        "",
        "Accept", "Accept-Encoding", "Accept-Ranges", "Age", "Allow", "Authorization",
        "Cache-Control", "Cache-Status", "Cache-Tag", "CDN-Cache-Control", "CDN-Loop", "Connection",
        "Content-Encoding", "Content-Language",
        "Content-Length", "Content-Location", "Content-MD5", "Content-Range", "Content-Type", "Cookie",
        "Date", "ETag", "Expect", "Expires", "Forwarded", "Host",
        "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since",
        "Keep-Alive", "Last-Modified", "Location", "Origin", "Pragma", "Proxy-Authenticate", "Proxy-Authorization",
        "Proxy-Connection",
        "Range", "Retry-After", "Server", "Set-Cookie", "Surrogate-Key",
        "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Vary", "Via", "Warning",
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    ]
}

/// The known names sorted by length, each as up to three words in lower case. An immutable snapshot.
private struct KnownNames: Sendable {
    static let shared = KnownNames()

    /// A name with its words. A value.
    struct Entry {
        var words: Words
        var name: FieldName
    }

    /// First, middle and last eight bytes of a name; together with the length they determine it. A
    /// value.
    struct Words: Equatable {
        var first: UInt64 = 0
        var middle: UInt64 = 0
        var last: UInt64 = 0

        @inline(__always)
        init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
            let caseBits: UInt64 = 0x2020_2020_2020_2020
            if range.count >= 8 {
                first = bytes.word(at: range.lowerBound) | caseBits
                last = bytes.word(at: range.upperBound &- 8) | caseBits
                if range.count > 16 { middle = bytes.word(at: range.lowerBound &+ 8) | caseBits }
            } else {
                for index in range { first = first &<< 8 | UInt64(bytes[index] | 0x20) }
            }
        }
    }

    private static let longest = 24
    private let entries: [Entry]
    /// Entries of length n lie at `starts[n]..<starts[n + 1]`.
    private let starts: [Int]

    private init() {
        let names = FieldName.allCases.dropFirst().sorted { $0.text.utf8.count < $1.text.utf8.count }
        entries = names.map { name in
            let bytes = Array(name.text.utf8)
            return Entry(words: Words(bytes.span, 0..<bytes.count), name: name)
        }
        starts = (0...Self.longest + 1).map { length in
            names.firstIndex { $0.text.utf8.count >= length } ?? names.count
        }
    }

    @inline(__always)
    func find(_ bytes: Span<UInt8>, _ range: Range<Int>) -> FieldName {
        guard range.count <= Self.longest else { return .other }
        let words = Words(bytes, range)
        for index in starts[range.count]..<starts[range.count &+ 1] where entries[index].words == words {
            return entries[index].name
        }
        return .other
    }
}
