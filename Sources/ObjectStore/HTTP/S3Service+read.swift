internal import HTTPWire
internal import NIOCore
internal import SignatureV4

extension S3Service {
    /// `GetObject` and `HeadObject`.
    func readObject(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        let isHead = call.operation == .headObject
        // HEAD reads no file.
        let object = isHead ? nil : try await storage.open(bucket: bucket, key)
        let record = if let object { object.record } else { try await storage.object(bucket: bucket, key) }

        var answer = S3Answer(200)
        switch ReadConditions(call.fields).evaluate(etag: record.etag, modifiedSeconds: record.modifiedSeconds) {
        case .proceed: break
        case .failed(let condition): throw S3Error.preconditionFailed(condition)
        case .notModified:
            answer.status = 304
            appendValidators(record, to: &answer.fields)
            for name in [FieldName.cacheControl, .expires] {
                if let value = record.attributes[name.text.lowercased()] { answer.fields.append(name, value) }
            }
            return answer
        }

        let selection = try await selectBytes(call, record)
        appendValidators(record, to: &answer.fields)
        appendAttributes(record, to: &answer.fields)
        try applyOverrides(call, to: &answer.fields)
        if let parts = selection.partCount { answer.fields.append(name: "x-amz-mp-parts-count", String(parts)) }
        let range = selection.range
        if selection.isPartial {
            answer.status = 206
            answer.fields.append(.contentRange, "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(record.size)")
        } else if call.fields["x-amz-checksum-mode"]?.uppercased() == "ENABLED", let checksum = record.checksum {
            appendChecksum(checksum, to: &answer.fields)
        }
        guard let object else {
            answer.fields.append(.contentLength, String(range.count))
            return answer
        }
        var reader = ObjectReader(object, range: range)
        let first = try await storage.nextPiece(&reader) ?? ByteBuffer()
        answer.body = .object(first: first, rest: reader, length: Int64(range.count))
        return answer
    }

    /// Which bytes are asked for. *Value*.
    private struct Selection {
        var range: Range<Int64>
        var isPartial = false
        var partCount: Int?
    }

    private func selectBytes(_ call: S3Call, _ record: ObjectRecord) async throws -> Selection {
        let whole: Range<Int64> = 0..<record.size
        if let number = try call.query.number("partNumber", in: 1...ObjectStoreLimits.parts) {
            guard !call.fields.contains(.range) else {
                throw S3Error(.invalidRequest, "Cannot specify both Range header and partNumber query parameter.")
            }
            return try await selectPart(number, record)
        }
        guard let text = call.fields[.range],
            ReadConditions.rangeApplies(call.fields, etag: record.etag, modifiedSeconds: record.modifiedSeconds),
            // S3 serves single ranges; anything else it takes for no range at all (RFC 9110, section 14.2 allows that).
            let set = ByteRangeSet.parse(text), set.specs.count == 1, let spec = set.specs.first
        else { return Selection(range: whole) }
        guard let range = spec.resolve(length: UInt64(record.size)) else {
            throw S3Error(
                .invalidRange,
                "The requested range is not satisfiable",
                details: [
                    .init(name: "RangeRequested", value: text),
                    .init(name: "ActualObjectSize", value: String(record.size)),
                ]
            )
        }
        return Selection(range: Int64(range.lowerBound)..<Int64(range.upperBound), isPartial: true)
    }

    private func selectPart(_ number: Int, _ record: ObjectRecord) async throws -> Selection {
        let parts = record.blob == nil ? try await storage.parts(of: record) : []
        if parts.isEmpty {
            guard number == 1 else { throw Self.noSuchPart(number) }
            return Selection(range: 0..<record.size, isPartial: record.size > 0)
        }
        var start: Int64 = 0
        for part in parts {
            if part.number == number {
                return Selection(range: start..<start + part.size, isPartial: part.size > 0, partCount: parts.count)
            }
            start += part.size
        }
        throw Self.noSuchPart(number)
    }

    private static func noSuchPart(_ number: Int) -> S3Error {
        S3Error(
            .invalidRange,
            "The requested partnumber is not satisfiable",
            details: [.init(name: "PartNumberRequested", value: String(number))]
        )
    }

    private func appendValidators(_ record: ObjectRecord, to fields: inout FieldList) {
        fields.append(.lastModified, HTTPDate.format(record.modifiedSeconds))
        fields.append(.etag, "\"\(record.etag)\"")
    }

    private func appendAttributes(_ record: ObjectRecord, to fields: inout FieldList) {
        fields.append(.acceptRanges, "bytes")
        if record.attributes["content-type"] == nil { fields.append(.contentType, "binary/octet-stream") }
        for field in record.attributes.fields {
            let known = FieldName(Array(field.name.utf8).span)
            if known == .other {
                fields.append(nameBytes: field.name.utf8, field.value)
            } else {
                fields.append(known, field.value)
            }
        }
    }

    func appendChecksum(_ checksum: ObjectChecksum, to fields: inout FieldList) {
        fields.append(name: checksum.algorithm.fieldName, checksum.value)
        fields.append(name: "x-amz-checksum-type", checksum.scope.rawValue)
    }

    /// `response-*` parameters. Not for anonymous requests: a link could make a public file appear as another type.
    private func applyOverrides(_ call: S3Call, to fields: inout FieldList) throws(S3Error) {
        for (name, field) in [
            ("content-type", FieldName.contentType), ("content-language", .contentLanguage), ("expires", .expires),
            ("cache-control", .cacheControl), ("content-encoding", .contentEncoding),
        ] {
            guard let value = call.query["response-" + name] else { continue }
            try requireSigned(call)
            fields.set(field, value)
        }
        if let value = call.query["response-content-disposition"] {
            try requireSigned(call)
            fields.set(name: "Content-Disposition", value)
        }
    }

    private func requireSigned(_ call: S3Call) throws(S3Error) {
        guard call.verified != nil else {
            throw S3Error(
                .invalidRequest,
                "Request specific response headers cannot be used for anonymous GET requests."
            )
        }
    }
}

extension ObjectRecord {
    /// Unix seconds, as far as HTTP's dates go.
    var modifiedSeconds: Int64 { modified / 1000 }
}

extension ObjectStorage {
    /// The parts of an object that was uploaded in parts.
    func parts(of record: ObjectRecord) async throws(S3Error) -> [ObjectPart] {
        try await read { db in try ObjectPart.all(db, object: record.id) }
    }
}
