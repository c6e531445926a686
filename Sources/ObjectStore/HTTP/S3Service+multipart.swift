internal import HTTPWire
internal import NIOCore
internal import SignatureV4

/// The part that a request names. *Value*.
struct PartTarget: Sendable {
    let bucket: String
    let key: ObjectKey
    let token: String
    let number: Int

    init(_ call: S3Call) throws(S3Error) {
        bucket = try call.request.requiredBucket()
        key = try call.request.requiredKey()
        token = call.query["uploadId"] ?? ""
        guard let number = try call.query.number("partNumber", in: 1...ObjectStoreLimits.parts) else {
            throw .invalidArgument("partNumber", "", "Part number must be an integer between 1 and 10000, inclusive")
        }
        self.number = number
    }
}

extension S3Service {
    /// `CreateMultipartUpload`.
    func createUpload(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        try UnsupportedFields.check(call.fields)
        let plan = try Self.checksumPlan(call)
        let token = try await storage.createUpload(
            bucket: bucket,
            key,
            attributes: UploadFields.attributes(call.fields),
            checksum: plan
        )
        var answer = S3Answer.xml(
            XMLWriter.document("InitiateMultipartUploadResult") { xml in
                xml.element("Bucket", bucket)
                xml.element("Key", key.text)
                xml.element("UploadId", token)
            }
        )
        if let plan {
            answer.fields.append(name: "x-amz-checksum-algorithm", plan.algorithm.rawValue)
            answer.fields.append(name: "x-amz-checksum-type", plan.scope.rawValue)
        }
        return answer
    }

    /// SHA digests cover the parts' digests, CRC-64 the whole object; the other CRCs what the client asks for.
    private static func checksumPlan(_ call: S3Call) throws(S3Error) -> UploadRecord.ChecksumPlan? {
        guard let algorithm = try algorithm(call) else { return nil }
        let usual: ObjectChecksum.Scope = algorithm == .crc64nvme ? .fullObject : .composite
        guard let text = call.fields["x-amz-checksum-type"] else { return .init(algorithm, usual) }
        guard let scope = ObjectChecksum.Scope(rawValue: text.uppercased()),
            scope == usual || (algorithm.crc != nil && algorithm != .crc64nvme)
        else {
            throw S3Error(
                .invalidRequest,
                "The \(text.prefix(32)) checksum type cannot be used with the \(algorithm.rawValue) checksum algorithm."
            )
        }
        return .init(algorithm, scope)
    }

    /// `UploadPart`.
    func uploadPart(_ call: S3Call) async throws -> S3Answer {
        let target = try PartTarget(call)
        let fields = try UploadFields(call)
        _ = try await storage.prepareUpload(bucket: target.bucket, bytes: fields.length ?? 0)
        _ = try await storage.upload(bucket: target.bucket, target.key, token: target.token)
        let (blob, checksum) = try await receive(call, fields)
        try await storage.putPart(
            bucket: target.bucket,
            target.key,
            token: target.token,
            number: target.number,
            blob,
            checksum: checksum
        )
        var answer = S3Answer(200)
        answer.fields.append(.etag, "\"\(Hex.encode(blob.digests.md5))\"")
        if let checksum { answer.fields.append(name: checksum.algorithm.fieldName, checksum.value) }
        return answer
    }

    /// `CompleteMultipartUpload`.
    func completeUpload(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        let condition = try UploadFields.condition(call.fields)
        // A checksum in this request's head is meant for the object, not for the body.
        let parts = try Self.listedParts(try await smallBody(call, hasChecksum: false))
        let completion = try await storage.completeUpload(
            bucket: bucket,
            key,
            token: call.query["uploadId"] ?? "",
            parts: parts,
            condition: condition
        )
        return .xml(
            XMLWriter.document("CompleteMultipartUploadResult") { xml in
                let path = RequestTarget.percentEncode(key.bytes, keepSlash: true)
                xml.element("Location", "http://\(call.fields[.host] ?? "")/\(bucket)/\(path)")
                xml.element("Bucket", bucket)
                xml.element("Key", key.text)
                xml.element("ETag", "\"\(completion.etag)\"")
                if let checksum = completion.checksum {
                    xml.element(checksum.algorithm.elementName, checksum.value)
                    xml.element("ChecksumType", checksum.scope.rawValue)
                }
            }
        )
    }

    private static func listedParts(_ body: [UInt8]) throws(S3Error) -> [CompletedPart] {
        let root = try XMLElement.parse(body)
        guard root.name == "CompleteMultipartUpload" else { throw .malformedXML }
        var parts: [CompletedPart] = []
        for element in root.children where element.name == "Part" {
            guard let number = element["PartNumber"].flatMap({ Int($0) }), let tag = element["ETag"],
                parts.count < ObjectStoreLimits.parts
            else { throw .malformedXML }
            let checksum = ObjectChecksum.Algorithm.allCases.lazy
                .compactMap { algorithm in element[algorithm.elementName].map { ObjectChecksum(algorithm, value: $0) } }
                .first
            parts.append(CompletedPart(number: number, etag: tag.filter { $0 != "\"" }, checksum: checksum))
        }
        return parts
    }

    func abortUpload(_ call: S3Call) async throws -> S3Answer {
        try await storage.abortUpload(
            bucket: call.request.requiredBucket(),
            call.request.requiredKey(),
            token: call.query["uploadId"] ?? ""
        )
        return S3Answer(204)
    }

    /// `ListParts`.
    func listParts(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        let token = call.query["uploadId"] ?? ""
        let limit = min(try call.query.number("max-parts", in: 0...Int(Int32.max)) ?? 1_000, 1_000)
        let marker = try call.query.number("part-number-marker", in: 0...Int(Int32.max)) ?? 0
        let (upload, found) = try await storage.parts(
            bucket: bucket,
            key,
            token: token,
            after: marker,
            limit: limit + 1
        )
        let page = found.prefix(limit)
        return .xml(
            XMLWriter.document("ListPartsResult") { xml in
                xml.element("Bucket", bucket)
                xml.element("Key", key.text)
                xml.element("UploadId", token)
                xml.element("Initiator") { $0.owner() }
                xml.element("Owner") { $0.owner() }
                xml.element("StorageClass", "STANDARD")
                xml.element("PartNumberMarker", Int64(marker))
                if let last = page.last { xml.element("NextPartNumberMarker", Int64(last.number)) }
                xml.element("MaxParts", Int64(limit))
                xml.element("IsTruncated", found.count > limit)
                if let plan = upload.checksum {
                    xml.element("ChecksumAlgorithm", plan.algorithm.rawValue)
                    xml.element("ChecksumType", plan.scope.rawValue)
                }
                for part in page {
                    xml.element("Part") { xml in
                        xml.element("PartNumber", Int64(part.number))
                        xml.element("LastModified", AmzDate.extended(unixMilliseconds: part.modified))
                        xml.element("ETag", "\"\(Hex.encode(part.md5))\"")
                        xml.element("Size", part.size)
                        if let checksum = part.checksum { xml.element(checksum.algorithm.elementName, checksum.value) }
                    }
                }
            }
        )
    }

    /// `ListMultipartUploads`.
    func listUploads(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let limit = min(try call.query.number("max-uploads", in: 1...Int(Int32.max)) ?? 1_000, 1_000)
        let prefix = call.query["prefix"] ?? ""
        let keyMarker = call.query["key-marker"] ?? ""
        let tokenMarker = keyMarker.isEmpty ? "" : call.query["upload-id-marker"] ?? ""
        let encodes = try ListParameters.encodesKeys(call.query)
        let found = try await storage.uploads(
            bucket: bucket,
            prefix: Array(prefix.utf8),
            after: keyMarker.isEmpty ? nil : (Array(keyMarker.utf8), tokenMarker),
            limit: limit + 1
        )
        let page = found.prefix(limit)
        func encoded(_ bytes: [UInt8]) -> String {
            encodes ? RequestTarget.percentEncode(bytes, keepSlash: true) : String(decoding: bytes, as: UTF8.self)
        }
        return .xml(
            XMLWriter.document("ListMultipartUploadsResult") { xml in
                xml.element("Bucket", bucket)
                xml.element("KeyMarker", encoded(Array(keyMarker.utf8)))
                xml.element("UploadIdMarker", tokenMarker)
                if found.count > limit, let last = page.last {
                    xml.element("NextKeyMarker", encoded(last.key.bytes))
                    xml.element("NextUploadIdMarker", last.token)
                }
                xml.element("Prefix", encoded(Array(prefix.utf8)))
                xml.element("MaxUploads", Int64(limit))
                if encodes { xml.element("EncodingType", "url") }
                xml.element("IsTruncated", found.count > limit)
                for upload in page {
                    xml.element("Upload") { xml in
                        xml.element("Key", encoded(upload.key.bytes))
                        xml.element("UploadId", upload.token)
                        xml.element("Initiator") { $0.owner() }
                        xml.element("Owner") { $0.owner() }
                        xml.element("StorageClass", "STANDARD")
                        xml.element("Initiated", AmzDate.extended(unixMilliseconds: upload.created))
                    }
                }
            }
        )
    }
}
