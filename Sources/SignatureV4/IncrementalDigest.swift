internal import CCrypto

/// The digests that S3 clients name. *Value*.
public enum DigestAlgorithm: Sendable, CaseIterable {
    case md5, sha1, sha256

    /// Bytes in the result.
    public var byteCount: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        }
    }

    var evp: OpaquePointer? {
        switch self {
        case .md5: EVP_md5()
        case .sha1: EVP_sha1()
        case .sha256: EVP_sha256()
        }
    }
}

/// One digest over bytes that arrive in pieces, computed by libcrypto. *Moved*: whoever holds it may feed it.
///
/// Invariant: `context` is an EVP_MD_CTX of our own, initialised for `algorithm` and not yet finalised; it is freed
/// exactly once, by `deinit`, since the type cannot be copied.
public struct IncrementalDigest: ~Copyable {
    private let context: OpaquePointer
    private let byteCount: Int

    /// Traps when libcrypto refuses the algorithm. That depends on the machine's configuration (MD5 in FIPS mode),
    /// never on input: programs check ``Digest/isAvailable(_:)`` when they start.
    public init(_ algorithm: DigestAlgorithm) {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, algorithm.evp, nil) == 1 else {
            preconditionFailure("libcrypto offers no \(algorithm)")
        }
        self.context = context
        self.byteCount = algorithm.byteCount
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Feeds the next bytes.
    public mutating func update(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { buffer in
            // An initialised context accepts any bytes; the result cannot be other than 1.
            _ = EVP_DigestUpdate(context, buffer.baseAddress, buffer.count)
        }
    }

    /// Feeds the next bytes.
    public mutating func update(_ bytes: [UInt8]) {
        update(bytes.span.bytes)
    }

    /// The digest of everything that was fed.
    public consuming func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { result, count in
            _ = EVP_DigestFinal_ex(context, result.baseAddress, nil)
            count = byteCount
        }
    }
}
