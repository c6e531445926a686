internal import HTTPServer
internal import HTTPWire
internal import NIOCore
internal import SignatureV4

extension S3Service {
    /// `PutObject`. Whatever can be refused is refused before the body is asked for.
    func putObject(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        let fields = try UploadFields(call)
        let attributes = try UploadFields.attributes(call.fields)
        let condition = try UploadFields.condition(call.fields)
        let target = try await storage.prepareUpload(bucket: bucket, bytes: fields.length ?? 0)
        try await storage.check(condition, target, key)
        let (blob, checksum) = try await receive(call, fields)
        let record = try await storage.put(
            bucket: bucket,
            key,
            blob,
            attributes: attributes,
            checksum: checksum,
            condition: condition
        )
        var answer = S3Answer(200)
        answer.fields.append(.etag, "\"\(record.etag)\"")
        if let checksum { appendChecksum(checksum, to: &answer.fields) }
        return answer
    }

    /// Streams the body into a blob, in pieces, and checks what was promised of it.
    func receive(_ call: S3Call, _ fields: UploadFields) async throws -> (StagedBlob, ObjectChecksum?) {
        let verifier = call.verified?.chunkVerifier
        let pipeline = try await storage.blocking { [blobs = storage.blobs] in
            try UploadPipeline(fields, verifier: verifier, blobs: blobs)
        }
        var pieces: [ByteBuffer] = []
        var bytes = 0
        for try await piece in call.request.body {
            pieces.append(piece)
            bytes += piece.readableBytes
            guard bytes >= ObjectStoreLimits.writePieceBytes else { continue }
            let batch = pieces
            try await storage.blocking { try pipeline.feed(batch) }
            pieces.removeAll()
            bytes = 0
        }
        let rest = pieces
        return try await storage.blocking {
            try pipeline.feed(rest)
            return try pipeline.finish()
        }
    }

    /// The body of a request that is not an upload, within bounds and checked like one.
    /// `hasChecksum`: an `x-amz-checksum-*` of the head is that of the body.
    func smallBody(_ call: S3Call, hasChecksum: Bool = true) async throws -> [UInt8] {
        guard !call.payload.isStreaming else { throw S3Error.notImplemented("aws-chunked for this operation") }
        let md5 = try UploadFields.md5(call.fields)
        let checksum = hasChecksum ? try UploadFields.checksum(call.fields) : nil
        var bytes: [UInt8] = []
        if call.request.head.framing != .none {
            do {
                bytes = Array(buffer: try await call.request.body.collect(upTo: ObjectStoreLimits.xmlBytes))
            } catch ExchangeError.bodyTooLarge {
                throw S3Error.malformedXML
            }
        }
        if let md5, md5 != Digest.md5(bytes) {
            throw S3Error(.badDigest, "The Content-MD5 you specified did not match what we received.")
        }
        if case .sha256(let hex) = call.payload, Hex.decode(hex) != Digest.sha256(bytes) {
            throw S3Error(
                .xAmzContentSHA256Mismatch,
                "The provided 'x-amz-content-sha256' header does not match what was computed."
            )
        }
        if let checksum, checksum.bytes != BodyDigests.bytes(checksum.algorithm, of: bytes) {
            throw S3Error(
                .badDigest,
                "The \(checksum.algorithm.rawValue) you specified did not match the calculated checksum."
            )
        }
        return bytes
    }

    func deleteObject(_ call: S3Call) async throws -> S3Answer {
        try await storage.deleteObject(
            bucket: call.request.requiredBucket(),
            call.request.requiredKey(),
            condition: UploadFields.condition(call.fields)
        )
        return S3Answer(204)
    }

    /// `DeleteObjects`: up to 1,000 keys in one commit. A key that is none is an error of its own.
    func deleteObjects(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        _ = try await storage.bucket(bucket)
        let root = try XMLElement.parse(try await smallBody(call))
        let objects = root.children.filter { $0.name == "Object" }
        guard root.name == "Delete", !objects.isEmpty, objects.count <= ObjectStoreLimits.deleteKeys else {
            throw S3Error.malformedXML
        }
        let isQuiet = root["Quiet"] == "true"
        var keys: [ObjectKey] = []
        var refused: [(key: String, error: S3Error)] = []
        for object in objects {
            guard let text = object["Key"] else { throw S3Error.malformedXML }
            guard let key = ObjectKey(text) else {
                refused.append((text, S3Error(.keyTooLong, "Your key is too long")))
                continue
            }
            if let version = object["VersionId"], version != "null" {
                refused.append((text, S3Error.notImplemented("Deleting a version")))
            } else {
                keys.append(key)
            }
        }
        try await storage.deleteObjects(bucket: bucket, keys)
        return .xml(
            XMLWriter.document("DeleteResult") { xml in
                if !isQuiet {
                    for key in keys { xml.element("Deleted") { $0.element("Key", key.text) } }
                }
                for (key, error) in refused {
                    xml.element("Error") { xml in
                        xml.element("Key", key)
                        xml.element("Code", error.code.rawValue)
                        xml.element("Message", error.message)
                    }
                }
            }
        )
    }
}

extension ObjectStorage {
    /// Refuses a conditional write early; the commit checks again.
    func check(_ condition: WriteCondition, _ bucket: BucketRecord, _ key: ObjectKey) async throws(S3Error) {
        guard condition.ifMatch != nil || condition.ifNoneMatchAny else { return }
        try await read { db in
            try condition.check(try ObjectRecord.find(db, bucket: bucket.id, key)?.etag, key)
        }
    }
}
