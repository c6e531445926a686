import HTTPServer
import HTTPWire
import NIOCore
import Telemetry

/// Sending clients from http to https.
extension EdgeResponder {
    /// Answers a request that came in clear, unless it is one that a certificate authority makes: those come in clear, since
    /// the certificate is still to be issued (RFC 8555, section 8.3). False: it is one, and was not answered.
    ///
    /// What the client is told holds for an hour, so that a setting that was a mistake can be taken back.
    func redirect(_ head: borrowing RequestHead, _ key: RequestKey, on exchange: any ServerExchange) -> Bool {
        let bytes = head.fields.bytes.span
        var target = head.target
        if let authority = RequestTarget.authority(of: bytes, target) {
            target = authority.upperBound..<target.upperBound
        }
        if Self.isChallenge(bytes, target) { return false }
        let isSafe = head.method == .get || head.method == .head
        guard !key.host.isEmpty else {
            refuse(exchange, .badHost, isHead: head.method == .head)
            return true
        }
        var line: [UInt8] = []
        // A method and a body are kept by 308 alone (RFC 9110, section 15.4.9); older clients know 301.
        HeadWriter.statusLine(isSafe ? 301 : 308, into: &line)
        line += "Location: https://".utf8
        line += key.host
        if target.isEmpty || bytes[target.lowerBound] != UInt8(ascii: "/") { line.append(UInt8(ascii: "/")) }
        for index in target { Self.append(bytes[index], to: &line) }
        line += "\r\nCache-Control: max-age=3600\r\n".utf8
        counters.add(.requestsRedirected)
        counters.add(.responses3xx)
        fields.writeLocal(detail: "redirect-https")
        exchange.respond(head: ByteBuffer(bytes: line), extra: fields.buffer, body: [], sendBody: true)
        return true
    }

    private static func isChallenge(_ bytes: Span<UInt8>, _ target: Range<Int>) -> Bool {
        let prefix: StaticString = "/.well-known/acme-challenge/"
        let length = prefix.utf8CodeUnitCount
        let start = target.lowerBound + length
        guard target.count > length, bytes.matches(target.lowerBound..<start, lowercase: prefix) else { return false }
        // What follows is a token in base64url (section 8.1): no way to another path.
        for index in start..<target.upperBound {
            let byte = bytes[index]
            guard ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            else { return false }
        }
        return true
    }

    /// As the client wrote it, but for what no field value may hold.
    private static func append(_ byte: UInt8, to line: inout [UInt8]) {
        guard byte <= 0x20 || byte >= 0x7F else { return line.append(byte) }
        line.append(UInt8(ascii: "%"))
        line += "\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
    }
}
