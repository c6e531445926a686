public import NIOSSL

/// One address to listen on, and how. A value.
public struct ListenerConfiguration: Sendable {
    /// Where a listener is bound. A value.
    public enum Address: Sendable, Hashable, CustomStringConvertible {
        /// A host name or an IP address, and a port; 0 takes a free one.
        case tcp(host: String, port: Int)
        /// The path of a unix domain socket.
        case unix(path: String)

        /// `host:port`, `[v6]:port`, `:port` (every interface) or `unix:path`.
        public init(_ text: String) throws(ServerError) {
            if text.hasPrefix("unix:") {
                let path = String(text.dropFirst("unix:".count))
                guard !path.isEmpty else { throw Self.malformed(text) }
                self = .unix(path: path)
                return
            }
            guard let colon = text.lastIndex(of: ":"),
                let port = UInt16(text[text.index(after: colon)...])
            else { throw Self.malformed(text) }
            var host = text[..<colon]
            if host.hasPrefix("[") {
                guard host.hasSuffix("]") else { throw Self.malformed(text) }
                host = host.dropFirst().dropLast()
            } else if host.contains(":") {
                throw Self.malformed(text)
            }
            self = .tcp(host: host.isEmpty ? "::" : String(host), port: Int(port))
        }

        /// As it is written in a configuration.
        public var description: String {
            switch self {
            case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
            case .unix(let path): "unix:\(path)"
            }
        }

        private static func malformed(_ text: String) -> ServerError {
            ServerError(
                .badAddress,
                "'\(text)' is no address to listen on: expected host:port, [ipv6]:port or unix:path"
            )
        }
    }

    /// Where to listen.
    public var address: Address
    /// Certificate and key; nil listens in clear. ALPN is set by the server.
    public var tls: TLSConfiguration?
    /// Connections the kernel keeps while they wait to be accepted.
    public var backlog: Int = 1024
    /// One socket per event loop, and the kernel spreads connections over them (`SO_REUSEPORT`). Another process of
    /// the same user can then listen on the same port too, so a port that is taken is not noticed.
    public var reusePort = false

    /// A listener with the defaults.
    public init(address: Address, tls: TLSConfiguration? = nil) {
        self.address = address
        self.tls = tls
    }

    /// A listener in clear on `host` and `port`; port 0 takes a free one.
    public init(host: String, port: Int) {
        self.init(address: .tcp(host: host, port: port))
    }
}
