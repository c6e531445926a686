internal import HTTPServer
internal import HTTPWire

/// A request's head in S3's terms, and where its body comes from. *Value*.
struct S3Request: Sendable {
    /// Sent back as `x-amz-request-id`.
    let id: String
    let head: RequestHead
    let body: RequestBody
    /// As received, up to `?`; what was signed.
    let rawPath: String
    /// As received, after `?`.
    let rawQuery: String
    /// Decoded; nil for the service itself.
    let bucket: String?
    /// nil for a bucket or the service.
    let key: ObjectKey?
    let query: S3Query

    var fields: FieldList { head.fields }

    /// Path-style addressing: `/bucket/key`. Slashes count: `/bucket//a` has the key `/a`.
    init(id: String, _ request: AsyncRequest) throws(S3Error) {
        self.id = id
        head = request.head
        body = request.body
        var target = Substring(request.head.targetString)
        if !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") {
            // RFC 9112, section 3.2.2: a server accepts the absolute form.
            target = target[scheme.upperBound...].drop { $0 != "/" && $0 != "?" }
        }
        let pathEnd = target.firstIndex(of: "?") ?? target.endIndex
        rawPath = String(target[..<pathEnd])
        rawQuery = String(target[pathEnd...].dropFirst())
        query = try S3Query(rawQuery)
        guard rawPath.hasPrefix("/") || rawPath.isEmpty, let path = RequestTarget.percentDecode(rawPath.utf8) else {
            throw S3Error(.invalidURI, "Couldn't parse the specified URI.")
        }
        let rest = path.dropFirst()
        let name = rest.prefix { $0 != UInt8(ascii: "/") }
        let keyBytes = Array(rest.dropFirst(name.count + 1))
        bucket = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
        guard !keyBytes.isEmpty else {
            key = nil
            return
        }
        guard keyBytes.count <= ObjectStoreLimits.keyBytes else {
            throw S3Error(
                .keyTooLong,
                "Your key is too long",
                details: [
                    .init(name: "Size", value: String(keyBytes.count)),
                    .init(name: "MaxSizeAllowed", value: String(ObjectStoreLimits.keyBytes)),
                ]
            )
        }
        guard bucket != nil, let key = ObjectKey(keyBytes) else {
            throw S3Error(.invalidURI, "Couldn't parse the specified URI: a key is UTF-8 within a bucket.")
        }
        self.key = key
    }

    /// `Content-Length` as far as it says anything; nil for a chunked body.
    var contentLength: Int64? {
        switch head.framing {
        case .length(let length): Int64(clamping: length)
        case .none: 0
        case .chunked, .untilClose: nil
        }
    }

    func requiredBucket() throws(S3Error) -> String {
        guard let bucket else {
            throw S3Error(.methodNotAllowed, "The specified method is not allowed against this resource.")
        }
        return bucket
    }

    func requiredKey() throws(S3Error) -> ObjectKey {
        guard let key else {
            throw S3Error(.methodNotAllowed, "The specified method is not allowed against this resource.")
        }
        return key
    }
}
