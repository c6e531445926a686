public import HTTPWire

/// Signs requests with one key pair for one region. *Immutable snapshot* but for its key cache, which has a lock;
/// one signer serves all event loops.
public final class RequestSigner: Sendable {
    /// The key pair.
    public let credentials: Credentials
    /// Such as `us-east-1`.
    public let region: String
    /// `s3` unless told otherwise.
    public let service: String
    private let cache = SigningKeyCache()

    /// A signer for the pair; nothing is checked here, the store answers what it thinks of the values.
    public init(credentials: Credentials, region: String, service: String = "s3") {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// Adds `x-amz-date`, `x-amz-content-sha256`, `Authorization` and, for temporary key pairs, `x-amz-security-token`,
    /// replacing what is there of them.
    ///
    /// All fields in the list are signed, but for those that a proxy on the way may change. `Host` has to be in it,
    /// with the port unless it is the scheme's own. Fields added afterwards must not begin with `x-amz-`.
    /// - Parameters:
    ///   - method: as sent, upper case.
    ///   - path: as sent, encoded once: `A-Z a-z 0-9 - . _ ~ /` stand for themselves, all else as `%XX`.
    ///   - query: as sent, without `?`; in any order.
    ///   - fields: the request's fields, which are added to.
    ///   - payload: what is said of the body.
    ///   - now: Unix seconds.
    public func sign(
        method: String,
        path: String,
        query: String = "",
        fields: inout FieldList,
        payload: PayloadHash,
        now: Int64
    ) {
        let timestamp = AmzDate.basic(now)
        for name in ["x-amz-date", "x-amz-content-sha256", "x-amz-security-token", "authorization"] {
            fields.remove(name: name)
        }
        fields.append(name: "x-amz-date", timestamp)
        fields.append(name: "x-amz-content-sha256", payload.text)
        if let token = credentials.sessionToken {
            fields.append(name: "x-amz-security-token", token)
        }
        let signature = signature(
            method: method,
            path: path,
            query: query,
            fields: fields,
            payloadHash: payload.text,
            timestamp: timestamp
        )
        fields.append(name: "Authorization", signature.authorization)
    }

    /// The signature over exactly what is given; ``sign(method:path:query:fields:payload:now:)`` adds S3's fields first.
    func signature(
        method: String,
        path: String,
        query: String,
        fields: FieldList,
        payloadHash: String,
        timestamp: String
    ) -> (signature: String, authorization: String, canonicalRequest: [UInt8], stringToSign: String) {
        let scope = CredentialScope(day: String(timestamp.prefix(8)), region: region, service: service)
        let names = Self.signedNames(fields)
        let canonical = CanonicalRequest.make(
            method: method,
            path: path,
            query: CanonicalRequest.canonicalQuery(query),
            fields: fields,
            signedNames: names,
            payloadHash: payloadHash
        )
        let stringToSign = scope.stringToSign(timestamp: timestamp, canonicalRequest: canonical)
        let key = cache.key(for: credentials, scope)
        let signature = Hex.encode(Digest.hmacSHA256(key: key, stringToSign))
        let authorization =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope.text), "
            + "SignedHeaders=\(names.joined(separator: ";")), Signature=\(signature)"
        return (signature, authorization, canonical, stringToSign)
    }

    private static func signedNames(_ fields: FieldList) -> [String] {
        let names = fields.fields.map { CanonicalRequest.lowercasedName($0, in: fields) }
        return Set(names).subtracting(changeable).sorted()
    }

    /// Fields that belong to a hop, or that proxies and libraries on the way rewrite.
    private static let changeable: Set<String> = [
        "accept-encoding", "authorization", "connection", "content-length", "expect", "forwarded", "keep-alive",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "via",
        "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    ]
}
