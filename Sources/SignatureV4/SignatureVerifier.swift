public import HTTPWire

/// A request whose signature was right. *Value*.
public struct VerifiedRequest: Sendable {
    /// Who signed.
    public let accessKey: String
    /// What the signature says of the body, which still has to be compared with the body.
    public let payload: PayloadHash
    /// Verifies the chunks of an `aws-chunked` body that follows; nil unless the payload's chunks are signed.
    public let chunkVerifier: ChunkVerifier?
}

/// Checks Signature V4 in the header against a set of key pairs. *Immutable snapshot* but for its key cache, which has
/// a lock; one verifier serves all event loops.
public final class SignatureVerifier: Sendable {
    /// How far a request's time may lie from ours, in either direction, in seconds.
    public static let maximumSkewSeconds: Int64 = 15 * 60

    private let region: String
    private let service: String
    private let credentials: [String: Credentials]
    private let cache = SigningKeyCache()

    /// Of two pairs with the same access key the later one counts.
    public init(credentials: [Credentials], region: String, service: String = "s3") {
        self.region = region
        self.service = service
        self.credentials = Dictionary(credentials.map { ($0.accessKey, $0) }) { _, later in later }
    }

    /// Checks the signature of a request that carries an `Authorization` field.
    /// - Parameters:
    ///   - method: as received.
    ///   - path: as received, up to `?`.
    ///   - query: as received, after `?`.
    ///   - fields: as received.
    ///   - now: Unix seconds.
    public func verify(
        method: String,
        path: String,
        query: String,
        fields: FieldList,
        now: Int64
    ) throws(SignatureError) -> VerifiedRequest {
        guard let value = fields["authorization"] else {
            throw SignatureError(.accessDenied, "Access Denied: the request is not signed.")
        }
        let authorization = try AuthorizationField(value)
        guard let pair = credentials[authorization.accessKey] else {
            throw SignatureError(
                .invalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records.",
                [.init("AWSAccessKeyId", authorization.accessKey)]
            )
        }
        guard fields["x-amz-security-token"] == nil else {
            throw SignatureError(
                .invalidToken,
                "The provided token is malformed or otherwise invalid: no key pair here has one."
            )
        }
        try check(authorization.scope)
        let timestamp = try timestamp(fields, day: authorization.scope.day, now: now)
        guard let payloadText = fields["x-amz-content-sha256"] else {
            throw SignatureError(.invalidRequest, "Missing required header for this request: x-amz-content-sha256")
        }
        guard let payload = PayloadHash(payloadText) else {
            throw SignatureError(
                .invalidRequest,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                    + "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
            )
        }
        try checkCoverage(authorization.signedNames, fields)

        let key = cache.key(for: pair, authorization.scope)
        try match(
            authorization,
            key: key,
            timestamp: timestamp,
            request: (method, path, CanonicalRequest.canonicalQuery(query), fields, payloadText)
        )
        let signsChunks = payload == .streamingSigned || payload == .streamingSignedTrailer
        return VerifiedRequest(
            accessKey: pair.accessKey,
            payload: payload,
            chunkVerifier: signsChunks
                ? ChunkVerifier(
                    key: key,
                    timestamp: timestamp,
                    scope: authorization.scope,
                    seed: Hex.encode(authorization.signature)
                ) : nil
        )
    }

    private func check(_ scope: CredentialScope) throws(SignatureError) {
        guard scope.region == region else {
            throw AuthorizationField.malformed(
                "the region '\(scope.region.prefix(64))' is wrong; expecting '\(region)'",
                [.init("Region", region)]
            )
        }
        guard scope.service == service else {
            throw AuthorizationField.malformed(
                "incorrect service \"\(scope.service.prefix(64))\"; this endpoint belongs to \"\(service)\""
            )
        }
    }

    /// The time that was signed: `x-amz-date`, else `Date`, which may also end in a numeric zone of zero.
    private func timestamp(_ fields: FieldList, day: String, now: Int64) throws(SignatureError) -> String {
        let time: Int64?
        if let text = fields["x-amz-date"] {
            time = AmzDate.parseBasic(text) ?? Self.parseDate(text)
        } else if let text = fields["date"] {
            time = Self.parseDate(text) ?? AmzDate.parseBasic(text)
        } else {
            time = nil
        }
        guard let time else {
            throw SignatureError(
                .accessDenied,
                "AWS authentication requires a valid Date or x-amz-date header."
            )
        }
        guard abs(now - time) <= Self.maximumSkewSeconds else {
            throw SignatureError(
                .requestTimeTooSkewed,
                "The difference between the request time and the current time is too large.",
                [
                    .init("RequestTime", AmzDate.basic(time)),
                    .init("ServerTime", AmzDate.extended(unixMilliseconds: now * 1000)),
                    .init("MaxAllowedSkewMilliseconds", String(Self.maximumSkewSeconds * 1000)),
                ]
            )
        }
        let timestamp = AmzDate.basic(time)
        guard timestamp.hasPrefix(day) else {
            throw AuthorizationField.malformed(
                "invalid credential date \"\(day)\", which is not the day of the request's date"
            )
        }
        return timestamp
    }

    private static func parseDate(_ text: String) -> Int64? {
        for zone in ["-0000", "+0000"] where text.hasSuffix(zone) {
            return HTTPDate.parse(text.dropLast(zone.count) + "GMT")
        }
        return HTTPDate.parse(text)
    }

    /// A field that changes what the request does must not be addable by someone who only saw the signature.
    /// The two exempt ones are part of the signed text by themselves.
    private func checkCoverage(_ names: [String], _ fields: FieldList) throws(SignatureError) {
        guard names.contains("host") else {
            throw AuthorizationField.malformed("SignedHeaders has to contain host")
        }
        var missing: [String] = []
        for field in fields.fields where field.name == .other {
            let name = CanonicalRequest.lowercasedName(field, in: fields)
            guard name.hasPrefix("x-amz-"), name != "x-amz-date", name != "x-amz-content-sha256" else { continue }
            if !names.contains(name) { missing.append(name) }
        }
        guard missing.isEmpty else {
            throw SignatureError(
                .accessDenied,
                "There were headers present in the request which were not signed",
                [.init("HeadersNotSigned", missing.joined(separator: ", "))]
            )
        }
    }

    private typealias Request = (
        method: String, path: String, query: String, fields: FieldList, payloadHash: String
    )

    /// Clients sign either S3's own encoding of the path or the one they sent. Both name the same path, so either is a
    /// proof; a second attempt happens only when they differ.
    private func match(
        _ authorization: AuthorizationField,
        key: [UInt8],
        timestamp: String,
        request: Request
    ) throws(SignatureError) {
        let canonicalPath = CanonicalRequest.canonicalPath(request.path)
        var candidates = [canonicalPath]
        if request.path != canonicalPath { candidates.append(request.path) }
        var firstAttempt: (canonical: [UInt8], stringToSign: String)?
        for path in candidates {
            let canonical = CanonicalRequest.make(
                method: request.method,
                path: path,
                query: request.query,
                fields: request.fields,
                signedNames: authorization.signedNames,
                payloadHash: request.payloadHash
            )
            let stringToSign = authorization.scope.stringToSign(timestamp: timestamp, canonicalRequest: canonical)
            let expected = Digest.hmacSHA256(key: key, stringToSign)
            if Digest.constantTimeEqual(expected, authorization.signature) { return }
            firstAttempt = firstAttempt ?? (canonical, stringToSign)
        }
        throw SignatureError(
            .signatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided. "
                + "Check your key and signing method.",
            [
                .init("AWSAccessKeyId", authorization.accessKey),
                .init("StringToSign", firstAttempt?.stringToSign ?? ""),
                .init("SignatureProvided", Hex.encode(authorization.signature)),
                .init("CanonicalRequest", String(decoding: firstAttempt?.canonical ?? [], as: UTF8.self)),
            ]
        )
    }
}
