import HTTPWire
import NIOCore

// Writing heads into a ByteBuffer. No Foundation, and no String but the reason phrase's.

extension ByteBuffer {
    mutating func writeDecimal(_ value: UInt64) {
        if value < 10 {
            writeInteger(UInt8(48 + value))
            return
        }
        writeDecimal(value / 10)
        writeInteger(UInt8(48 + value % 10))
    }

    mutating func writeHexadecimal(_ value: Int) {
        if value >= 16 { writeHexadecimal(value >> 4) }
        let digit = UInt8(value & 15)
        writeInteger(digit < 10 ? 48 + digit : 87 + digit)
    }

    /// Status line and fields, without the empty line. What belongs to the connection is left out, so is
    /// `Content-Length` unless `keepsLength`.
    mutating func writeHead(_ head: ResponseHead, keepsLength: Bool) {
        var scratch: [UInt8] = []
        HeadWriter.statusLine(head.status, into: &scratch)
        for field in head.fields.fields {
            switch field.name {
            case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade: continue
            case .contentLength where !keepsLength: continue
            default: break
            }
            scratch.append(contentsOf: head.fields.bytes[field.nameRange])
            scratch.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: " ")])
            for byte in head.fields.bytes[field.valueRange] {
                // A line break in a value would begin a field, or a body, that nobody meant (RFC 9110 5.5).
                scratch.append(byte == 0x0D || byte == 0x0A || byte == 0 ? 0x20 : byte)
            }
            scratch.append(contentsOf: [0x0D, 0x0A])
        }
        writeBytes(scratch)
    }
}
