import HTTPServer
import HTTPWire
import NIOCore
import NIOPosix
import Settings
import Testing

@testable import Edge

/// Takes what it is given. For one test.
private final class TakenExchange: ServerExchange {
    let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let remoteAddress: SocketAddress? = nil
    let isSecure = true
    let isWritable = true
    var delegate: (any ServerExchangeDelegate)?
    var head = ""
    var calls: [String] = []

    func respond(head: ByteBuffer, extra: ByteBuffer, body: [ByteBuffer], sendBody: Bool) {
        self.head = head.text + extra.text
        calls.append("respond \(body.count) \(sendBody)")
    }
    func sendInterim(_ head: ResponseHead) { calls.append("interim \(head.status)") }
    func sendHead(_ head: ResponseHead, bodyLength: UInt64?) {
        var bytes: [UInt8] = []
        HeadWriter.statusLine(head.status, into: &bytes)
        HeadWriter.fields(head.fields, into: &bytes)
        self.head = String(decoding: bytes, as: UTF8.self)
        calls.append("head \(bodyLength ?? 0)")
    }
    func sendHead(head: ByteBuffer, extra: ByteBuffer, bodyLength: UInt64?) {
        self.head = head.text + extra.text
        calls.append("head \(bodyLength ?? 0)")
    }
    func sendBody(_ buffer: ByteBuffer) { calls.append("body \(buffer.readableBytes)") }
    func finish() { calls.append("finish") }
    func abort() { calls.append("abort") }
    func readBody() { calls.append("read") }
    func pauseReading() { calls.append("pause") }
    func resumeReading() { calls.append("resume") }
}

@Suite("An exchange whose answers get a site's fields")
struct DressedExchangeTests {
    private static let fields = SiteFields(
        [HeaderChanges(add: [HeaderField(name: "X-A", value: "1")], remove: ["X-B"])],
        cors: .none,
        security: false
    )
    private static let head = ByteBuffer(string: "HTTP/1.1 200 OK\r\nX-B: 2\r\n")
    private static let expected = "HTTP/1.1 200 OK\r\nX-A: 1\r\n"

    @Test("it is used again for the next hit, and holds nothing of the one before")
    func usedAgain() {
        let dresser = FieldDresser()
        var identities: Set<ObjectIdentifier> = []
        for _ in 0..<5 {
            weak let taken: TakenExchange?
            do {
                let exchange = TakenExchange()
                taken = exchange
                let dressed = dresser.dress(exchange, Self.fields, isFont: false)
                identities.insert(ObjectIdentifier(dressed))
                dressed.respond(head: Self.head, extra: ByteBuffer(), body: [], sendBody: true)
                #expect(exchange.head == Self.expected)
            }
            #expect(taken == nil)
        }
        #expect(identities.count == 1)
    }

    @Test("one that somebody still has is not used for another request")
    func notWhileHeld() {
        let dresser = FieldDresser()
        let (first, second) = (TakenExchange(), TakenExchange())
        let held = dresser.dress(first, Self.fields, isFont: false)
        held.respond(head: Self.head, extra: ByteBuffer(), body: [], sendBody: true)
        let other = dresser.dress(second, Self.fields, isFont: false)
        #expect(held !== other)
        // A late call on the answered one reaches nobody.
        held.abort()
        held.respond(head: Self.head, extra: ByteBuffer(), body: [], sendBody: true)
        #expect(first.calls == ["respond 0 true"] && second.calls.isEmpty)
    }

    @Test("a streamed answer and a request's body pass through, in both spellings of a head")
    func streamed() {
        for isSerialised in [true, false] {
            let exchange = TakenExchange()
            let dressed = FieldDresser().dress(exchange, Self.fields, isFont: false)
            #expect(dressed.isSecure && dressed.isWritable)
            dressed.readBody()
            dressed.pauseReading()
            dressed.resumeReading()
            dressed.sendInterim(ResponseHead(status: 103))
            if isSerialised {
                dressed.sendHead(head: Self.head, extra: ByteBuffer(), bodyLength: 2)
            } else {
                dressed.sendHead(ResponseHead(status: 200, fields: testFields(["X-B": "2"])), bodyLength: 2)
            }
            #expect(exchange.head == Self.expected)
            dressed.sendBody(ByteBuffer(string: "ab"))
            dressed.finish()
            dressed.finish()
            #expect(exchange.calls == ["read", "pause", "resume", "interim 103", "head 2", "body 2", "finish"])
            #expect(!dressed.isWritable)
        }
    }
}
