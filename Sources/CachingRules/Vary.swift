public import HTTPWire

/// Which request fields select among a resource's responses (RFC 9110, section 12.5.5; RFC 9111, section 4.1).
/// A namespace.
public enum Vary {
    /// Does the response fit no other request? That is so where `*` is a member of any Vary line, and where one is no
    /// field name at all, since nobody knows then what it depends on.
    public static func isStar(_ response: FieldList) -> Bool {
        guard response.contains(.vary) else { return false }
        let bytes = response.bytes.span
        for field in response.fields where field.name == .vary {
            var members = ListMembers(field.valueRange)
            while let member = members.next(bytes) {
                if !isName(bytes, member) || bytes.matches(member, lowercase: "*") { return true }
            }
        }
        return false
    }

    /// The names that Vary lists, in lower case, sorted, each once; empty without Vary.
    ///
    /// - Parameter acceptEncoding: does Accept-Encoding count? It does not where the cache negotiates the coding itself.
    public static func names(_ response: FieldList, acceptEncoding: Bool = true) -> [String] {
        guard response.contains(.vary) else { return [] }
        var names = Set<String>()
        let bytes = response.bytes.span
        for field in response.fields where field.name == .vary {
            var members = ListMembers(field.valueRange)
            while let member = members.next(bytes) {
                guard isName(bytes, member) else { continue }
                if !acceptEncoding, bytes.matches(member, lowercase: "accept-encoding") { continue }
                names.insert(bytes.latin1(member).lowercased())
            }
        }
        return names.sorted()
    }

    private static func isName(_ bytes: Span<UInt8>, _ member: Range<Int>) -> Bool {
        for index in member where !ASCII.isToken(bytes[index]) { return false }
        return true
    }
}
