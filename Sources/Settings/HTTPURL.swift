/// The address of an HTTP server: scheme, host and port, and nothing behind them. A value.
public struct HTTPURL: Sendable, Hashable {
    /// In clear or by TLS. A value.
    public enum Scheme: String, Sendable {
        case http, https
    }

    /// `http` or `https`.
    public let scheme: Scheme
    /// Lower-case name or address; an IPv6 address without its brackets.
    public let host: String
    /// The port, also when it is the scheme's own.
    public let port: Int

    /// Makes an address from its parts, unchecked.
    public init(scheme: Scheme, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    private static let expectation = "a URL such as http://127.0.0.1:9000 or https://s3.eu-west-1.amazonaws.com"

    /// Reads the text of an address; one final slash is allowed.
    public static func parse(_ text: String) throws(ValueError) -> HTTPURL {
        guard let separator = text.firstRange(of: "://") else {
            throw ValueError(expected: expectation, hint: "http:// or https:// is missing")
        }
        guard let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased()) else {
            throw ValueError(expected: expectation, hint: "the scheme must be http or https")
        }
        var rest = text[separator.upperBound...]
        if rest.hasSuffix("/") { rest.removeLast() }
        if let extra = rest.firstIndex(where: { "/?#".contains($0) }) {
            throw ValueError(expected: expectation, hint: "leave out \(rest[extra...])")
        }
        if rest.contains("@") {
            throw ValueError(expected: expectation, hint: "names and passwords do not belong into the URL")
        }
        return try parse(authority: rest, scheme: scheme)
    }

    private static func parse(authority: Substring, scheme: Scheme) throws(ValueError) -> HTTPURL {
        var host = authority
        var port = scheme == .http ? 80 : 443
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") {
            host = authority[..<colon]
            port = try SocketAddressSpec.parsePort(authority[authority.index(after: colon)...])
            guard port > 0 else { throw ValueError(expected: "a port from 1 to 65535") }
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = host.dropFirst().dropLast().lowercased()
            guard HostName.isIPv6(inner) else { throw ValueError(expected: expectation) }
            return HTTPURL(scheme: scheme, host: inner, port: port)
        }
        let name = host.lowercased()
        guard HostName.isValid(name) else { throw ValueError(expected: expectation) }
        return HTTPURL(scheme: scheme, host: name, port: port)
    }

    /// Host and port as a Host header has them: the scheme's own port is left out.
    public var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return port == (scheme == .http ? 80 : 443) ? host : "\(host):\(port)"
    }
}

extension HTTPURL: CustomStringConvertible {
    /// The form that ``parse(_:)`` reads back, without a final slash.
    public var description: String { "\(scheme.rawValue)://\(authority)" }
}
