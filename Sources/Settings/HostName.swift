/// What counts as the name or address of a host. A value without state.
enum HostName {
    /// Lower-case letters, digits, `-` and `_` in labels of 1 to 63, 253 in all (RFC 1123; the underscore is common).
    /// Dotted IPv4 addresses have this form, too.
    static func isValid(_ host: String) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isLabelByte)
                && !label.hasPrefix("-") && !label.hasSuffix("-")
        }
    }

    /// The form of an IPv6 address, checked as far as a slip of the finger goes: who binds or connects has the last word.
    static func isIPv6(_ text: String) -> Bool {
        guard text.utf8.count >= 2, text.utf8.count <= 45, text.contains(":"), !text.contains(":::") else {
            return false
        }
        let groups = text.split(separator: ":", omittingEmptySubsequences: true)
        return groups.count <= 8
            && groups.enumerated().allSatisfy { index, group in
                if index == groups.count - 1, group.contains(".") { return isValid(String(group)) }
                return group.utf8.count <= 4 && group.allSatisfy { $0.isASCII && $0.isHexDigit }
            }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
    }
}
