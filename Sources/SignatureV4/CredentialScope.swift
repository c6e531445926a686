internal import NIOConcurrencyHelpers

/// What a signing key is good for: one day, region and service. *Value*.
public struct CredentialScope: Sendable, Equatable {
    /// `20130524`, in UTC.
    public let day: String
    /// `us-east-1`.
    public let region: String
    /// `s3`.
    public let service: String

    /// `20130524/us-east-1/s3/aws4_request`.
    public var text: String { "\(day)/\(region)/\(service)/aws4_request" }

    /// HMAC of HMAC of HMAC: the secret itself never signs a request.
    func signingKey(secretKey: String) -> [UInt8] {
        let dayKey = Digest.hmacSHA256(key: Array("AWS4\(secretKey)".utf8), day)
        let regionKey = Digest.hmacSHA256(key: dayKey, region)
        let serviceKey = Digest.hmacSHA256(key: regionKey, service)
        return Digest.hmacSHA256(key: serviceKey, "aws4_request")
    }

    /// What the signing key signs for a request.
    func stringToSign(timestamp: String, canonicalRequest: [UInt8]) -> String {
        "AWS4-HMAC-SHA256\n\(timestamp)\n\(text)\n\(Hex.encode(Digest.sha256(canonicalRequest)))"
    }
}

/// The signing key of the current scope for each key pair: four HMACs saved on all requests of a day but the first.
/// Guarded by a lock; holds at most one key for each key pair, since it is asked only for known ones.
final class SigningKeyCache: Sendable {
    private let keys = NIOLockedValueBox<[String: (scope: CredentialScope, key: [UInt8])]>([:])

    func key(for credentials: Credentials, _ scope: CredentialScope) -> [UInt8] {
        if let known = keys.withLockedValue({ $0[credentials.accessKey] }), known.scope == scope {
            return known.key
        }
        let key = scope.signingKey(secretKey: credentials.secretKey)
        keys.withLockedValue { $0[credentials.accessKey] = (scope, key) }
        return key
    }
}
