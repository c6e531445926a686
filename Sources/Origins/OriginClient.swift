import Glibc
public import HTTPClient
import HTTPWire
public import Logging
public import NIOCore
import SignatureV4

/// Asks one origin. Immutable; safe from every event loop.
///
/// For a bucket the request is built **from the key alone**: nothing of the client's request reaches it, so that what is
/// stored cannot depend on anything that is not in the key.
public final class OriginClient: Sendable {
    let configuration: OriginConfiguration
    let client: HTTPClient
    let logger: Logger
    private let endpoint: Endpoint
    private let signer: RequestSigner?
    private let userAgent: String
    private let via: String
    private let deadlines: ClientDeadlines

    /// - Parameters:
    ///   - node: the edge's name, for `Via`.
    ///   - version: for `User-Agent` at buckets.
    public init(
        _ configuration: OriginConfiguration,
        client: HTTPClient,
        node: String,
        version: String,
        deadlines: ClientDeadlines = ClientDeadlines(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.deadlines = deadlines
        endpoint = configuration.endpoint
        userAgent = "apus/\(version)"
        via = "1.1 \(node)"
        if case .s3(let bucket) = configuration, let credentials = bucket.credentials {
            signer = RequestSigner(credentials: credentials, region: bucket.region)
        } else {
            signer = nil
        }
    }

    /// Sends the request, again if it failed before an answer began and the failure may pass. Call on `eventLoop`.
    public func fetch(
        _ request: OriginRequest,
        on eventLoop: any EventLoop,
        delegate: any OriginDelegate
    ) -> any OriginExchange {
        let attempt = OriginAttempt(self, request, on: eventLoop, delegate: delegate)
        attempt.start()
        return attempt
    }

    /// The request as it goes over the wire. Made anew for each attempt, since a signature names its time. nil: no object
    /// can have that key.
    func wireRequest(_ request: OriginRequest) -> ClientRequest? {
        switch configuration {
        case .s3(let bucket): bucketRequest(request, bucket)
        case .http: serverRequest(request)
        }
    }

    private func bucketRequest(_ request: OriginRequest, _ bucket: OriginConfiguration.Bucket) -> ClientRequest? {
        // The key is the decoded path without its slash; S3 wants it encoded in just one way.
        let key = RequestTarget.percentDecode(request.target.dropFirst()) ?? Array(request.target.dropFirst())
        guard Self.isObjectKey(key) else { return nil }
        let encoded = RequestTarget.percentEncode(key, keepSlash: true)
        let name = RequestTarget.percentEncode(bucket.name.utf8, keepSlash: false)
        let path = bucket.pathStyle ? "/\(name)/\(encoded)" : "/\(encoded)"
        var fields = FieldList()
        fields.append(.host, endpoint.authority)
        fields.append(.userAgent, userAgent)
        fields.append(.acceptEncoding, "identity")
        appendConditions(of: request, to: &fields)
        signer?.sign(
            method: request.method.rawValue,
            path: path,
            fields: &fields,
            payload: .empty,
            now: Int64(time(nil))
        )
        return ClientRequest(
            endpoint,
            method: request.method.rawValue,
            target: path,
            fields: fields,
            deadlines: deadlines
        )
    }

    /// Without a key, the request would list the bucket. And a path with `..` in it, which `%2F` can bring in here, names
    /// something else for every server and proxy that resolves it: with this edge's signature, another bucket.
    private static func isObjectKey(_ key: [UInt8]) -> Bool {
        guard !key.isEmpty, !key.contains(0) else { return false }
        let dot = UInt8(ascii: ".")
        return key.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).allSatisfy {
            !($0.count <= 2 && !$0.isEmpty && $0.allSatisfy { $0 == dot })
        }
    }

    /// The client's fields, but for those of one hop and those that belong to the edge's own fetch.
    ///
    /// The Host that the client has named is not told: it is not in the key, so that an origin which writes it into its
    /// pages would have one client's choice stored for all.
    private func serverRequest(_ request: OriginRequest) -> ClientRequest {
        var fields = request.client.fields
        fields.removeHopByHop()
        fields.removeAll { field, list in
            switch field.name {
            case .host, .acceptEncoding, .range, .ifRange, .ifMatch, .ifNoneMatch, .ifModifiedSince,
                .ifUnmodifiedSince, .contentLength, .expect, .forwarded, .xForwardedFor, .xForwardedHost,
                .xForwardedProto:
                true
            case .other: list.nameString(field).lowercased().hasPrefix("x-forwarded-")
            default: false
            }
        }
        fields.append(.host, endpoint.authority)
        fields.append(.acceptEncoding, "identity")
        fields.append(.via, via)
        appendConditions(of: request, to: &fields)
        return ClientRequest(
            endpoint,
            method: request.method.rawValue,
            target: String(decoding: request.target, as: UTF8.self),
            fields: fields,
            deadlines: deadlines
        )
    }

    private func appendConditions(of request: OriginRequest, to fields: inout FieldList) {
        if let etag = request.etag {
            fields.append(.ifNoneMatch, etag.text)
        } else if let lastModified = request.lastModified {
            fields.append(.ifModifiedSince, HTTPDate.format(lastModified))
        }
    }
}
