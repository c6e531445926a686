internal import CCrypto

/// Digests, HMAC and random bytes in one call each, computed by libcrypto. A namespace.
public enum Digest {
    /// Whether libcrypto offers the algorithm on this machine; MD5 is missing in FIPS mode.
    public static func isAvailable(_ algorithm: DigestAlgorithm) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestInit_ex(context, algorithm.evp, nil) == 1
    }

    /// The digest of `bytes`.
    public static func hash(_ algorithm: DigestAlgorithm, _ bytes: RawSpan) -> [UInt8] {
        var digest = IncrementalDigest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }

    /// SHA-256, 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { hash(.sha256, bytes.span.bytes) }

    /// SHA-256 of the text's UTF-8, 32 bytes.
    public static func sha256(_ text: String) -> [UInt8] { sha256(Array(text.utf8)) }

    /// MD5, 16 bytes.
    public static func md5(_ bytes: [UInt8]) -> [UInt8] { hash(.md5, bytes.span.bytes) }

    /// HMAC-SHA-256 (RFC 2104), 32 bytes.
    public static func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: DigestAlgorithm.sha256.byteCount) { result, count in
            key.withUnsafeBytes { key in
                message.withUnsafeBufferPointer { message in
                    _ = HMAC(
                        EVP_sha256(),
                        key.baseAddress,
                        Int32(key.count),
                        message.baseAddress,
                        message.count,
                        result.baseAddress,
                        nil
                    )
                }
            }
            count = DigestAlgorithm.sha256.byteCount
        }
    }

    /// HMAC-SHA-256 of the text's UTF-8.
    public static func hmacSHA256(key: [UInt8], _ message: String) -> [UInt8] {
        hmacSHA256(key: key, Array(message.utf8))
    }

    /// Bytes nobody can predict, from libcrypto's generator.
    public static func random(count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { result, written in
            guard RAND_bytes(result.baseAddress, Int32(count)) == 1 else {
                preconditionFailure("libcrypto has no random bytes")
            }
            written = count
        }
    }

    /// Compares in a time that depends on the lengths only, so that an answer's delay tells nothing about a secret.
    public static func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return CRYPTO_memcmp(a, b, a.count) == 0
    }
}
