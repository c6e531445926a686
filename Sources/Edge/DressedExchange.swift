import HTTPServer
import HTTPWire
import NIOCore

/// An exchange whose answers get a site's fields, however they come about: hits, fills, parts, errors. Loop-confined.
///
/// Only sites that add or remove fields have it; it is used again for the next hit, so that it costs no allocation.
final class DressedExchange: ServerExchange {
    private let dresser: FieldDresser
    /// nil: answered.
    private var inner: (any ServerExchange)?
    private var fields: SiteFields?
    private var isFont = false
    /// Known also when the exchange has ended.
    let eventLoop: any EventLoop

    init(_ dresser: FieldDresser, on eventLoop: any EventLoop) {
        self.dresser = dresser
        self.eventLoop = eventLoop
    }

    func begin(_ exchange: any ServerExchange, _ fields: SiteFields, isFont: Bool) {
        inner = exchange
        self.fields = fields
        self.isFont = isFont
    }

    var remoteAddress: SocketAddress? { inner?.remoteAddress }
    var isSecure: Bool { inner?.isSecure ?? false }
    var isWritable: Bool { inner?.isWritable ?? false }
    var delegate: (any ServerExchangeDelegate)? {
        get { inner?.delegate }
        set { inner?.delegate = newValue }
    }

    func respond(head: ByteBuffer, extra: ByteBuffer, body: [ByteBuffer], sendBody: Bool) {
        guard let inner, let fields else { return }
        let dressed = dresser.dressed(head, extra, fields, answer)
        inner.respond(head: dressed.head, extra: dressed.extra, body: body, sendBody: sendBody)
        self.inner = nil
        dresser.giveBack(self)
    }

    func sendInterim(_ given: ResponseHead) {
        var head = given
        for watched in fields?.watched ?? [] where watched.action == .remove {
            head.fields.remove(name: String(decoding: watched.name, as: UTF8.self))
        }
        inner?.sendInterim(head)
    }

    func sendHead(head: ByteBuffer, extra: ByteBuffer, bodyLength: UInt64?) {
        guard let inner, let fields else { return }
        let dressed = dresser.dressed(head, extra, fields, answer)
        inner.sendHead(head: dressed.head, extra: dressed.extra, bodyLength: bodyLength)
    }

    func sendHead(_ head: ResponseHead, bodyLength: UInt64?) {
        guard let inner, let fields else { return }
        var line: [UInt8] = []
        HeadWriter.statusLine(head.status, into: &line)
        HeadWriter.fields(head.fields, into: &line)
        let dressed = dresser.dressed(ByteBuffer(bytes: line), ByteBuffer(), fields, answer)
        inner.sendHead(Self.parsed(dressed, status: head.status), bodyLength: bodyLength)
    }

    func sendBody(_ buffer: ByteBuffer) { inner?.sendBody(buffer) }

    func finish() {
        inner?.finish()
        inner = nil
    }

    func abort() {
        inner?.abort()
        inner = nil
    }

    func readBody() { inner?.readBody() }
    func pauseReading() { inner?.pauseReading() }
    func resumeReading() { inner?.resumeReading() }

    private var answer: FieldDresser.Answer { FieldDresser.Answer(isSecure: isSecure, isFont: isFont) }

    /// A head again, for the way that is not the hot one.
    private static func parsed(_ dressed: (head: ByteBuffer, extra: ByteBuffer), status: Int) -> ResponseHead {
        var head = ResponseHead(status: status)
        for part in [dressed.head, dressed.extra] {
            for line in part.readableBytesView.split(separator: UInt8(ascii: "\n")) {
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
                head.fields.append(nameBytes: line[..<colon], line[(colon + 1)...])
            }
        }
        return head
    }
}
