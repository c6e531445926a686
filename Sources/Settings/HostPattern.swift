/// Which hosts a site answers: `www.example.com`, `*.example.com` (any name below it), or `*` (what no other site has).
/// A value.
public enum HostPattern: Sendable, Hashable {
    /// Every host.
    case any
    /// One host, in lower case; an IPv6 address with its brackets.
    case exact(String)
    /// Every host that ends in this text, which begins with a dot, and has something before it.
    case suffix(String)

    private static let expectation = "a host such as www.example.com, *.example.com or *"

    /// Reads the text of a pattern.
    public static func parse(_ text: String) throws(ValueError) -> HostPattern {
        let pattern = text.lowercased()
        if pattern == "*" { return .any }
        if pattern.contains("://") || pattern.contains("/") {
            throw ValueError(expected: expectation, hint: "leave out scheme and path")
        }
        if pattern.hasPrefix("["), pattern.hasSuffix("]"), HostName.isIPv6(String(pattern.dropFirst().dropLast())) {
            return .exact(pattern)
        }
        if pattern.contains(":") {
            throw ValueError(expected: expectation, hint: "leave out the port: a site answers on every listener")
        }
        if !pattern.utf8.allSatisfy({ $0 < 0x80 }) {
            throw ValueError(expected: expectation, hint: "write international names in their xn-- form")
        }
        if pattern.hasPrefix("*.") {
            guard HostName.isValid(String(pattern.dropFirst(2))) else { throw ValueError(expected: expectation) }
            return .suffix(String(pattern.dropFirst()))
        }
        if pattern.contains("*") {
            throw ValueError(expected: expectation, hint: "a star stands alone or before the first dot")
        }
        guard HostName.isValid(pattern) else { throw ValueError(expected: expectation) }
        return .exact(pattern)
    }

    /// Whether a host (lower case, without port) belongs to the pattern. For routing tables built once, not per request.
    public func matches(_ host: String) -> Bool {
        switch self {
        case .any: true
        case .exact(let name): host == name
        case .suffix(let suffix): host.utf8.count > suffix.utf8.count && host.hasSuffix(suffix)
        }
    }

    /// The more specific of two matching patterns has the higher number: an exact name, the longest suffix, `*`.
    public var specificity: Int {
        switch self {
        case .any: 0
        case .exact: Int.max
        case .suffix(let suffix): suffix.utf8.count
        }
    }
}

extension HostPattern: CustomStringConvertible {
    /// The form that ``parse(_:)`` reads back.
    public var description: String {
        switch self {
        case .any: "*"
        case .exact(let host): host
        case .suffix(let suffix): "*" + suffix
        }
    }
}
