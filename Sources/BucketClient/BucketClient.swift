import Glibc
public import HTTPClient
import HTTPWire
import NIOCore
public import SignatureV4

/// Lists, writes and deletes the objects of one S3-style bucket, in path style and signed. Immutable; safe to share.
public struct BucketClient: Sendable {
    private let client: HTTPClient
    private let endpoint: Endpoint
    private let bucket: String
    private let signer: RequestSigner?

    /// - Parameter credentials: nil sends requests unsigned.
    public init(client: HTTPClient, endpoint: Endpoint, region: String, bucket: String, credentials: Credentials?) {
        self.client = client
        self.endpoint = endpoint
        self.bucket = bucket
        signer = credentials.map { RequestSigner(credentials: $0, region: region) }
    }

    /// Everything below a prefix, page by page.
    public func list(prefix: String) async throws(BucketError) -> [RemoteObject] {
        var objects: [RemoteObject] = []
        var continuation: String?
        repeat {
            var query = "encoding-type=url&list-type=2&prefix=" + Self.encode(prefix)
            if let continuation { query = "continuation-token=\(Self.encode(continuation))&" + query }
            let (head, body) = try await send("GET", key: nil, query: query, what: "list bucket \(bucket)")
            let reader = ListingReader()
            guard head.status == 200, reader.read(body) else {
                throw failure("list bucket \(bucket)", status: head.status, body: body)
            }
            objects += reader.objects
            continuation = reader.isTruncated ? reader.continuation : nil
        } while continuation != nil
        return objects
    }

    /// Stores an object from its pieces. The server checks its length; the answer's ETag is returned, without quotes.
    ///
    /// - Parameter fields: Content-Type, Cache-Control and other metadata, by name.
    @discardableResult
    public func put(
        _ key: String,
        length: UInt64,
        fields metadata: [(name: String, value: String)],
        body: BodySource
    ) async throws(BucketError) -> String {
        let what = "upload \(bucket)/\(key)"
        let (head, answer) = try await send(
            "PUT",
            key: key,
            query: "",
            metadata: metadata,
            payload: .unsigned,
            body: .stream(length: length, body),
            what: what
        )
        guard head.status == 200 else { throw failure(what, status: head.status, body: answer) }
        return (head.fields[.etag] ?? "").filter { $0 != "\"" }
    }

    /// Deletes an object; one that does not exist is no error.
    public func delete(_ key: String) async throws(BucketError) {
        let what = "delete \(bucket)/\(key)"
        let (head, body) = try await send("DELETE", key: key, query: "", what: what)
        guard head.status == 204 || head.status == 200 else { throw failure(what, status: head.status, body: body) }
    }

    /// Makes the bucket; one that is the caller's already is no error.
    public func create() async throws(BucketError) {
        let what = "make bucket \(bucket)"
        let (head, body) = try await send("PUT", key: nil, query: "", what: what)
        let error = failure(what, status: head.status, body: body)
        guard head.status == 200 || error.code == "BucketAlreadyOwnedByYou" else { throw error }
    }

    // MARK: Private

    private func send(
        _ method: String,
        key: String?,
        query: String,
        metadata: [(name: String, value: String)] = [],
        payload: PayloadHash = .empty,
        body: ClientRequest.Body = .none,
        what: String
    ) async throws(BucketError) -> (ResponseHead, [UInt8]) {
        let path = "/" + bucket + (key.map { "/" + RequestTarget.percentEncode(Array($0.utf8), keepSlash: true) } ?? "")
        var fields = FieldList()
        fields.append(.host, endpoint.authority)
        for field in metadata { _ = fields.append(name: field.name, field.value) }
        signer?.sign(
            method: method,
            path: path,
            query: query,
            fields: &fields,
            payload: payload,
            now: Int64(time(nil))
        )
        let request = ClientRequest(
            endpoint,
            method: method,
            target: query.isEmpty ? path : path + "?" + query,
            fields: fields,
            body: body
        )
        do {
            let response = try await client.send(request)
            let bytes = try await response.collectBody(upTo: Limits.answerBytes)
            return (response.head, Array(bytes.readableBytesView))
        } catch {
            throw BucketError("cannot \(what) at \(endpoint): \(error)")
        }
    }

    private func failure(_ what: String, status: Int, body: [UInt8]) -> BucketError {
        let reader = ListingReader()
        _ = reader.read(body)
        var reason = [reader.errorCode, reader.errorMessage].compactMap { $0 }.joined(separator: ": ")
        if status == 403, signer == nil { reason += " No key pair was given." }
        return BucketError(
            "cannot \(what) at \(endpoint): status \(status)\(reason.isEmpty ? "" : ", " + reason)",
            status: status,
            code: reader.errorCode
        )
    }

    private static func encode(_ text: String) -> String {
        RequestTarget.percentEncode(Array(text.utf8), keepSlash: false)
    }
}

/// Bounds of the bucket client. A namespace.
enum Limits {
    /// A page of a listing has at most 1,000 keys of 1,024 bytes, each perhaps encoded.
    static let answerBytes = 8 << 20
    /// Bytes read from a file at once.
    static let pieceBytes = 256 << 10
    /// Files below a folder.
    static let files = 1_000_000
}
