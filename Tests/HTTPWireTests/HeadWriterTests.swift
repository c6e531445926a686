import HTTPWire
import Testing

@Suite struct HeadWriterTests {
    @Test("RFC 9112, 3: a request's head")
    func request() {
        var list = FieldList()
        list.append(.host, "a")
        list.append(name: "X-Empty", "")
        var bytes = [UInt8]()
        HeadWriter.request(method: "GET", target: "/a%20b?c", fields: list, into: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text == "GET /a%20b?c HTTP/1.1\r\nHost: a\r\nX-Empty: \r\n\r\n")
        let (result, head) = parseRequest(text)
        #expect(result == .complete(length: bytes.count))
        #expect(head.fields == list)
    }

    @Test("RFC 9112, 4: a status line")
    func statusLine() {
        for (status, line) in [(200, "200 OK"), (404, "404 Not Found"), (299, "299 "), (599, "599 ")] {
            var bytes = [UInt8]()
            HeadWriter.statusLine(status, into: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == "HTTP/1.1 \(line)\r\n")
        }
    }

    @Test("numbers")
    func numbers() {
        for number in [UInt64(0), 9, 10, 255, 4096, .max] {
            var decimal = [UInt8]()
            HeadWriter.decimal(number, into: &decimal)
            #expect(String(decoding: decimal, as: UTF8.self) == String(number))
            var hexadecimal = [UInt8]()
            HeadWriter.hexadecimal(number, into: &hexadecimal)
            #expect(String(decoding: hexadecimal, as: UTF8.self) == String(number, radix: 16))
        }
    }
}
