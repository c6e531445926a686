internal import HTTPWire

/// What a request asks for. *Value*.
enum S3Operation: String, Sendable {
    case listBuckets
    case createBucket, headBucket, deleteBucket, getBucketLocation, getBucketVersioning
    case listObjects, listObjectsV2, listUploads, deleteObjects
    case getObject, headObject, putObject, copyObject, deleteObject
    case createUpload, uploadPart, uploadPartCopy, completeUpload, abortUpload, listParts

    /// Reads one object and changes nothing: what a public bucket allows to everybody.
    var isObjectRead: Bool { self == .getObject || self == .headObject }

    /// The operation, or 501 for what S3 has and this store has not: a request with a parameter that would change its
    /// meaning never becomes the plain operation.
    static func route(_ request: S3Request, isSigned: Bool) throws(S3Error) -> S3Operation {
        let query = request.query
        if query.contains("X-Amz-Signature") || query.contains("X-Amz-Credential") || query.contains("AWSAccessKeyId") {
            throw .notImplemented("A presigned URL")
        }
        let operation = try plain(request)
        try checkParameters(operation, query, isSigned: isSigned)
        return operation
    }

    private static func plain(_ request: S3Request) throws(S3Error) -> S3Operation {
        if request.bucket == nil {
            guard request.head.method == .get else { throw notAllowed(request) }
            return .listBuckets
        }
        return try request.key == nil ? bucketOperation(request) : objectOperation(request)
    }

    private static func bucketOperation(_ request: S3Request) throws(S3Error) -> S3Operation {
        let query = request.query
        switch request.head.method {
        case .get:
            if query.contains("location") { return .getBucketLocation }
            if query.contains("versioning") { return .getBucketVersioning }
            if query.contains("uploads") { return .listUploads }
            return query["list-type"] == "2" ? .listObjectsV2 : .listObjects
        case .head: return .headBucket
        case .put: return .createBucket
        case .delete: return .deleteBucket
        case .post:
            if query.contains("delete") { return .deleteObjects }
            throw .notImplemented("POST of a form")
        default: throw notAllowed(request)
        }
    }

    private static func objectOperation(_ request: S3Request) throws(S3Error) -> S3Operation {
        let query = request.query
        let isCopy = request.fields.contains(name: "x-amz-copy-source")
        switch request.head.method {
        case .get: return query.contains("uploadId") ? .listParts : .getObject
        case .head: return .headObject
        case .put:
            if query.contains("uploadId") { return isCopy ? .uploadPartCopy : .uploadPart }
            return isCopy ? .copyObject : .putObject
        case .delete: return query.contains("uploadId") ? .abortUpload : .deleteObject
        case .post:
            if query.contains("uploads") { return .createUpload }
            if query.contains("uploadId") { return .completeUpload }
            throw .notImplemented("This POST to an object")
        default: throw notAllowed(request)
        }
    }

    private static func notAllowed(_ request: S3Request) -> S3Error {
        S3Error(
            .methodNotAllowed,
            "The specified method is not allowed against this resource.",
            details: [.init(name: "Method", value: request.head.methodText)]
        )
    }

    private static func checkParameters(
        _ operation: S3Operation,
        _ query: S3Query,
        isSigned: Bool
    ) throws(S3Error) {
        let known = operation.parameters
        for parameter in query.parameters where !known.contains(parameter.name) && parameter.name != "x-id" {
            if parameter.name == "versionId", parameter.value == "null", operation.takesNullVersion { continue }
            // Browsers' cache busters are harmless where nothing is changed; S3 passes over them too.
            let isHarmless =
                operation.isObjectRead && !subresources.contains(parameter.name)
                && !(isSigned && parameter.isBare)
            if !isHarmless {
                throw .notImplemented("The parameter '\(parameter.name.prefix(64))' of \(operation.rawValue)")
            }
        }
    }

    private var takesNullVersion: Bool { isObjectRead || self == .deleteObject }

    private var parameters: Set<String> {
        switch self {
        case .listBuckets: ["prefix", "max-buckets", "continuation-token", "bucket-region"]
        case .createBucket, .headBucket, .deleteBucket: []
        case .getBucketLocation: ["location"]
        case .getBucketVersioning: ["versioning"]
        case .listObjects: ["prefix", "delimiter", "marker", "max-keys", "encoding-type", "list-type"]
        case .listObjectsV2:
            [
                "list-type", "prefix", "delimiter", "continuation-token", "start-after", "max-keys", "encoding-type",
                "fetch-owner",
            ]
        case .listUploads: ["uploads", "prefix", "max-uploads", "encoding-type", "key-marker", "upload-id-marker"]
        case .deleteObjects: ["delete"]
        case .getObject, .headObject:
            [
                "response-content-type", "response-content-language", "response-expires", "response-cache-control",
                "response-content-disposition", "response-content-encoding", "partNumber",
            ]
        case .putObject, .copyObject, .deleteObject: []
        case .createUpload: ["uploads"]
        case .uploadPart, .uploadPartCopy: ["uploadId", "partNumber"]
        case .completeUpload, .abortUpload: ["uploadId"]
        case .listParts: ["uploadId", "max-parts", "part-number-marker", "encoding-type"]
        }
    }

    /// S3's names for parts of an object or bucket that this store does not have.
    private static let subresources: Set<String> = [
        "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
        "legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataTable", "metrics",
        "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
        "replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "uploads",
        "versionId", "versioning", "versions", "website",
    ]
}
