import HTTPWire
import Testing

@Suite struct RequestHeadTests {
    static let browser =
        "GET /assets/app.css?v=3 HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0\r\n"
        + "Accept: text/css,*/*;q=0.1\r\n"
        + "Accept-Language: de,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nConnection: keep-alive\r\n"
        + "Referer: https://www.example.com/\r\nIf-None-Match: \"abc\"\r\n\r\n"

    @Test("RFC 9112 2.1: a browser's head")
    func aBrowsersHead() {
        let (result, head) = parseRequest(Self.browser)
        #expect(result == .complete(length: Self.browser.utf8.count))
        #expect(head.method == .get)
        #expect(head.methodText == "GET")
        #expect(head.targetString == "/assets/app.css?v=3")
        #expect(head.version == .http11)
        #expect(head.keepAlive)
        #expect(head.framing == .none)
        #expect(head.fields.count == 8)
        #expect(head.fields[.host] == "www.example.com")
        #expect(head.fields["referer"] == "https://www.example.com/")
        #expect(head.fields[.ifNoneMatch] == "\"abc\"")
    }

    @Test("RFC 9112, 3: other methods keep their name")
    func otherMethodsKeepTheirName() {
        let (_, head) = parseRequest("M-SEARCH * HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.method == .other)
        #expect(head.methodText == "M-SEARCH")
        #expect(head.targetString == "*")
        for method in HTTPWire.Method.allCases where method != .other {
            let (result, head) = parseRequest("\(method.text) / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(result != .needMore)
            #expect(head.method == method)
        }
        #expect(parseRequest("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.method == .other)
    }

    @Test(
        "RFC 9112, 3: blanks and other oddities in the request line are refused",
        arguments: [
            "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET /  HTTP/1.1", "GET / HTTP/1.1 ", "GET\t/ HTTP/1.1", "GET / ",
            "GET /", "GET", "GET /a b HTTP/1.1", "G(T / HTTP/1.1", "GET /\tHTTP/1.1", "GET  HTTP/1.1",
            "GET / http/1.1", "GET / HTTP/1.1x", "GET / HTTP/1", "GET / HTTP/1.", "GET / HTTP/11.1", "GET / HTTPS/1.1",
            "/ GET HTTP/1.1",
        ]
    )
    func blanksAndOtherOdditiesInTheRequestLineAreRefused(line: String) {
        guard case .failed(let error) = parseRequest("\(line)\r\nHost: a\r\n\r\n").result else {
            Issue.record("accepted: \(line)")
            return
        }
        #expect(error.status == 400)
    }

    @Test("RFC 9110 2.5: versions")
    func versions() {
        #expect(requestError("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == .unsupportedVersion)
        #expect(requestError("GET / HTTP/0.9\r\nHost: a\r\n\r\n") == .unsupportedVersion)
        #expect(HeadError(.unsupportedVersion).status == 505)
        #expect(parseRequest("GET / HTTP/1.7\r\nHost: a\r\n\r\n").head.version == .http11)
        #expect(parseRequest("GET / HTTP/1.0\r\n\r\n").head.version == .http10)
    }

    @Test("RFC 9112, 2.2: a few empty lines before the request line are skipped")
    func aFewEmptyLinesBeforeTheRequestLineAreSkipped() {
        let text = "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        let (result, head) = parseRequest(text)
        #expect(result == .complete(length: text.utf8.count))
        #expect(head.targetString == "/")
        #expect(head.fields[.host] == "a")
        #expect(requestError(String(repeating: "\r\n", count: 5)) == .tooManyEmptyLines)
    }

    @Test("RFC 9112, 9.3: persistence")
    func persistence() {
        func keepAlive(_ version: String, _ connection: String) -> Bool {
            parseRequest("GET / \(version)\r\nHost: a\r\n\(connection)\r\n").head.keepAlive
        }
        #expect(keepAlive("HTTP/1.1", ""))
        #expect(!keepAlive("HTTP/1.1", "Connection: Close\r\n"))
        #expect(!keepAlive("HTTP/1.1", "Connection: keep-alive\r\nConnection: foo , CLOSE\r\n"))
        #expect(keepAlive("HTTP/1.1", "Connection: closed\r\n"))
        #expect(!keepAlive("HTTP/1.0", ""))
        #expect(keepAlive("HTTP/1.0", "Connection: Keep-Alive\r\n"))
        #expect(!keepAlive("HTTP/1.0", "Connection: Keep-Alive, close\r\n"))
    }

    @Test("RFC 9110, 10.1.1: Expect")
    func expect() {
        let head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n"
        #expect(parseRequest(head).head.expectsContinue)
        #expect(
            !parseRequest("PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").head.expectsContinue
        )
    }
}
