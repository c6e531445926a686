internal import GRDB
internal import NIOCore
internal import SignatureV4

/// An answer that is an error, in S3's words. *Value*.
public struct S3Error: Error, Sendable, Equatable {
    /// S3's error codes.
    public enum Code: String, Sendable {
        case accessDenied = "AccessDenied"
        case accessForbidden = "AccessForbidden"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case badDigest = "BadDigest"
        case badRequest = "BadRequest"
        case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
        case bucketNotEmpty = "BucketNotEmpty"
        case entityTooLarge = "EntityTooLarge"
        case entityTooSmall = "EntityTooSmall"
        case incompleteBody = "IncompleteBody"
        case insufficientStorage = "InsufficientStorage"
        case internalError = "InternalError"
        case invalidAccessKeyId = "InvalidAccessKeyId"
        case invalidArgument = "InvalidArgument"
        case invalidBucketName = "InvalidBucketName"
        case invalidDigest = "InvalidDigest"
        case invalidLocationConstraint = "InvalidLocationConstraint"
        case invalidPart = "InvalidPart"
        case invalidPartOrder = "InvalidPartOrder"
        case invalidRange = "InvalidRange"
        case invalidRequest = "InvalidRequest"
        case invalidStorageClass = "InvalidStorageClass"
        case invalidToken = "InvalidToken"
        case invalidURI = "InvalidURI"
        case keyTooLong = "KeyTooLongError"
        case malformedXML = "MalformedXML"
        case metadataTooLarge = "MetadataTooLarge"
        case methodNotAllowed = "MethodNotAllowed"
        case missingContentLength = "MissingContentLength"
        case noSuchBucket = "NoSuchBucket"
        case noSuchKey = "NoSuchKey"
        case noSuchUpload = "NoSuchUpload"
        case notImplemented = "NotImplemented"
        case notModified = "NotModified"
        case preconditionFailed = "PreconditionFailed"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case requestTimeout = "RequestTimeout"
        case serviceUnavailable = "ServiceUnavailable"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"
        case xAmzContentSHA256Mismatch = "XAmzContentSHA256Mismatch"

        /// The HTTP status that goes with the code.
        public var status: Int {
            switch self {
            case .notModified: 304
            case .accessDenied, .accessForbidden, .invalidAccessKeyId, .requestTimeTooSkewed, .signatureDoesNotMatch:
                403
            case .noSuchBucket, .noSuchKey, .noSuchUpload: 404
            case .methodNotAllowed: 405
            case .bucketAlreadyOwnedByYou, .bucketNotEmpty: 409
            case .missingContentLength: 411
            case .preconditionFailed: 412
            case .invalidRange: 416
            case .internalError: 500
            case .notImplemented: 501
            case .serviceUnavailable: 503
            case .insufficientStorage: 507
            default: 400
            }
        }
    }

    /// An element added to the error's XML. *Value*.
    public struct Detail: Sendable, Equatable {
        /// The element's name.
        public let name: String
        /// Its text.
        public let value: String
    }

    /// The code for programs.
    public let code: Code
    /// What was expected and what was found, for people.
    public let message: String
    /// Further elements, such as `BucketName`.
    public var details: [Detail] = []
    /// What happened inside, for the log and never for the client.
    public var cause: String?

    /// An error with S3's code and a message of our own.
    public init(_ code: Code, _ message: String, details: [Detail] = [], cause: String? = nil) {
        self.code = code
        self.message = message
        self.details = details
        self.cause = cause
    }

    /// What a client is told of any error that came up: S3 errors as they are, a full disk as 507, an engine that is
    /// being shut down as 503, all else as 500 with the cause kept for the log.
    init(_ error: any Error) {
        switch error {
        case let error as S3Error:
            self = error
        case let error as SystemError where error.isDiskFull:
            self = .diskFull(cause: error.description)
        case let error as DatabaseError where error.resultCode == .SQLITE_FULL:
            self = .diskFull(cause: error.description)
        case is CancellationError, is ChannelError:
            self = S3Error(.serviceUnavailable, "The store is shutting down. Please try again.")
        case let error as SignatureError:
            self = S3Error(
                Code(rawValue: error.code.rawValue) ?? .accessDenied,
                error.message,
                details: error.details.map { Detail(name: $0.name, value: $0.value) }
            )
        default:
            self = S3Error(
                .internalError,
                "We encountered an internal error. Please try again.",
                cause: String(describing: error)
            )
        }
    }
}

extension S3Error {
    static func noSuchBucket(_ name: String) -> S3Error {
        S3Error(
            .noSuchBucket,
            "The specified bucket does not exist",
            details: [Detail(name: "BucketName", value: name)]
        )
    }

    static func noSuchKey(_ key: ObjectKey) -> S3Error {
        S3Error(
            .noSuchKey,
            "The specified key does not exist.",
            details: [Detail(name: "Key", value: key.text)]
        )
    }

    static let noSuchUpload = S3Error(
        .noSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )

    static func diskFull(cause: String) -> S3Error {
        S3Error(
            .insufficientStorage,
            "The disk of this store is full. The upload was not kept; everything stored before is unharmed.",
            cause: cause
        )
    }

    static func preconditionFailed(_ condition: String) -> S3Error {
        S3Error(
            .preconditionFailed,
            "At least one of the pre-conditions you specified did not hold",
            details: [Detail(name: "Condition", value: condition)]
        )
    }

    static func invalidArgument(_ name: String, _ value: String, _ message: String) -> S3Error {
        S3Error(
            .invalidArgument,
            message,
            details: [Detail(name: "ArgumentName", value: name), Detail(name: "ArgumentValue", value: value)]
        )
    }

    static func notImplemented(_ what: String) -> S3Error {
        S3Error(.notImplemented, "\(what) is not implemented by this store.")
    }
}
