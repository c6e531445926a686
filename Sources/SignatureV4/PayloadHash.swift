/// What `x-amz-content-sha256` says about the body. *Value*.
public enum PayloadHash: Sendable, Equatable {
    /// The body's SHA-256 in lower-case hexadecimal.
    case sha256(String)
    /// The signature does not cover the body.
    case unsigned
    /// `aws-chunked` without signatures, a checksum in the trailer.
    case streamingUnsignedTrailer
    /// `aws-chunked`, every chunk signed.
    case streamingSigned
    /// `aws-chunked`, every chunk and the trailer signed.
    case streamingSignedTrailer

    /// The hash of an empty body.
    public static let empty = PayloadHash.sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")

    /// The hash of this body.
    public static func of(_ body: [UInt8]) -> PayloadHash { .sha256(Hex.encode(Digest.sha256(body))) }

    /// nil for a value that S3 does not know. Upper-case digits are accepted and kept, as they were signed.
    public init?(_ value: String) {
        switch value {
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .streamingUnsignedTrailer
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .streamingSigned
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .streamingSignedTrailer
        default:
            guard value.utf8.count == 64, Hex.decode(value) != nil else { return nil }
            self = .sha256(value)
        }
    }

    /// The header's value.
    public var text: String {
        switch self {
        case .sha256(let hex): hex
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .streamingUnsignedTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        case .streamingSigned: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        case .streamingSignedTrailer: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        }
    }

    /// Whether the body is `aws-chunked`.
    public var isStreaming: Bool {
        switch self {
        case .sha256, .unsigned: false
        case .streamingUnsignedTrailer, .streamingSigned, .streamingSignedTrailer: true
        }
    }
}
