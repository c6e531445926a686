/// Where requests go: scheme, host and port. A value; hosts are kept in lower case, IPv6 addresses without brackets.
public struct Endpoint: Hashable, Sendable {
    /// How the server is spoken to.
    public enum Scheme: String, Hashable, Sendable {
        case http, https

        /// 80 or 443.
        public var defaultPort: Int { self == .http ? 80 : 443 }
    }

    /// http or https.
    public let scheme: Scheme
    /// A host name or an IP address.
    public let host: String
    /// 1 to 65535.
    public let port: Int

    /// An endpoint from its parts; the port of the scheme when none is given.
    public init(scheme: Scheme = .http, host: String, port: Int? = nil) {
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port ?? scheme.defaultPort
    }

    /// "http://host", "https://host:8443/", "http://[::1]:9000"; nil for anything else, a path included.
    public init?(url: String) {
        guard let (endpoint, target) = Self.split(url: url), target == "/" else { return nil }
        self = endpoint
    }

    /// The endpoint and the request target (path and query, "/" when there is none) of an absolute URL.
    ///
    /// nil unless scheme, host and port are well-formed. A fragment is dropped; user names are refused, because what
    /// is written there ends up in logs.
    public static func split(url: String) -> (endpoint: Endpoint, target: String)? {
        let schemeEnd = url.firstIndex(of: ":") ?? url.endIndex
        guard let scheme = Scheme(rawValue: url[..<schemeEnd].lowercased()), url[schemeEnd...].hasPrefix("://")
        else { return nil }
        let rest = url[schemeEnd...].dropFirst(3).prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let (host, port) = split(authority: rest[..<end]) else { return nil }
        var target = String(rest[end...])
        if !target.hasPrefix("/") { target = "/" + target }
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return (Endpoint(scheme: scheme, host: host, port: port), target)
    }

    private static func split(authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let rest = authority[authority.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":"), host.contains(":") else { return nil }
            guard host.utf8.allSatisfy({ isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E }) else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            if let colon = authority.firstIndex(of: ":") {
                host = authority[..<colon]
                port = authority[authority.index(after: colon)...]
            }
            guard host.utf8.allSatisfy(isNameByte) else { return nil }
        }
        guard !host.isEmpty else { return nil }
        guard let port, !port.isEmpty else { return (String(host), nil) }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port), (1...65535).contains(number)
        else { return nil }
        return (String(host), number)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}

extension Endpoint: CustomStringConvertible {
    /// What the Host field says (RFC 9110, section 7.2): the port only when it is not the scheme's.
    public var authority: String {
        port == scheme.defaultPort ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// "127.0.0.1:9000": always with the port, for messages.
    public var hostAndPort: String { "\(bracketedHost):\(port)" }

    /// "http://127.0.0.1:9000".
    public var description: String { "\(scheme.rawValue)://\(authority)" }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
}
