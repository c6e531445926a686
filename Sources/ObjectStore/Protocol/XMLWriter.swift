internal import NIOCore

/// Writes S3's XML answers. *Value*.
struct XMLWriter {
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    private(set) var bytes: [UInt8] = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)

    /// A document whose root has S3's namespace.
    static func document(_ root: String, _ content: (inout XMLWriter) -> Void) -> ByteBuffer {
        var writer = XMLWriter()
        writer.raw("<\(root) xmlns=\"\(namespace)\">")
        content(&writer)
        writer.raw("</\(root)>")
        return ByteBuffer(bytes: writer.bytes)
    }

    /// Errors have no namespace.
    static func plainDocument(_ root: String, _ content: (inout XMLWriter) -> Void) -> ByteBuffer {
        var writer = XMLWriter()
        writer.element(root, content)
        return ByteBuffer(bytes: writer.bytes)
    }

    mutating func element(_ name: String, _ content: (inout XMLWriter) -> Void) {
        raw("<\(name)>")
        content(&self)
        raw("</\(name)>")
    }

    mutating func element(_ name: String, _ text: String) {
        element(name) { $0.text(text.utf8) }
    }

    /// With attributes that are written as they are.
    mutating func element(_ name: String, attributes: String, _ text: String) {
        raw("<\(name) \(attributes)>")
        self.text(text.utf8)
        raw("</\(name)>")
    }

    mutating func element(_ name: String, _ number: Int64) {
        raw("<\(name)>\(number)</\(name)>")
    }

    mutating func element(_ name: String, _ flag: Bool) {
        raw("<\(name)>\(flag)</\(name)>")
    }

    mutating func empty(_ name: String) {
        raw("<\(name)/>")
    }

    /// Characters that XML 1.0 does not have are written as references all the same, as S3 does: clients that meet
    /// such keys ask for `encoding-type=url`.
    private mutating func text(_ text: String.UTF8View) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "&"): raw("&amp;")
            case UInt8(ascii: "<"): raw("&lt;")
            case UInt8(ascii: ">"): raw("&gt;")
            case UInt8(ascii: "\""): raw("&quot;")
            case 0..<0x20: raw("&#\(byte);")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func raw(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
