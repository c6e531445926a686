import HTTPWire
import SignatureV4

/// What an answer says of its own bytes, so that they can be compared with it. A value.
struct BodyDigest: Sendable, Equatable {
    /// The kinds that are understood; the raw value is what logs call it.
    enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha1, crc64nvme, crc32c, crc32, md5

        var byteCount: Int {
            switch self {
            case .sha256: 32
            case .sha1: 20
            case .md5: 16
            case .crc64nvme: 8
            case .crc32c, .crc32: 4
            }
        }
    }

    let algorithm: Algorithm
    let bytes: [UInt8]

    /// nil: not as many bytes as the algorithm makes.
    init?(_ algorithm: Algorithm, _ bytes: [UInt8]?) {
        guard let bytes, bytes.count == algorithm.byteCount else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    /// A bucket's `x-amz-checksum-*` over the whole object.
    ///
    /// A composite one (`…-N`) is made of the parts' checksums, whose borders nobody knows here. Of several, one is enough;
    /// the strongest is taken.
    static func ofBucket(_ fields: FieldList) -> BodyDigest? {
        if let type = fields["x-amz-checksum-type"], type.uppercased() != "FULL_OBJECT" { return nil }
        for algorithm in Algorithm.allCases where algorithm != .md5 {
            guard let text = fields["x-amz-checksum-" + algorithm.rawValue] else { continue }
            if let digest = BodyDigest(algorithm, Base64.decode(text)) { return digest }
        }
        return nil
    }

    /// `Content-Digest` or `Repr-Digest` (RFC 9530): of a whole answer to GET the two name the same bytes. SHA-256 only.
    ///
    /// Not where a content coding has been applied: what compresses on the way often forgets to take the digest along.
    static func ofServer(_ fields: FieldList) -> BodyDigest? {
        if let coding = fields[.contentEncoding], coding.lowercased() != "identity" { return nil }
        for name in ["Content-Digest", "Repr-Digest"] {
            for line in fields.values(name: name) {
                if let digest = BodyDigest(.sha256, member("sha-256", of: line)) { return digest }
            }
        }
        return nil
    }

    /// A byte sequence of a dictionary (RFC 8941, section 3.2). One that is malformed is as good as none.
    private static func member(_ key: String, of line: String) -> [UInt8]? {
        for member in line.split(separator: ",") {
            let text = member.drop { $0 == " " || $0 == "\t" }
            guard text.hasPrefix(key + "=:") else { continue }
            let value = text.dropFirst(key.utf8.count + 2)
            guard let end = value.firstIndex(of: ":") else { return nil }
            return Base64.decode(value[..<end])
        }
        return nil
    }
}
