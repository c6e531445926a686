import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

// What is needed of the C library, in one place.

/// The few system error numbers that have a sentence of their own. A namespace.
enum Errno {
    static let addressInUse = EADDRINUSE
    static let accessDenied = EACCES
    static let notPermitted = EPERM
    static let addressNotAvailable = EADDRNOTAVAIL
}

/// The clock on the wall. A namespace.
enum WallClock {
    /// Unix seconds.
    static var now: Int64 { Int64(time(nil)) }
}

extension NIOBSDSocket.Option {
    /// Several sockets on one port, and the kernel spreads connections over them.
    static let reusePort = Self(rawValue: SO_REUSEPORT)
}

extension Channel {
    /// Closing will reset the connection and drop what the client has not got yet.
    func resetOnClose() {
        guard let socket = self as? any SocketOptionProvider else { return }
        _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
}
