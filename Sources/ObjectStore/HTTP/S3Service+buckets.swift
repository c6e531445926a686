internal import HTTPWire
internal import NIOCore
internal import SignatureV4

extension S3Service {
    /// `ListBuckets`, also page by page.
    func listBuckets(_ call: S3Call) async throws -> S3Answer {
        let limit = try call.query.number("max-buckets", in: 1...10_000) ?? 10_000
        let prefix = call.query["prefix"] ?? ""
        let after = call.query["continuation-token"] ?? ""
        let all = try await storage.buckets().filter { $0.name.hasPrefix(prefix) && $0.name > after }
        let page = all.prefix(limit)
        return .xml(
            XMLWriter.document("ListAllMyBucketsResult") { xml in
                xml.element("Owner") { $0.owner() }
                xml.element("Buckets") { xml in
                    for bucket in page {
                        xml.element("Bucket") { xml in
                            xml.element("Name", bucket.name)
                            xml.element("CreationDate", AmzDate.extended(unixMilliseconds: bucket.created))
                        }
                    }
                }
                if !prefix.isEmpty { xml.element("Prefix", prefix) }
                if page.count < all.count, let last = page.last { xml.element("ContinuationToken", last.name) }
            }
        )
    }

    /// `CreateBucket`. One's own bucket again is no error in us-east-1, as in S3.
    func createBucket(_ call: S3Call) async throws -> S3Answer {
        let name = try call.request.requiredBucket()
        try BucketName.check(name)
        try UnsupportedFields.check(call.fields)
        let body = try await smallBody(call)
        if !body.isEmpty {
            let root = try XMLElement.parse(body)
            guard root.name == "CreateBucketConfiguration" else { throw S3Error.malformedXML }
            if let constraint = root["LocationConstraint"], !constraint.isEmpty, constraint != region {
                throw S3Error(
                    .invalidLocationConstraint,
                    "The specified location-constraint is not valid: '\(constraint.prefix(64))'; this store is in '\(region)'."
                )
            }
        }
        let isNew = try await storage.createBucket(name)
        if !isNew, region != "us-east-1" {
            throw S3Error(
                .bucketAlreadyOwnedByYou,
                "Your previous request to create the named bucket succeeded and you already own it.",
                details: [.init(name: "BucketName", value: name)]
            )
        }
        var answer = S3Answer(200)
        answer.fields.append(.location, "/\(name)")
        return answer
    }

    func headBucket(_ call: S3Call) async throws -> S3Answer {
        _ = try await storage.bucket(call.request.requiredBucket())
        var answer = S3Answer(200)
        answer.fields.append(name: "x-amz-bucket-region", region)
        return answer
    }

    func deleteBucket(_ call: S3Call) async throws -> S3Answer {
        try await storage.deleteBucket(call.request.requiredBucket())
        return S3Answer(204)
    }

    /// Empty for us-east-1, the region that came before regions had names.
    func bucketLocation(_ call: S3Call) async throws -> S3Answer {
        _ = try await storage.bucket(call.request.requiredBucket())
        var xml = XMLWriter()
        xml.element(
            "LocationConstraint",
            attributes: "xmlns=\"\(XMLWriter.namespace)\"",
            region == "us-east-1" ? "" : region
        )
        return .xml(.init(bytes: xml.bytes))
    }

    /// There is none, which S3 says by an empty element.
    func bucketVersioning(_ call: S3Call) async throws -> S3Answer {
        _ = try await storage.bucket(call.request.requiredBucket())
        return .xml(XMLWriter.document("VersioningConfiguration") { _ in })
    }
}

extension XMLWriter {
    /// The elements of S3's Owner.
    mutating func owner() {
        element("ID", ObjectStorage.defaultOwner)
        element("DisplayName", ObjectStorage.defaultOwner)
    }
}

/// Request fields that would change what a write does, and that this store does not have. Passing over them would be a
/// promise not kept. A namespace.
enum UnsupportedFields {
    private static let prefixes = [
        "x-amz-server-side-encryption", "x-amz-object-lock", "x-amz-bucket-object-lock", "x-amz-grant",
        "x-amz-website-redirect-location", "x-amz-write-offset-bytes", "x-amz-object-ownership",
        "x-amz-copy-source-server-side-encryption",
    ]

    static func check(_ fields: FieldList) throws(S3Error) {
        for field in fields.fields where field.name == .other {
            let name = fields.nameString(field).lowercased()
            let value = fields.valueString(field)
            if prefixes.contains(where: { name.hasPrefix($0) }) {
                throw .notImplemented("The header '\(name.prefix(64))'")
            }
            if name == "x-amz-acl", value != "private", value != "bucket-owner-full-control" {
                throw .notImplemented("The ACL '\(value.prefix(64))' (see the setting public_buckets)")
            }
            if name == "x-amz-tagging", !value.isEmpty { throw .notImplemented("Tagging") }
            if name == "x-amz-storage-class", value != "STANDARD" {
                throw S3Error(
                    .invalidStorageClass,
                    "The storage class you specified is not valid: this store has STANDARD."
                )
            }
        }
    }
}
