/// Which header fields a site may add to its answers, and which it may take from them. A namespace.
enum FieldNameRule {
    /// Fields that frame a message or belong to a connection, and those that the edge writes itself.
    private static let edges: Set<String> = [
        "age", "cache-status", "connection", "content-length", "date", "keep-alive", "proxy-authenticate",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "via",
    ]

    /// Fields that say what the body is: another value would be a lie about it.
    private static let bodys: Set<String> = [
        "accept-ranges", "content-encoding", "content-range", "content-type", "etag", "last-modified", "vary",
    ]

    /// One value for all answers would be one cookie for all visitors.
    private static let visitors: Set<String> = ["set-cookie", "set-cookie2"]

    /// Without an entity tag or a date of its last change a body is the same; without its type or coding it is not.
    private static let removable: Set<String> = ["accept-ranges", "etag", "last-modified"]

    static func mayAdd(_ name: String) -> Bool {
        let lower = name.lowercased()
        return isName(name) && !edges.contains(lower) && !bodys.contains(lower) && !visitors.contains(lower)
    }

    static func mayRemove(_ name: String) -> Bool {
        let lower = name.lowercased()
        return isName(name) && !edges.contains(lower) && (!bodys.contains(lower) || removable.contains(lower))
    }

    /// token (RFC 9110, section 5.6.2).
    private static func isName(_ name: String) -> Bool {
        name.utf8.count <= 128 && !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }
}
