/// The content codings that Apus serves (RFC 9110, section 8.4.1; RFC 7932; RFC 8878). A value.
public enum Coding: UInt8, Sendable, CaseIterable {
    case identity, gzip, br, zstd

    /// The name in Content-Encoding and Accept-Encoding; never allocates.
    public var token: String {
        switch self {
        case .identity: "identity"
        case .gzip: "gzip"
        case .br: "br"
        case .zstd: "zstd"
        }
    }

    /// The coding of that name in any case; `x-gzip` is gzip (RFC 9110, section 8.4.1.3). nil: another one.
    public init?(token: some StringProtocol) {
        switch token.lowercased() {
        case "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case "br": self = .br
        case "zstd": self = .zstd
        default: return nil
        }
    }
}

/// Some of the codings. A value.
public struct CodingSet: OptionSet, Sendable, Hashable {
    /// Bit n: the coding whose raw value is n.
    public let rawValue: UInt8

    /// A set from its bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The set of one coding.
    public init(_ coding: Coding) { rawValue = 1 << coding.rawValue }

    /// No coding.
    public static let identity = CodingSet(.identity)
    /// RFC 1952.
    public static let gzip = CodingSet(.gzip)
    /// RFC 7932.
    public static let br = CodingSet(.br)
    /// RFC 8878.
    public static let zstd = CodingSet(.zstd)
    /// Every coding.
    public static let all: CodingSet = [.identity, .gzip, .br, .zstd]

    /// Is the coding in the set?
    public func contains(_ coding: Coding) -> Bool { contains(CodingSet(coding)) }
}
