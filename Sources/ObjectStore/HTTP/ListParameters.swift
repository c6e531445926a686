internal import HTTPWire
internal import NIOCore
internal import SignatureV4

/// The parameters of a listing, checked, and the form of its answer. *Value*.
struct ListParameters: Sendable {
    let isV2: Bool
    let encodesKeys: Bool
    let query: ListQuery
    private let delimiter: String
    private let prefix: String
    private let marker: String?
    private let token: String?
    private let maxKeys: Int
    private let fetchesOwner: Bool

    init(_ parameters: S3Query, isV2: Bool) throws(S3Error) {
        self.isV2 = isV2
        encodesKeys = try Self.encodesKeys(parameters)
        maxKeys =
            try parameters["max-keys"] == "" ? 1_000 : parameters.number("max-keys", in: 0...Int(Int32.max)) ?? 1_000
        delimiter = parameters["delimiter"] ?? ""
        prefix = parameters["prefix"] ?? ""
        marker = parameters[isV2 ? "start-after" : "marker"]
        token = isV2 ? parameters["continuation-token"] : nil
        fetchesOwner = !isV2 || parameters["fetch-owner"] == "true"

        var query = ListQuery(prefix: Array(prefix.utf8), delimiter: Array(delimiter.utf8))
        query.limit = min(maxKeys, ObjectStoreLimits.listKeys)
        if let token, !token.isEmpty {
            query.after = try Self.position(token)
        } else if let marker, !marker.isEmpty {
            query.after = Self.position(marker: Array(marker.utf8), query)
        }
        self.query = query
    }

    static func encodesKeys(_ parameters: S3Query) throws(S3Error) -> Bool {
        switch parameters["encoding-type"] {
        case nil, "": return false
        case "url": return true
        case let other?:
            throw .invalidArgument("encoding-type", other, "Invalid Encoding Method specified in Request")
        }
    }

    /// A marker that is itself a group, as this store gives it for the next page, leads behind the whole group.
    private static func position(marker: [UInt8], _ query: ListQuery) -> ListPosition {
        let group = ObjectStorage.group(of: marker, prefix: query.prefix, delimiter: query.delimiter)
        return group == marker && marker.starts(with: query.prefix) ? .group(marker) : .key(marker)
    }

    /// Tokens say what kind of entry was the last one.
    private static func position(_ token: String) throws(S3Error) -> ListPosition? {
        guard let bytes = Hex.decode(token.dropFirst()), !bytes.isEmpty else {
            throw .invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
        }
        switch token.first {
        case "k": return .key(bytes)
        case "p": return .group(bytes)
        default: throw .invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
        }
    }

    private static func token(_ position: ListPosition) -> String {
        switch position {
        case .key(let key): "k" + Hex.encode(key)
        case .group(let prefix): "p" + Hex.encode(prefix)
        }
    }

    /// `/` stays, all but letters, digits and `-._~` becomes `%XX`.
    private func key(_ bytes: [UInt8]) -> String {
        encodesKeys ? RequestTarget.percentEncode(bytes, keepSlash: true) : String(decoding: bytes, as: UTF8.self)
    }

    private func key(_ text: String) -> String { key(Array(text.utf8)) }

    func render(_ bucket: String, _ page: ListPage) -> ByteBuffer {
        XMLWriter.document("ListBucketResult") { xml in
            xml.element("Name", bucket)
            xml.element("Prefix", key(prefix))
            if isV2 {
                if let token { xml.element("ContinuationToken", token) }
                if let marker { xml.element("StartAfter", key(marker)) }
                xml.element("KeyCount", Int64(page.entries.count))
            } else {
                xml.element("Marker", key(marker ?? ""))
            }
            xml.element("MaxKeys", Int64(maxKeys))
            if !delimiter.isEmpty { xml.element("Delimiter", key(delimiter)) }
            if encodesKeys { xml.element("EncodingType", "url") }
            xml.element("IsTruncated", page.isTruncated)
            if page.isTruncated, let last = page.entries.last {
                next(last, &xml)
            }
            for case .object(let object) in page.entries { contents(object, &xml) }
            for case .group(let prefix) in page.entries {
                xml.element("CommonPrefixes") { $0.element("Prefix", key(prefix)) }
            }
        }
    }

    /// Version 1 gives NextMarker only with a delimiter; without one, clients take the last key.
    private func next(_ last: ListEntry, _ xml: inout XMLWriter) {
        if isV2 {
            xml.element("NextContinuationToken", Self.token(last.position))
        } else if !delimiter.isEmpty {
            switch last.position {
            case .key(let bytes), .group(let bytes): xml.element("NextMarker", key(bytes))
            }
        }
    }

    private func contents(_ object: ListedObject, _ xml: inout XMLWriter) {
        xml.element("Contents") { xml in
            xml.element("Key", key(object.key))
            xml.element("LastModified", AmzDate.extended(unixMilliseconds: object.modified))
            xml.element("ETag", "\"\(object.etag)\"")
            if let checksum = object.checksum {
                xml.element("ChecksumAlgorithm", checksum.algorithm.rawValue)
                xml.element("ChecksumType", checksum.scope.rawValue)
            }
            xml.element("Size", object.size)
            if fetchesOwner { xml.element("Owner") { $0.owner() } }
            xml.element("StorageClass", "STANDARD")
        }
    }
}
