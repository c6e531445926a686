internal import HTTPWire

/// The form of a request that is signed. A namespace.
/// (AWS Signature Version 4: "Create a canonical request"; S3's variant encodes the path once and removes no dots.)
enum CanonicalRequest {
    /// - Parameters:
    ///   - path: encoded as it is signed.
    ///   - query: canonical, see ``canonicalQuery(_:)``.
    ///   - signedNames: lower-case names in ascending order; a field that is absent counts as empty.
    static func make(
        method: String,
        path: String,
        query: String,
        fields: FieldList,
        signedNames: [String],
        payloadHash: String
    ) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(512)
        text.append(contentsOf: method.utf8)
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: path.isEmpty ? "/".utf8 : path.utf8)
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: query.utf8)
        text.append(UInt8(ascii: "\n"))
        for name in signedNames {
            text.append(contentsOf: name.utf8)
            text.append(UInt8(ascii: ":"))
            appendValues(of: name, in: fields, to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: signedNames.joined(separator: ";").utf8)
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: payloadHash.utf8)
        return text
    }

    /// Each parameter decoded and encoded again by S3's rule, then sorted by name and value. `+` stands for a space in
    /// a query. A parameter without `=` gets an empty value.
    static func canonicalQuery(_ query: String) -> String {
        guard !query.isEmpty else { return "" }
        return query.utf8.split(separator: UInt8(ascii: "&"))
            .map { parameter in
                let halves = parameter.split(
                    separator: UInt8(ascii: "="),
                    maxSplits: 1,
                    omittingEmptySubsequences: false
                )
                return (
                    recoded(halves[0], plusIsSpace: true), halves.count > 1 ? recoded(halves[1], plusIsSpace: true) : ""
                )
            }
            .sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }
            .joined(separator: "&")
    }

    /// The path decoded and encoded again by S3's rule: `A-Z a-z 0-9 - . _ ~ /` stand for themselves.
    static func canonicalPath(_ path: String) -> String {
        recoded(path.utf8[...], plusIsSpace: false, keepSlash: true)
    }

    private static func recoded(_ text: Substring.UTF8View, plusIsSpace: Bool, keepSlash: Bool = false) -> String {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            var decoded = byte
            if byte == UInt8(ascii: "+"), plusIsSpace {
                decoded = UInt8(ascii: " ")
            } else if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Hex.digit),
                let low = rest.dropFirst().first.flatMap(Hex.digit)
            {
                decoded = high << 4 | low
                rest = rest.dropFirst(2)
            }
            appendEncoded(decoded, keepSlash: keepSlash, to: &result)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func appendEncoded(_ byte: UInt8, keepSlash: Bool, to result: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            result.append(byte)
        case UInt8(ascii: "/") where keepSlash:
            result.append(byte)
        default:
            let digits: StaticString = "0123456789ABCDEF"
            result.append(UInt8(ascii: "%"))
            digits.withUTF8Buffer { digits in
                result.append(digits[Int(byte >> 4)])
                result.append(digits[Int(byte & 15)])
            }
        }
    }

    /// The values of all fields of the name, joined by commas; each without spaces at its ends, runs of them made one.
    private static func appendValues(of name: String, in fields: FieldList, to text: inout [UInt8]) {
        var isFirst = true
        for field in fields.fields where matches(fields.bytes[field.nameRange], name) {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            var pendingSpace = false
            var isEmpty = true
            for byte in fields.bytes[field.valueRange] {
                if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                    pendingSpace = !isEmpty
                } else {
                    if pendingSpace { text.append(UInt8(ascii: " ")) }
                    pendingSpace = false
                    isEmpty = false
                    text.append(byte)
                }
            }
        }
    }

    private static func matches(_ bytes: ArraySlice<UInt8>, _ lowercaseName: String) -> Bool {
        bytes.count == lowercaseName.utf8.count && zip(bytes, lowercaseName.utf8).allSatisfy { lowercased($0) == $1 }
    }

    /// The name of a field in lower case.
    static func lowercasedName(_ field: FieldList.Field, in fields: FieldList) -> String {
        String(decoding: fields.bytes[field.nameRange].map(lowercased), as: UTF8.self)
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
    }
}
