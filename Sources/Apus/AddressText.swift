import NIOCore

/// A bound address as people read it. A namespace.
enum AddressText {
    /// `127.0.0.1:8080`, `[::1]:8080` or the path of a socket.
    static func of(_ address: SocketAddress) -> String {
        guard let host = address.ipAddress, let port = address.port else { return address.pathname ?? "\(address)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
