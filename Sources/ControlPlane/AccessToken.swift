import CCrypto

/// What a token allows. A value.
public enum AccessScope: Sendable, Hashable {
    /// Everything.
    case admin
    /// Reading edges, purges and the log.
    case read
    /// What an edge does: register, follow the log, confirm, leave.
    case edge
    /// Purging anything, and seeing how the purges stand.
    case purge
    /// Purging what is limited to one host, and seeing whether those purges are done, not by whom.
    case purgeHost(String)

    /// `admin`, `read`, `edge`, `purge` or `purge:HOST`; nil for anything else.
    public init?(_ text: String) {
        switch text {
        case "admin": self = .admin
        case "read": self = .read
        case "edge": self = .edge
        case "purge": self = .purge
        default:
            guard text.hasPrefix("purge:"), case .site(let host)? = try? PurgeScope(site: String(text.dropFirst(6)))
            else {
                return nil
            }
            self = .purgeHost(host)
        }
    }
}

/// A token that control accepts: its SHA-256 and what it allows. A value; it does not hold the token's text.
public struct AccessToken: Sendable, CustomStringConvertible {
    /// What the token is called in logs.
    public let name: String
    /// What it allows.
    public let scopes: Set<AccessScope>
    let digest: [UInt8]

    /// A token as it is sent by clients, and what it allows.
    public init(_ text: String, scopes: Set<AccessScope>, name: String) {
        self.name = name
        self.scopes = scopes
        digest = TokenDigest.sha256(text)
    }

    /// The name.
    public var description: String { name }
}

/// A bearer token that is sent. A value that does not print its text.
public struct BearerToken: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The secret.
    public let text: String

    /// Nil for what cannot stand in an `Authorization` field: RFC 6750, section 2.1 allows letters, digits and `-._~+/=`.
    public init?(_ text: String) {
        let isGood = text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E, 0x2F, 0x3D, 0x5F, 0x7E: true
            default: false
            }
        }
        guard isGood, !text.isEmpty, text.utf8.count <= 1_024 else { return nil }
        self.text = text
    }

    /// Never the text.
    public var description: String { "<token>" }
    /// Never the text.
    public var debugDescription: String { description }
}

/// SHA-256 by libcrypto, for comparing tokens. A namespace.
enum TokenDigest {
    static func sha256(_ text: String) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // The lengths are the arrays' own; EVP_sha256 always writes 32 bytes.
        let bytes = Array(text.utf8)
        _ = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        return digest
    }

    /// In a time that does not tell where they differ.
    static func areEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count && CRYPTO_memcmp(one, other, one.count) == 0
    }
}
