/// The chain of signatures over the chunks of an `aws-chunked` body: each covers the one before, the first that of the
/// request. *Value*, moved on by its holder.
public struct ChunkVerifier: Sendable {
    private let key: [UInt8]
    private let timestamp: String
    private let scope: CredentialScope
    private var previous: String

    init(key: [UInt8], timestamp: String, scope: CredentialScope, seed: String) {
        self.key = key
        self.timestamp = timestamp
        self.scope = scope
        self.previous = seed
    }

    /// Whether this is the signature of the next chunk, given the SHA-256 of its data.
    public mutating func verify(chunkHash: [UInt8], signature: String) -> Bool {
        let empty = PayloadHash.empty.text
        return advance("AWS4-HMAC-SHA256-PAYLOAD", "\(empty)\n\(Hex.encode(chunkHash))", signature)
    }

    /// Whether this is the signature of the trailer, given its fields as `name:value` lines that end in a line feed.
    public mutating func verify(trailer: [UInt8], signature: String) -> Bool {
        advance("AWS4-HMAC-SHA256-TRAILER", Hex.encode(Digest.sha256(trailer)), signature)
    }

    private mutating func advance(_ algorithm: String, _ hashes: String, _ signature: String) -> Bool {
        let text = "\(algorithm)\n\(timestamp)\n\(scope.text)\n\(previous)\n\(hashes)"
        let expected = Digest.hmacSHA256(key: key, text)
        guard let given = Hex.decode(signature), Digest.constantTimeEqual(given, expected) else { return false }
        previous = Hex.encode(expected)
        return true
    }
}
