/// The request methods that Apus tells apart (RFC 9110, section 9; RFC 5789). A value.
public enum Method: UInt8, Sendable, CaseIterable {
    case get, head, post, put, delete, options, trace, connect, patch, other

    /// The method's name, "GET"; empty for ``other``. Never allocates.
    public var text: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .trace: "TRACE"
        case .connect: "CONNECT"
        case .patch: "PATCH"
        case .other: ""
        }
    }

    /// Defined as not changing anything (RFC 9110, section 9.2.1). Unknown methods count as unsafe.
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        default: false
        }
    }

    /// May be repeated without asking (RFC 9110, section 9.2.2).
    public var isIdempotent: Bool { isSafe || self == .put || self == .delete }

    /// Recognises a method; names are case-sensitive (RFC 9110, section 9.1), and every unknown one is ``other``.
    public init(_ name: String) {
        self = Self.allCases.first { $0 != .other && $0.text == name } ?? .other
    }

    @inline(__always)
    init(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard !range.isEmpty, range.count <= 7 else {
            self = .other
            return
        }
        var word: UInt64 = 0
        for index in range { word = word &<< 8 | UInt64(bytes[index]) }
        switch word {
        case 0x47_4554: self = .get
        case 0x4845_4144: self = .head
        case 0x504F_5354: self = .post
        case 0x50_5554: self = .put
        case 0x4445_4C45_5445: self = .delete
        case 0x4F_5054_494F_4E53: self = .options
        case 0x54_5241_4345: self = .trace
        case 0x43_4F4E_4E45_4354: self = .connect
        case 0x50_4154_4348: self = .patch
        default: self = .other
        }
    }
}
