public import HTTPWire

/// Which request fields select among a resource's responses (RFC 9110, section 12.5.5; RFC 9111, section 4.1).
/// A namespace.
public enum Vary {
    /// Is `*` a member of any Vary line? Such a response fits no other request.
    public static func isStar(_ response: FieldList) -> Bool { response.hasToken(.vary, "*") }

    /// The names that Vary lists, in lower case, sorted, each once; empty without Vary.
    public static func names(_ response: FieldList) -> [String] {
        guard response.contains(.vary) else { return [] }
        var names = Set<String>()
        for value in response.values(.vary) {
            for member in value.split(separator: ",") {
                let name = member.filter { $0 != " " && $0 != "\t" }.lowercased()
                if !name.isEmpty { names.insert(name) }
            }
        }
        return names.sorted()
    }

    /// A request's values of the fields named, in a form in which equivalent values are equal: lines combined, blanks
    /// around commas removed (section 4.1 allows both). Two requests select the same response exactly when theirs are
    /// equal. An absent field differs from an empty one.
    public static func selector(names: [String], request: FieldList) -> [UInt8] {
        var selector = [UInt8]()
        for name in names {
            selector.append(contentsOf: name.utf8)
            var separator = UInt8(ascii: ":")
            for field in request.fields where isNamed(request, field, name) {
                selector.append(separator)
                appendNormalised(request.bytes.span, field.valueRange, to: &selector)
                separator = UInt8(ascii: ",")
            }
            // No value holds a line feed.
            selector.append(UInt8(ascii: "\n"))
        }
        return selector
    }

    private static func isNamed(_ list: FieldList, _ field: FieldList.Field, _ name: String) -> Bool {
        guard field.nameRange.count == name.utf8.count else { return false }
        return list.bytes[field.nameRange].elementsEqual(name.utf8) { ASCII.lower($0) == $1 }
    }

    private static func appendNormalised(_ bytes: Span<UInt8>, _ range: Range<Int>, to selector: inout [UInt8]) {
        var start = range.lowerBound
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != ASCII.comma { end += 1 }
            if start > range.lowerBound { selector.append(ASCII.comma) }
            for index in bytes.trimmingBlanks(start..<end) { selector.append(bytes[index]) }
            start = end + 1
        }
    }
}
