import HTTPWire
import NIOCore

/// Writes a request's head. A namespace.
enum RequestWriter {
    /// Appends the head to `bytes`, or says why this request must not be sent.
    ///
    /// Values in a ``FieldList`` hold no line end (it sees to that); method and target are checked here, so that nothing
    /// that a caller passes can become a second request on the connection.
    static func write(_ request: ClientRequest, into bytes: inout [UInt8]) throws(ClientError) {
        guard isToken(request.method), request.method != "CONNECT" else {
            throw ClientError(.invalidRequest, "the method \"\(request.method)\" is not one that can be sent")
        }
        guard isTarget(request.target) else {
            throw ClientError(.invalidRequest, "the request target is not an encoded path that begins with /")
        }
        bytes.append(contentsOf: request.method.utf8)
        bytes.append(0x20)
        bytes.append(contentsOf: request.target.utf8)
        bytes.append(contentsOf: " HTTP/1.1\r\n".utf8)
        if !request.fields.contains(.host) {
            HeadWriter.field(.host, request.endpoint.authority, into: &bytes)
        }
        if request.fields.contains(.contentLength) || request.fields.contains(.transferEncoding) {
            var fields = request.fields
            fields.remove(.contentLength)
            fields.remove(.transferEncoding)
            HeadWriter.fields(fields, into: &bytes)
        } else {
            HeadWriter.fields(request.fields, into: &bytes)
        }
        writeFraming(request, into: &bytes)
        HeadWriter.lineEnd(into: &bytes)
    }

    private static func writeFraming(_ request: ClientRequest, into bytes: inout [UInt8]) {
        switch request.length {
        case .none: HeadWriter.field(.transferEncoding, "chunked", into: &bytes)
        case .some(0) where !request.announcesEmptyBody: break
        case .some(let length):
            bytes.append(contentsOf: "Content-Length: ".utf8)
            HeadWriter.decimal(length, into: &bytes)
            HeadWriter.lineEnd(into: &bytes)
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                // tchar (RFC 9110, section 5.6.2).
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func isTarget(_ text: String) -> Bool {
        guard text.utf8.first == UInt8(ascii: "/") || text == "*" else { return false }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }
}

extension ClientRequest {
    /// Bytes of the body; nil: not known beforehand.
    var length: UInt64? {
        switch body {
        case .none: 0
        case .bytes(let buffer): UInt64(buffer.readableBytes)
        case .stream(let length, _), .pushed(let length): length
        }
    }

    /// RFC 9110, section 8.6: methods that define a meaning for content say so even when there is none.
    fileprivate var announcesEmptyBody: Bool {
        if case .none = body { return method == "POST" || method == "PUT" || method == "PATCH" }
        return true
    }

    /// Can its body be sent a second time?
    var isRepeatable: Bool {
        if case .pushed = body { return false }
        return isIdempotent
    }
}
