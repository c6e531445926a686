/// An element of a request's XML body, read with bounds. *Value*.
///
/// Reads what S3's requests consist of: elements, text, comments, CDATA, the predefined entities. Attributes and
/// namespaces are passed over, since clients send them or not as they like. Document types are refused: nothing here
/// expands.
struct XMLElement: Sendable {
    /// Without a namespace prefix.
    let name: String
    fileprivate(set) var children: [XMLElement] = []
    /// The text directly within the element, spaces and all.
    fileprivate(set) var text = ""

    /// The text of the first child of that name.
    subscript(name: String) -> String? {
        children.first { $0.name == name }?.text
    }

    /// The root element of a document.
    static func parse(_ bytes: [UInt8]) throws(S3Error) -> XMLElement {
        guard bytes.count <= ObjectStoreLimits.xmlBytes, String(validating: bytes, as: UTF8.self) != nil else {
            throw .malformedXML
        }
        var parser = XMLParser(bytes: bytes)
        return try parser.document()
    }
}

extension S3Error {
    static let malformedXML = S3Error(
        .malformedXML,
        "The XML you provided was not well-formed or did not validate against our published schema"
    )
}

/// *Value*. `position` never passes the end: every look at a byte goes through ``peek`` or a search within bounds.
private struct XMLParser {
    let bytes: [UInt8]
    var position = 0
    var elements = 0

    mutating func document() throws(S3Error) -> XMLElement {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        try skipMisc()
        let root = try element(depth: 1)
        try skipMisc()
        guard position == bytes.count else { throw .malformedXML }
        return root
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func isAt(_ text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

    /// Spaces, comments and processing instructions, among them the XML declaration.
    private mutating func skipMisc() throws(S3Error) {
        while true {
            skipSpaces()
            if isAt("<!--") {
                try skip(past: "-->")
            } else if isAt("<?") {
                try skip(past: "?>")
            } else {
                return
            }
        }
    }

    private mutating func skipSpaces() {
        while let byte = peek, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func skip(past end: String) throws(S3Error) {
        guard let range = bytes[position...].firstRange(of: Array(end.utf8)) else { throw .malformedXML }
        position = range.upperBound
    }

    private mutating func element(depth: Int) throws(S3Error) -> XMLElement {
        elements += 1
        guard depth <= ObjectStoreLimits.xmlDepth, elements <= ObjectStoreLimits.xmlElements else {
            throw .malformedXML
        }
        try expect("<")
        let qualifiedName = try name()
        var element = XMLElement(name: qualifiedName.split(separator: ":").last.map(String.init) ?? qualifiedName)
        guard try !skipAttributes() else { return element }
        var text: [UInt8] = []
        while let byte = peek {
            if byte == UInt8(ascii: "&") {
                try reference(&text)
            } else if byte != UInt8(ascii: "<") {
                text.append(byte)
                position += 1
            } else if isAt("</") {
                position += 2
                guard try name() == qualifiedName else { throw .malformedXML }
                skipSpaces()
                try expect(">")
                element.text = String(decoding: text, as: UTF8.self)
                return element
            } else if isAt("<!--") {
                try skip(past: "-->")
            } else if isAt("<?") {
                try skip(past: "?>")
            } else if isAt("<![CDATA[") {
                let start = position + 9
                try skip(past: "]]>")
                text.append(contentsOf: bytes[start..<position - 3])
            } else {
                element.children.append(try self.element(depth: depth + 1))
            }
        }
        throw .malformedXML
    }

    private mutating func expect(_ character: Character) throws(S3Error) {
        guard let byte = peek, byte == character.asciiValue else { throw .malformedXML }
        position += 1
    }

    private mutating func name() throws(S3Error) -> String {
        let start = position
        while let byte = peek, Self.isNameByte(byte) { position += 1 }
        guard position > start else { throw .malformedXML }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: "."), 0x80...:
            true
        default: false
        }
    }

    /// Passes over attributes and the tag's end. True when the element is empty (`/>`).
    private mutating func skipAttributes() throws(S3Error) -> Bool {
        while true {
            skipSpaces()
            switch peek {
            case UInt8(ascii: ">"):
                position += 1
                return false
            case UInt8(ascii: "/"):
                position += 1
                try expect(">")
                return true
            default:
                _ = try name()
                skipSpaces()
                try expect("=")
                skipSpaces()
                guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                    throw .malformedXML
                }
                position += 1
                guard let end = bytes[position...].firstIndex(of: quote) else { throw .malformedXML }
                position = end + 1
            }
        }
    }

    private mutating func reference(_ text: inout [UInt8]) throws(S3Error) {
        // The longest is &#x10FFFF; and leading zeros are nobody's need.
        guard let end = bytes[position...].prefix(12).firstIndex(of: UInt8(ascii: ";")) else { throw .malformedXML }
        let name = String(decoding: bytes[position + 1..<end], as: UTF8.self)
        position = end + 1
        switch name {
        case "amp": text.append(UInt8(ascii: "&"))
        case "lt": text.append(UInt8(ascii: "<"))
        case "gt": text.append(UInt8(ascii: ">"))
        case "quot": text.append(UInt8(ascii: "\""))
        case "apos": text.append(UInt8(ascii: "'"))
        default:
            let digits = name.dropFirst()
            let value = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard name.hasPrefix("#"), let scalar = value.flatMap(Unicode.Scalar.init) else { throw .malformedXML }
            text.append(contentsOf: String(scalar).utf8)
        }
    }
}
