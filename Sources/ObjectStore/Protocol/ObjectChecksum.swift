internal import SignatureV4

/// An `x-amz-checksum-*` value. *Value*.
struct ObjectChecksum: Sendable, Equatable {
    enum Algorithm: String, Sendable, CaseIterable {
        case crc32 = "CRC32"
        case crc32c = "CRC32C"
        case crc64nvme = "CRC64NVME"
        case sha1 = "SHA1"
        case sha256 = "SHA256"

        /// `x-amz-checksum-crc32`
        var fieldName: String { "x-amz-checksum-" + rawValue.lowercased() }
        /// `ChecksumCRC32`
        var elementName: String { "Checksum" + rawValue }

        var byteCount: Int {
            switch self {
            case .crc32, .crc32c: 4
            case .crc64nvme: 8
            case .sha1: 20
            case .sha256: 32
            }
        }

        var crc: CRCKind? {
            switch self {
            case .crc32: .crc32
            case .crc32c: .crc32c
            case .crc64nvme: .crc64nvme
            case .sha1, .sha256: nil
            }
        }

        init?(fieldName: some StringProtocol) {
            let name = fieldName.lowercased()
            guard let match = Self.allCases.first(where: { $0.fieldName == name }) else { return nil }
            self = match
        }
    }

    /// What the value covers: the object's bytes, or the checksums of its parts.
    enum Scope: String, Sendable {
        case fullObject = "FULL_OBJECT"
        case composite = "COMPOSITE"
    }

    let algorithm: Algorithm
    /// Base64, followed by `-N` for a composite of N parts.
    let value: String
    let scope: Scope

    init(_ algorithm: Algorithm, value: String, scope: Scope = .fullObject) {
        self.algorithm = algorithm
        self.value = value
        self.scope = scope
    }

    init(_ algorithm: Algorithm, bytes: [UInt8]) {
        self.init(algorithm, value: Base64.encode(bytes))
    }

    /// The form in the database: `CRC32 FULL_OBJECT DUoRhQ==`.
    var stored: String { "\(algorithm.rawValue) \(scope.rawValue) \(value)" }

    init?(stored: String) {
        let parts = stored.split(separator: " ")
        guard parts.count == 3, let algorithm = Algorithm(rawValue: String(parts[0])),
            let scope = Scope(rawValue: String(parts[1]))
        else { return nil }
        self.init(algorithm, value: String(parts[2]), scope: scope)
    }

    /// The checksum's bytes; nil for a composite.
    var bytes: [UInt8]? {
        guard scope == .fullObject, let bytes = Base64.decode(value), bytes.count == algorithm.byteCount else {
            return nil
        }
        return bytes
    }
}
