internal import HTTPWire
internal import SignatureV4

/// What the head of an upload says of its body. *Value*; checked before a byte of the body is asked for.
struct UploadFields: Sendable {
    /// Bytes of the object; nil when only the end tells.
    let length: Int64?
    let payload: PayloadHash
    /// `Content-MD5`, 16 bytes.
    let md5: [UInt8]?
    /// `x-amz-checksum-*` of the head.
    let checksum: ObjectChecksum?
    /// The checksum that `x-amz-trailer` announces.
    let trailer: ObjectChecksum.Algorithm?

    /// The algorithm that has to be computed besides MD5 and CRC-32.
    var algorithm: ObjectChecksum.Algorithm? { checksum?.algorithm ?? trailer }

    init(_ call: S3Call) throws(S3Error) {
        let fields = call.fields
        try UnsupportedFields.check(fields)
        payload = call.payload
        length = try Self.length(call)
        if let length, length > ObjectStoreLimits.uploadBytes {
            throw S3Error(
                .entityTooLarge,
                "Your proposed upload exceeds the maximum allowed size",
                details: [
                    .init(name: "ProposedSize", value: String(length)),
                    .init(name: "MaxSizeAllowed", value: String(ObjectStoreLimits.uploadBytes)),
                ]
            )
        }
        md5 = try Self.md5(fields)
        checksum = try Self.checksum(fields)
        trailer = fields.combined(name: "x-amz-trailer").flatMap { value in
            value.split(separator: ",").lazy
                .compactMap { ObjectChecksum.Algorithm(fieldName: $0.filter { $0 != " " }) }.first
        }
    }

    private static func length(_ call: S3Call) throws(S3Error) -> Int64? {
        if call.payload.isStreaming {
            guard let text = call.fields["x-amz-decoded-content-length"], let length = Int64(text), length >= 0 else {
                throw S3Error(.missingContentLength, "You must provide the x-amz-decoded-content-length HTTP header.")
            }
            return length
        }
        switch call.request.head.framing {
        case .length(let length): return Int64(clamping: length)
        case .chunked: return nil
        case .none, .untilClose:
            throw S3Error(.missingContentLength, "You must provide the Content-Length HTTP header.")
        }
    }

    static func md5(_ fields: FieldList) throws(S3Error) -> [UInt8]? {
        guard let text = fields[.contentMD5] else { return nil }
        guard let bytes = Base64.decode(text), bytes.count == DigestAlgorithm.md5.byteCount else {
            throw S3Error(.invalidDigest, "The Content-MD5 you specified was invalid: expected 16 bytes in Base64.")
        }
        return bytes
    }

    static func checksum(_ fields: FieldList) throws(S3Error) -> ObjectChecksum? {
        var result: ObjectChecksum?
        for field in fields.fields where field.name == .other {
            guard let algorithm = ObjectChecksum.Algorithm(fieldName: fields.nameString(field)) else { continue }
            let checksum = ObjectChecksum(algorithm, value: fields.valueString(field))
            guard checksum.bytes != nil else {
                throw S3Error(.invalidRequest, "Value for \(algorithm.fieldName) header is invalid.")
            }
            guard result == nil else {
                throw S3Error(
                    .invalidRequest,
                    "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                )
            }
            result = checksum
        }
        return result
    }

    /// The fields that are kept with the object. `aws-chunked` was the request's coding and is not the object's.
    static func attributes(_ fields: FieldList) throws(S3Error) -> ObjectAttributes {
        var attributes = ObjectAttributes()
        for field in fields.fields {
            let name = fields.nameString(field).lowercased()
            guard ObjectAttributes.systemNames.contains(name) || name.hasPrefix(ObjectAttributes.metadataPrefix) else {
                continue
            }
            var value = Array(fields.bytes[field.valueRange])
            if name == "content-encoding" {
                let codings = fields.valueString(field).split(separator: ",").map {
                    $0.filter { $0 != " " && $0 != "\t" }
                }
                let kept = codings.filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
                if kept.isEmpty { continue }
                if kept.count < codings.count { value = Array(kept.joined(separator: ",").utf8) }
            }
            if name == "content-type", value.isEmpty { continue }
            attributes.append(name, value)
        }
        guard attributes.metadataBytes <= ObjectStoreLimits.metadataBytes else {
            throw S3Error(
                .metadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size",
                details: [
                    .init(name: "Size", value: String(attributes.metadataBytes)),
                    .init(name: "MaxSizeAllowed", value: String(ObjectStoreLimits.metadataBytes)),
                ]
            )
        }
        return attributes
    }

    /// `If-Match` and `If-None-Match: *` of a write.
    static func condition(_ fields: FieldList) throws(S3Error) -> WriteCondition {
        var condition = WriteCondition()
        if let text = fields.combined(.ifMatch) {
            switch EntityTag.list(text, acceptBare: true) {
            case .any: condition.ifMatch = []
            case .tags(let tags): condition.ifMatch = tags.isEmpty ? [""] : tags.map(\.opaque)
            }
        }
        if let text = fields.combined(.ifNoneMatch) {
            guard EntityTag.list(text, acceptBare: true) == .any else {
                throw .notImplemented("If-None-Match of a write with anything but '*'")
            }
            condition.ifNoneMatchAny = true
        }
        return condition
    }
}
