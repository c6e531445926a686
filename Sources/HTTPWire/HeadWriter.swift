/// Writes heads of HTTP/1 messages at the end of an array of bytes. A namespace.
public enum HeadWriter {
    /// A whole request head: request line, fields, empty line. `target` is written as UTF-8; the caller encoded it.
    public static func request(
        method: String,
        target: String,
        fields list: FieldList,
        into bytes: inout [UInt8]
    ) {
        bytes.append(contentsOf: method.utf8)
        bytes.append(ASCII.space)
        bytes.append(contentsOf: target.utf8)
        bytes.append(contentsOf: " HTTP/1.1\r\n".utf8)
        fields(list, into: &bytes)
        lineEnd(into: &bytes)
    }

    /// "HTTP/1.1 200 OK\r\n"; an unknown status gets an empty reason phrase.
    public static func statusLine(_ status: Int, into bytes: inout [UInt8]) {
        // Nearly all of them.
        if status == 200 { return bytes.append(contentsOf: "HTTP/1.1 200 OK\r\n".utf8) }
        bytes.append(contentsOf: "HTTP/1.1 ".utf8)
        decimal(UInt64(clamping: status), into: &bytes)
        bytes.append(ASCII.space)
        bytes.append(contentsOf: reason(status).utf8)
        lineEnd(into: &bytes)
    }

    /// "Name: value\r\n" for each field; no empty line at the end.
    public static func fields(_ list: FieldList, into bytes: inout [UInt8]) {
        fields(list, into: &bytes) { _ in true }
    }

    /// The same for the fields for whose names `keep` holds.
    public static func fields(_ list: FieldList, into bytes: inout [UInt8], where keep: (FieldName) -> Bool) {
        for field in list.fields where keep(field.name) {
            bytes.append(contentsOf: list.bytes[field.nameRange])
            bytes.append(ASCII.colon)
            bytes.append(ASCII.space)
            bytes.append(contentsOf: list.bytes[field.valueRange])
            lineEnd(into: &bytes)
        }
    }

    /// "Name: value\r\n". The value must not hold a line end; see ``FieldList`` for values from outside.
    public static func field(_ name: FieldName, _ value: some StringProtocol, into bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.text.utf8)
        bytes.append(ASCII.colon)
        bytes.append(ASCII.space)
        bytes.appendLatin1(value)
        lineEnd(into: &bytes)
    }

    /// CRLF.
    public static func lineEnd(into bytes: inout [UInt8]) {
        bytes.append(ASCII.carriageReturn)
        bytes.append(ASCII.lineFeed)
    }

    /// A number in decimal digits.
    public static func decimal(_ number: UInt64, into bytes: inout [UInt8]) {
        digits(number, base: 10, into: &bytes)
    }

    /// A number in lower-case hexadecimal digits, as chunk sizes are written (RFC 9112, section 7.1).
    public static func hexadecimal(_ number: UInt64, into bytes: inout [UInt8]) {
        digits(number, base: 16, into: &bytes)
    }

    private static func digits(_ number: UInt64, base: UInt64, into bytes: inout [UInt8]) {
        let start = bytes.count
        var rest = number
        repeat {
            let digit = UInt8(truncatingIfNeeded: rest % base)
            bytes.append(digit < 10 ? digit &+ 0x30 : digit &+ 0x57)
            rest /= base
        } while rest > 0
        var low = start
        var high = bytes.count - 1
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
        }
    }
}
