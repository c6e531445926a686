import CachingRules

/// Names of files for objects: always below one folder, whatever a path says. A namespace.
public enum ExportNames {
    /// The longest name of a file or folder, in bytes.
    static let nameBytes = 200

    /// The components of an object's file: site, folders, name. A path that ends with `/` gives `index.html`. A coded
    /// form has its suffix.
    public static func components(of object: CachedObject) -> [String] {
        var parts = object.path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true)
            .map { name($0) }
        if object.path.utf8.last == UInt8(ascii: "/") || parts.isEmpty { parts.append("index.html") }
        let last = parts.count - 1
        if let query = object.query { parts[last] = name((parts[last] + "?" + query).utf8[...]) }
        if !object.variant.isEmpty { parts[last] = name((parts[last] + "~" + hex(object.variant)).utf8[...]) }
        switch object.coding {
        case .identity: break
        case .gzip: parts[last] += ".gz"
        case .br: parts[last] += ".br"
        case .zstd: parts[last] += ".zst"
        }
        return [name(object.site.utf8[...])] + parts
    }

    /// One component: bytes that mean something to a file system or a shell are percent-encoded, and `.` and `..` too.
    static func name(_ bytes: Substring.UTF8View) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        let isDots = bytes.allSatisfy { $0 == UInt8(ascii: ".") }
        for byte in bytes {
            if isSafe(byte), !isDots {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        if text.count > nameBytes {
            let whole = hex(String(decoding: text, as: UTF8.self))
            text = text[..<(nameBytes - 9)] + [UInt8(ascii: "~")] + whole.utf8
        }
        return text.isEmpty ? "%" : String(decoding: text, as: UTF8.self)
    }

    private static func isSafe(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%+=,@!?&()".utf8.contains(byte)
        }
    }

    /// Eight hexadecimal digits that tell texts apart.
    static func hex(_ text: String) -> String {
        let digits = String(CRC32C.of(Array(text.utf8).span), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
