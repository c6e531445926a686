import Glibc
import HTTPClient
import HTTPWire
import SignatureV4

/// The requests as they go over the wire.
extension OriginClient {
    /// Made anew for each attempt, since a signature names its time. nil: no object can have that key.
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
        let method = request.method == .head ? Method.head : .get
        var fields = FieldList()
        fields.append(.host, endpoint.authority)
        fields.append(.userAgent, userAgent)
        fields.append(.acceptEncoding, "identity")
        // Of a part no checksum is known.
        if method == .get, request.range == nil { fields.append(name: "x-amz-checksum-mode", "ENABLED") }
        appendConditions(of: request, to: &fields)
        signer?.sign(
            method: method.text,
            path: path,
            fields: &fields,
            payload: .empty,
            now: Int64(time(nil))
        )
        // Not signed: a proxy before the bucket may add to it (RFC 8586, section 3). The client's is not passed on, since
        // what it names could make such a proxy answer with an error that would be everyone's.
        fields.append(.cdnLoop, node)
        return ClientRequest(endpoint, method: method.text, target: path, fields: fields, deadlines: deadlines)
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

    /// The client's fields, but for those of one hop, those that say what only this edge can know, and, unless the request
    /// is the client's own, those that belong to the edge's fetch.
    ///
    /// The Host that the client has named is not told as Host: it is not in the key, so that an origin which writes it
    /// into its pages would have one client's choice stored for all.
    private func serverRequest(_ request: OriginRequest) -> ClientRequest {
        let isRelay = request.purpose == .relay
        var fields = request.client.fields
        fields.removeHopByHop()
        fields.removeAll { field, list in
            switch field.name {
            // Routing, framing and the hop's own.
            case .host, .contentLength, .expect: true
            case .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto: true
            case .acceptEncoding, .range, .ifRange, .ifMatch, .ifNoneMatch, .ifModifiedSince, .ifUnmodifiedSince:
                !isRelay
            case .other: list.nameString(field).lowercased().hasPrefix("x-forwarded-")
            default: false
            }
        }
        fields.append(.host, endpoint.authority)
        if !isRelay {
            fields.append(.acceptEncoding, "identity")
            appendConditions(of: request, to: &fields)
        }
        fields.append(.via, request.client.version == .http10 ? "1.0 \(node)" : "1.1 \(node)")
        fields.append(.cdnLoop, node)
        appendForwarded(request, to: &fields)
        let body: ClientRequest.Body =
            switch request.body {
            case .none: .none
            case .pushed(let length): .pushed(length: length)
            }
        // The client's 100 (Continue) is the origin's to give: RFC 9110, section 10.1.1.
        if request.body != .none, request.client.expectsContinue { fields.append(.expect, "100-continue") }
        return ClientRequest(
            endpoint,
            method: request.methodText,
            target: String(decoding: request.target, as: UTF8.self),
            fields: fields,
            body: body,
            isIdempotent: request.method.isIdempotent,
            deadlines: deadlines
        )
    }

    /// What the edge has seen of the client, in place of what the client says of itself (RFC 7239).
    ///
    /// An answer that may be stored is for everyone: an origin that knew who asks could put that into it. So it learns
    /// the scheme alone, without which one that insists on https would redirect for ever.
    private func appendForwarded(_ request: OriginRequest, to fields: inout FieldList) {
        guard let peer = request.peer else { return }
        let scheme = peer.isSecure ? "https" : "http"
        fields.append(.xForwardedProto, scheme)
        guard request.purpose != .shared else { return }
        var forwarded = "for=unknown"
        if let address = peer.address {
            fields.append(.xForwardedFor, address)
            // RFC 7239, section 6: an IPv6 address stands in brackets, and those in quotes.
            forwarded = address.contains(":") ? "for=\"[\(address)]\"" : "for=\(address)"
        }
        if let host = peer.host {
            fields.append(.xForwardedHost, host)
            forwarded += ";host=\"\(host)\""
        }
        fields.append(.forwarded, "\(forwarded);proto=\(scheme)")
    }

    private func appendConditions(of request: OriginRequest, to fields: inout FieldList) {
        if !request.etags.isEmpty {
            fields.append(.ifNoneMatch, request.etags.map(\.text).joined(separator: ", "))
        }
        if let lastModified = request.lastModified {
            fields.append(.ifModifiedSince, HTTPDate.format(lastModified))
        }
        if let range = request.range { fields.append(.range, range.text) }
        if let tag = request.ifMatch { fields.append(.ifMatch, tag.text) }
    }
}
