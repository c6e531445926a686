internal import Foundation
internal import HTTPServer
internal import HTTPWire
internal import Logging
internal import NIOCore
internal import SignatureV4

/// Answers S3 requests from an ``ObjectStorage``. *Immutable snapshot*, shared by all requests.
final class S3Service: AsyncRequestHandler {
    let storage: ObjectStorage
    let region: String
    private let verifier: SignatureVerifier
    private let publicBuckets: Set<String>
    private let logger: Logger
    private let now: @Sendable () -> Int64

    /// `now`: Unix seconds.
    init(
        storage: ObjectStorage,
        region: String,
        credentials: [Credentials],
        publicBuckets: Set<String>,
        logger: Logger,
        now: @escaping @Sendable () -> Int64 = { ObjectStorage.now() / 1000 }
    ) {
        self.storage = storage
        self.region = region
        self.verifier = SignatureVerifier(credentials: credentials, region: region)
        self.publicBuckets = publicBuckets
        self.logger = logger
        self.now = now
    }

    func handle(_ request: AsyncRequest, _ response: AsyncResponseWriter) async throws {
        let id = Hex.encode(Digest.random(count: 8)).uppercased()
        let answer: S3Answer
        do {
            answer = try await self.answer(id, request)
        } catch let error as ExchangeError where error == .clientGone {
            // Nobody is left to be told.
            throw error
        } catch {
            let error = S3Error(error)
            // What this store does not have is the client's affair, and anybody can ask for it.
            let isOwnFault = error.code.status >= 500 && error.code != .notImplemented
            if isOwnFault || error.cause != nil {
                logger.error(
                    "\(error.code.rawValue): \(error.cause ?? error.message)",
                    metadata: ["request": "\(id)", "target": "\(request.head.targetString.prefix(200))"]
                )
            }
            let resource = request.head.targetString.prefix { $0 != "?" }
            answer = .error(error, request: id, resource: String(resource))
        }
        try await send(answer, id, response)
    }

    private func answer(_ id: String, _ raw: AsyncRequest) async throws -> S3Answer {
        guard raw.head.method != .options else { throw corsRefusal(raw) }
        let request = try S3Request(id: id, raw)
        let verified = try authenticate(request)
        let operation = try S3Operation.route(request, isSigned: verified != nil)
        try await authorise(operation, request, verified)
        let upload = S3Call(request: request, operation: operation, verified: verified)
        return try await perform(upload)
    }

    private func corsRefusal(_ raw: AsyncRequest) -> S3Error {
        raw.head.fields.contains(.origin)
            ? S3Error(.accessForbidden, "CORSResponse: CORS is not enabled for this bucket.")
            : S3Error(.badRequest, "Insufficient information. Origin request header needed.")
    }

    /// nil for an anonymous request.
    private func authenticate(_ request: S3Request) throws(S3Error) -> VerifiedRequest? {
        guard request.fields.contains(.authorization) else { return nil }
        do throws(SignatureError) {
            return try verifier.verify(
                method: request.head.methodText,
                path: request.rawPath,
                query: request.rawQuery,
                fields: request.fields,
                now: now()
            )
        } catch {
            throw S3Error(error)
        }
    }

    /// Every key pair may do everything; everybody may read objects of public buckets.
    private func authorise(
        _ operation: S3Operation,
        _ request: S3Request,
        _ verified: VerifiedRequest?
    ) async throws(S3Error) {
        if let expected = request.fields["x-amz-expected-bucket-owner"], expected != ObjectStorage.defaultOwner {
            throw S3Error(.accessDenied, "Access Denied: the bucket belongs to somebody else.")
        }
        guard verified == nil else { return }
        guard operation.isObjectRead, let bucket = request.bucket else {
            throw S3Error(.accessDenied, "Access Denied: this request has to be signed.")
        }
        if publicBuckets.contains(bucket) { return }
        // As S3 does, a bucket that does not exist is called so to everybody.
        _ = try await storage.bucket(bucket)
        throw S3Error(.accessDenied, "Access Denied: the bucket is not public.")
    }

    private func perform(_ call: S3Call) async throws -> S3Answer {
        switch call.operation {
        case .listBuckets: try await listBuckets(call)
        case .createBucket: try await createBucket(call)
        case .headBucket: try await headBucket(call)
        case .deleteBucket: try await deleteBucket(call)
        case .getBucketLocation: try await bucketLocation(call)
        case .getBucketVersioning: try await bucketVersioning(call)
        case .listObjects, .listObjectsV2: try await listObjects(call)
        case .getObject, .headObject: try await readObject(call)
        case .putObject: try await putObject(call)
        case .copyObject: try await copyObject(call)
        case .deleteObject: try await deleteObject(call)
        case .deleteObjects: try await deleteObjects(call)
        case .createUpload: try await createUpload(call)
        case .uploadPart: try await uploadPart(call)
        case .uploadPartCopy: try await uploadPartCopy(call)
        case .completeUpload: try await completeUpload(call)
        case .abortUpload: try await abortUpload(call)
        case .listParts: try await listParts(call)
        case .listUploads: try await listUploads(call)
        }
    }

    private func send(_ answer: S3Answer, _ id: String, _ response: AsyncResponseWriter) async throws {
        var head = ResponseHead(status: answer.status, fields: answer.fields)
        head.fields.append(name: "x-amz-request-id", id)
        switch answer.body {
        case .none:
            try await response.send(head)
        case .bytes(let bytes):
            try await response.send(head, body: bytes)
        case .object(let first, var rest, let length):
            if first.readableBytes == length {
                return try await response.send(head, body: first)
            }
            try await response.begin(head, bodyLength: UInt64(length))
            try await response.write(first)
            do {
                while let piece = try await storage.nextPiece(&rest) { try await response.write(piece) }
            } catch let error as S3Error {
                logger.error(
                    "An answer was broken off: \(error.cause ?? error.message)",
                    metadata: ["request": "\(id)"]
                )
                throw error
            }
            try await response.finish()
        }
    }
}

/// A request that may be performed. *Value*.
struct S3Call: Sendable {
    let request: S3Request
    let operation: S3Operation
    /// nil for an anonymous request.
    let verified: VerifiedRequest?

    var fields: FieldList { request.fields }
    var query: S3Query { request.query }

    /// What was said of the body; an anonymous request says nothing.
    var payload: PayloadHash { verified?.payload ?? .unsigned }
}

extension ObjectStorage {
    /// The reader's next piece, read on a storage thread.
    func nextPiece(_ reader: inout ObjectReader) async throws(S3Error) -> ByteBuffer? {
        let current = reader
        let (piece, next) = try await blocking {
            var reader = current
            let piece = try reader.next()
            return (piece, reader)
        }
        reader = next
        return piece
    }
}
