import HTTPWire
import TestSupport
import Testing

@testable import HTTPClient

/// What the bytes of a response mean, without a socket, and however they are cut.
struct ResponseReaderTests {
    enum Event: Equatable {
        case interim(Int), head(Int), body(String), end, failed, early, clean
    }

    /// Feeds `text` in pieces of `size` bytes; body pieces are joined. `close`: what follows the last byte.
    private func read(
        _ text: String,
        method: Method = .get,
        size: Int,
        close: Bool? = nil,
        limits: ClientLimits = .init()
    ) -> (events: [Event], isReusable: Bool, leftover: Int) {
        var reader = ResponseReader(limits: limits)
        reader.expect(method)
        let input = Array(text.utf8)
        var events: [Event] = []
        var start = 0
        var end = 0
        while true {
            switch reader.next(input[start..<end].span) {
            case .needMore(let consumed):
                start += consumed
                if end == input.count || events.last == .end {
                    if let close, events.last != .end { events.append(reader.closed(cleanly: close) ? .clean : .early) }
                    return (events, reader.isReusable, input.count - start)
                }
                end = min(end + size, input.count)
            case .informational(let consumed):
                start += consumed
                events.append(.interim(reader.head.status))
            case .head(let consumed):
                start += consumed
                events.append(.head(reader.head.status))
            case .body(let skip, let count):
                start += skip
                let piece = String(decoding: input[start..<start + count], as: UTF8.self)
                start += count
                if case .body(let before) = events.last {
                    events[events.count - 1] = .body(before + piece)
                } else {
                    events.append(.body(piece))
                }
            case .end(let consumed):
                start += consumed
                events.append(.end)
            case .failed:
                return (events + [.failed], reader.isReusable, input.count - start)
            }
        }
    }

    private static let sizes = [1, 2, 3, 7, 1000]

    @Test(arguments: sizes) func contentLength(size: Int) {
        let result = read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", size: size)
        #expect(result.events == [.head(200), .body("hello"), .end])
        #expect(result.isReusable && result.leftover == 0)
        #expect(read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", size: size).events == [.head(200), .end])
    }

    @Test(arguments: sizes) func chunked(size: Int) {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let result = read(head + "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: t\r\n\r\n", size: size)
        #expect(result.events == [.head(200), .body("hello"), .end])
        #expect(result.isReusable && result.leftover == 0)
        #expect(read(head + "3\r\nhel\r\n2\r\nl", size: size, close: true).events.last == .early)
        #expect(read(head + "3\r\nhel\r\n0\r\n", size: size, close: true).events.last == .early)
        #expect(read(head + "zz\r\n", size: size).events == [.head(200), .failed])
    }

    /// RFC 9112, section 6.3, rule 8: until close; only a clean close is an end (section 8).
    @Test(arguments: sizes) func untilClose(size: Int) {
        let text = "HTTP/1.1 200 OK\r\n\r\nhello"
        #expect(read(text, size: size, close: true).events == [.head(200), .body("hello"), .clean])
        #expect(read(text, size: size, close: false).events == [.head(200), .body("hello"), .early])
        #expect(!read(text, size: size, close: true).isReusable)
    }

    /// RFC 9112, section 8: a response that is shorter than its length is not complete.
    @Test(arguments: sizes) func shortBody(size: Int) {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"
        #expect(read(text, size: size, close: true).events == [.head(200), .body("hello"), .early])
        #expect(read("HTTP/1.1 200 OK\r\nContent-Le", size: size, close: true).events == [.early])
    }

    /// RFC 9112, section 6.3, rules 1 and 2.
    @Test(arguments: sizes) func noBody(size: Int) {
        let length = "Content-Length: 5\r\n\r\n"
        #expect(read("HTTP/1.1 200 OK\r\n" + length, method: .head, size: size).events == [.head(200), .end])
        #expect(read("HTTP/1.1 304 Not Modified\r\n" + length, size: size).events == [.head(304), .end])
        #expect(read("HTTP/1.1 204 No Content\r\n\r\n", size: size).events == [.head(204), .end])
    }

    /// RFC 9110, section 15.2: any number of interim responses may come first; here, up to a limit.
    @Test(arguments: sizes) func interimResponses(size: Int) {
        let early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
        let last = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        let events = read(early + early + last, size: size).events
        #expect(events == [.interim(103), .interim(103), .head(200), .body("x"), .end])
        let many = String(repeating: early, count: ClientLimits().interimResponses + 1)
        #expect(read(many + last, size: size).events.last == .failed)
        #expect(read("HTTP/1.1 101 Switching Protocols\r\n\r\n", size: size).events == [.failed])
    }

    @Test func whatFollowsIsLeftOver() {
        let result = read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", size: 1000)
        #expect(result.events == [.head(200), .body("x"), .end])
        #expect(result.leftover == 17)
    }

    /// RFC 9112, section 9.3.
    @Test func persistence() {
        let length = "Content-Length: 0\r\n"
        #expect(!read("HTTP/1.1 200 OK\r\n\(length)Connection: close\r\n\r\n", size: 1000).isReusable)
        #expect(!read("HTTP/1.0 200 OK\r\n\(length)\r\n", size: 1000).isReusable)
        #expect(read("HTTP/1.0 200 OK\r\n\(length)Connection: keep-alive\r\n\r\n", size: 1000).isReusable)
    }

    @Test func headsHaveALimit() {
        var limits = ClientLimits()
        limits.headBytes = 1000
        limits.headFields = 5
        let long = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 1000) + "\r\n\r\n"
        #expect(read(long, size: 64, limits: limits).events == [.failed])
        let many = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 6) + "\r\n"
        #expect(read(many, size: 64, limits: limits).events == [.failed])
    }

    @Test func damagedResponsesMeanTheSameHoweverTheyAreCut() {
        var random = SeededGenerator(seed: 31)
        let texts = [
            "HTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nhel\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nnothing here",
        ].map { Array($0.utf8) }
        let tokens = [
            "\r\n", "Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF", "\0", "0\r\n\r\n",
        ]
        for round in 0..<1_500 {
            let text = String(decoding: random.damage(texts[round % 3], with: tokens).map { $0 & 0x7F }, as: UTF8.self)
            let results = [1, 5, 1000].map { read(text, size: $0, close: true) }
            for other in results[1...] {
                #expect(other.events == results[0].events, "round \(round): \(text.debugDescription)")
            }
        }
    }

    @Test func garbageIsNotHTTP() {
        for text in ["SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "\r\n\r\n"] {
            #expect(read(text, size: 1000).events == [.failed], "\(text)")
        }
    }
}
