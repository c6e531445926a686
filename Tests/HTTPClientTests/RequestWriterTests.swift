import HTTPWire
import NIOCore
import Testing

@testable import HTTPClient

struct RequestWriterTests {
    private let endpoint = Endpoint(host: "origin.test", port: 8080)

    private func written(_ request: ClientRequest) throws -> String {
        var bytes: [UInt8] = []
        try RequestWriter.write(request, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func hostIsTheEndpointUnlessGiven() throws {
        var request = ClientRequest(endpoint, target: "/a?b")
        #expect(try written(request) == "GET /a?b HTTP/1.1\r\nHost: origin.test:8080\r\n\r\n")
        request.fields.append(.host, "bucket.test")
        #expect(try written(request) == "GET /a?b HTTP/1.1\r\nHost: bucket.test\r\n\r\n")
    }

    /// RFC 9112, section 6.1 and 6.2: exactly one framing, and it is the client's.
    @Test func framingIsTheClients() throws {
        var request = ClientRequest(endpoint, method: "PUT", target: "/a", body: .bytes(ByteBuffer(string: "abc")))
        request.fields.append(.contentLength, "7")
        request.fields.append(.transferEncoding, "chunked")
        request.fields.append(.contentType, "text/css")
        let text = "PUT /a HTTP/1.1\r\nHost: origin.test:8080\r\nContent-Type: text/css\r\nContent-Length: 3\r\n\r\n"
        #expect(try written(request) == text)
        request.body = .pushed(length: nil)
        #expect(try written(request).contains("Transfer-Encoding: chunked\r\n"))
        #expect(try !written(request).contains("Content-Length"))
        request.body = .pushed(length: 0)
        #expect(try written(request).contains("Content-Length: 0\r\n"))
    }

    /// RFC 9110, section 8.6.
    @Test func emptyBodiesAreAnnouncedWhereTheyMeanSomething() throws {
        for method in ["POST", "PUT", "PATCH"] {
            #expect(try written(ClientRequest(endpoint, method: method, target: "/")).contains("Content-Length: 0\r\n"))
        }
        for method in ["GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND"] {
            #expect(try !written(ClientRequest(endpoint, method: method, target: "/")).contains("Content-Length"))
        }
    }

    /// RFC 9112, section 11.2: nothing a caller passes becomes a second request.
    @Test(arguments: ["/a b", "/a\r\nX: y", "/a\nb", "a", "", "/ü", "/a#b", "/\u{0}"])
    func targetsThatAreNotEncodedAreRefused(target: String) {
        #expect(throws: ClientError.self) { try written(ClientRequest(endpoint, target: target)) }
    }

    @Test(arguments: ["", "GET ", "GE\r\nT", "CONNECT"])
    func methodsThatAreNotTokensAreRefused(method: String) {
        #expect(throws: ClientError.self) { try written(ClientRequest(endpoint, method: method, target: "/")) }
    }

    @Test func lineEndsInValuesAreHarmless() throws {
        var request = ClientRequest(endpoint, target: "/")
        request.fields.append(.cookie, "a\r\nX-Evil: 1")
        #expect(try written(request).split(separator: "\r\n").count == 3)
    }

    @Test func whatIsRepeatable() {
        #expect(ClientRequest(endpoint, target: "/").isRepeatable)
        #expect(!ClientRequest(endpoint, method: "POST", target: "/").isRepeatable)
        #expect(ClientRequest(endpoint, method: "POST", target: "/", isIdempotent: true).isRepeatable)
        #expect(!ClientRequest(endpoint, method: "PUT", target: "/", body: .pushed(length: 1)).isRepeatable)
        #expect(!ClientRequest(endpoint, method: "PROPFIND", target: "/").isRepeatable)
    }
}
