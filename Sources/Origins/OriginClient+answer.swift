import HTTPClient
import HTTPWire
import SignatureV4

extension OriginClient {
    /// What of an origin's head is for others to see.
    func answer(_ head: ResponseHead) -> OriginAnswer {
        var head = head
        let length = Self.length(head)
        head.fields.removeHopByHop()
        switch configuration {
        case .http:
            let tags =
                Self.tags(head.fields.values(.cacheTag), separator: ",")
                + Self.tags(head.fields.values(.surrogateKey), separator: " ")
            return OriginAnswer(
                head: head,
                length: length,
                tags: Array(tags.prefix(Limits.tags)),
                hidesBody: false,
                md5: nil,
                contentRange: ContentRange(head, length: length)
            )
        case .s3:
            return bucketAnswer(head, length: length)
        }
    }

    /// What the answer's head says of the body that comes with it, to be compared; nil: nothing.
    ///
    /// Only of a whole 200: a checksum is one of the whole object, so that no part can be compared with it.
    func bodyDigest(of head: ResponseHead, to request: OriginRequest) -> BodyDigest? {
        guard head.status == 200, request.method == .get else { return nil }
        switch configuration {
        case .http: return .ofServer(head.fields)
        case .s3(let bucket):
            if let digest = BodyDigest.ofBucket(head.fields) { return digest }
            guard bucket.verifiesMD5, let tag = bucketAnswer(head, length: nil).md5 else { return nil }
            return BodyDigest(.md5, Hex.decode(tag))
        }
    }

    /// Whether the end of the connection is all that shows the end of the body, where nobody would send it so.
    ///
    /// A server's answer that ends so without an error is complete (RFC 9112, section 8). A bucket always tells the length:
    /// where it does not, something between has taken it away. Over TLS its own goodbye shows that the end was meant.
    func mayBeCut(_ head: ResponseHead) -> Bool {
        guard case .untilClose = head.framing else { return false }
        return isBucket && configuration.endpoint.scheme == .http
    }

    /// Bytes of the body, or of the one that a GET would have had when this answers a HEAD.
    private static func length(_ head: ResponseHead) -> UInt64? {
        switch head.framing {
        case .length(let length): length
        case .none: head.status == 204 ? 0 : head.fields[.contentLength].flatMap { UInt64($0) }
        case .chunked, .untilClose: nil
        }
    }

    /// `x-amz-*` fields and XML errors are between the edge and the bucket.
    private func bucketAnswer(_ head: ResponseHead, length: UInt64?) -> OriginAnswer {
        var head = head
        let tags = Self.tags(head.fields.values(name: "x-amz-meta-cache-tag"), separator: ",")
        let isEncrypted =
            head.fields["x-amz-server-side-encryption"].map { $0.hasPrefix("aws:kms") } ?? false
            || head.fields.contains(name: "x-amz-server-side-encryption-customer-algorithm")
        head.fields.removeAll { field, list in
            if field.name == .server { return true }
            guard field.name == .other else { return false }
            return list.nameString(field).lowercased().hasPrefix("x-amz-")
        }
        // A bucket's redirection is XML too: it means that the region or the endpoint is wrong.
        let isError = !(200..<300).contains(head.status) && head.status != 304
        let contentRange = ContentRange(head, length: length)
        if isError {
            // What is left describes S3's XML, not what the client gets; but for the whole length that a 416 tells.
            let kept = head.fields
            head.fields = FieldList()
            if let date = kept[.date] { head.fields.append(.date, date) }
            if contentRange != nil, let part = kept[.contentRange] { head.fields.append(.contentRange, part) }
        }
        return OriginAnswer(
            head: head,
            length: isError ? 0 : length,
            tags: Array(tags.prefix(Limits.tags)),
            hidesBody: isError,
            md5: head.status == 200 && !isEncrypted ? Self.md5(head.fields[.etag]) : nil,
            contentRange: contentRange
        )
    }

    /// An entity tag of 32 hexadecimal digits is the MD5 of an object that was uploaded in one piece.
    private static func md5(_ etag: String?) -> String? {
        guard let tag = etag.flatMap({ EntityTag($0) }), !tag.isWeak, tag.opaque.utf8.count == 32,
            tag.opaque.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return tag.opaque
    }

    private static func tags(_ lines: [String], separator: Character) -> [String] {
        lines.flatMap { $0.split(separator: separator) }
            .map { $0.trimmingSpaces }
            .filter { !$0.isEmpty && $0.utf8.count <= Limits.tagBytes }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: String {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
