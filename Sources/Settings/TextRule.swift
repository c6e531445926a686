/// The form of a text that is not free. A value.
public enum TextRule: Sendable {
    /// The name of an edge: it stands in `Via` and `Cache-Status`, where it must be a token that begins with a letter
    /// (RFC 9211, section 2; RFC 8941, section 3.3.4).
    case nodeName
    /// The name of a site.
    case siteName
    /// A bucket of any S3-style store.
    case bucket
    /// A bucket by the rules of S3 itself, which are those of `apus origin`.
    case strictBucket
    /// A region.
    case region
    /// The public half of a key pair: it stands in `Credential=`, divided by slashes.
    case accessKey
    /// The name of an object that stands for its folder.
    case index
    /// The statuses that an error document is for.
    case errorStatus
    /// The object that is sent for an error.
    case documentPath
    /// The name of a query parameter.
    case parameterName
    /// A pattern of paths.
    case glob
    /// The name of a header field that a site adds to answers.
    case addedField
    /// The name of a header field that a site removes from answers.
    case removedField
    /// The value of a header field.
    case fieldValue

    /// A noun phrase for messages.
    public var phrase: String {
        switch self {
        case .nodeName: "a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter"
        case .siteName: "a name of at most 255 letters, digits, dots, dashes and underscores"
        case .bucket: "the name of a bucket: letters, digits, dots, dashes and underscores"
        case .strictBucket: "the name of a bucket: 3 to 63 lower-case letters, digits, dots and dashes"
        case .region: "a region such as us-east-1"
        case .accessKey: "an access key without spaces, commas and slashes, or env:NAME to read it from"
        case .index: "the name of an object, such as index.html, without a slash before it"
        case .errorStatus: "a status from 400 to 599, or 4xx or 5xx"
        case .documentPath: "a path such as /404.html, without a query"
        case .parameterName: "the name of a query parameter, without & and ="
        case .glob: "a pattern that begins with a slash, such as /assets/**, or one of a file's name, such as *.woff2"
        case .addedField:
            """
            the name of a header field, not one of the edge (such as Age or Date), the body (such as Content-Type or ETag) \
            or a visitor (Set-Cookie)
            """
        case .removedField:
            "the name of a header field, not one of the edge (such as Age or Date) or the body (such as Content-Type)"
        case .fieldValue: "a text of at most 4096 bytes without control characters"
        }
    }

    /// Whether a text has the form.
    func allows(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { return false }
        switch self {
        case .nodeName:
            return bytes.count <= 64 && Self.isLetter(first) && bytes.allSatisfy(Self.isNameByte)
        case .siteName, .bucket:
            return bytes.count <= 255 && bytes.allSatisfy(Self.isNameByte) && text != "." && text != ".."
        case .strictBucket:
            return (3...63).contains(bytes.count) && bytes.allSatisfy { Self.isNameByte($0) && $0 != 0x5F }
                && text.lowercased() == text && Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
                && !text.contains("..")
        case .region:
            return bytes.count <= 64 && bytes.allSatisfy { Self.isAlphanumeric($0) || $0 == 0x2D }
        case .accessKey:
            return bytes.count <= 128 && bytes.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x2C && $0 != 0x2F }
        case .index:
            return bytes.count <= 255 && first != 0x2F && last != 0x2F && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        case .errorStatus:
            if text == "4xx" || text == "5xx" { return true }
            return bytes.count == 3 && (UInt8(ascii: "4")...UInt8(ascii: "5")).contains(first) && Int(text) != nil
        case .documentPath:
            return bytes.count <= 1024 && first == 0x2F && last != 0x2F
                && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x3F && $0 != 0x23 }
        case .parameterName:
            return bytes.count <= 255 && bytes.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x26 && $0 != 0x3D }
        case .glob:
            return bytes.count <= 255 && (first == 0x2F || !bytes.contains(0x2F))
                && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != 0x23 }
        case .addedField: return FieldNameRule.mayAdd(text)
        case .removedField: return FieldNameRule.mayRemove(text)
        case .fieldValue:
            return bytes.count <= 4096 && first > 0x20 && last > 0x20
                && bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLetter(byte) || (0x30...0x39).contains(byte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == 0x2D || byte == 0x2E || byte == 0x5F
    }
}
