/// Where to listen, as it is written: `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `:8080`, `unix:/run/apus.sock`.
/// A value; names are resolved by who binds it.
public enum SocketAddressSpec: Sendable, Hashable {
    /// A host (an address without brackets, or a name) and a port; port 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// The path of a Unix domain socket.
    case unix(path: String)

    /// What `:8080` and `*:8080` stand for: every IPv4 address of the machine.
    public static let anyHost = "0.0.0.0"

    /// The longest path that fits into the kernel's `sockaddr_un` with its final zero.
    private static let unixPathMaximum = 107

    private static let expectation = "an address such as 127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/apus.sock"

    /// Reads the text of an address.
    public static func parse(_ text: String) throws(ValueError) -> SocketAddressSpec {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count <= unixPathMaximum else {
                throw ValueError(expected: "unix: and a path of 1 to \(unixPathMaximum) bytes")
            }
            return .unix(path: path)
        }
        if text.hasPrefix("http://") || text.hasPrefix("https://") {
            throw ValueError(expected: expectation, hint: "leave out the scheme")
        }
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
            let isPort = !text.isEmpty && text.allSatisfy { $0.isASCII && $0.isNumber }
            throw ValueError(expected: expectation, hint: isPort ? "write :\(text)" : "the port is missing")
        }
        let port = try parsePort(text[text.index(after: colon)...])
        let host = try parseHost(String(text[..<colon]), port: port)
        return .tcp(host: host, port: port)
    }

    static func parsePort(_ text: Substring) throws(ValueError) -> Int {
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            let port = Int(text), port <= 65_535
        else {
            throw ValueError(expected: "a port from 0 to 65535 after the last colon")
        }
        return port
    }

    private static func parseHost(_ host: String, port: Int) throws(ValueError) -> String {
        if host.isEmpty || host == "*" { return anyHost }
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            guard HostName.isIPv6(inner) else {
                throw ValueError(expected: "an IPv6 address between the brackets, such as [::1]:\(port)")
            }
            return inner.lowercased()
        }
        if host.contains(":") {
            throw ValueError(expected: expectation, hint: "put an IPv6 address in brackets: [\(host)]:\(port)")
        }
        guard HostName.isValid(host.lowercased()) else { throw ValueError(expected: expectation) }
        return host.lowercased()
    }

    /// Whether one socket at each of the two cannot be: the same address, or the same port and one of them a wildcard.
    public func collides(with other: SocketAddressSpec) -> Bool {
        switch (self, other) {
        case (.unix(let left), .unix(let right)):
            return left == right
        case (.tcp(let leftHost, let leftPort), .tcp(let rightHost, let rightPort)):
            guard leftPort == rightPort, leftPort != 0 else { return false }
            if leftHost == rightHost || leftHost == "::" || rightHost == "::" { return true }
            let wildcard = leftHost == Self.anyHost ? rightHost : rightHost == Self.anyHost ? leftHost : nil
            return wildcard.map { !HostName.isIPv6($0) } ?? false
        default:
            return false
        }
    }
}

extension SocketAddressSpec: CustomStringConvertible {
    /// The form that ``parse(_:)`` reads back.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
