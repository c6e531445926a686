import Glibc
import NIOConcurrencyHelpers

/// Ports for programs that cannot be told to listen on port 0. A namespace.
public enum FreePort {
    private static let given = NIOLockedValueBox(Set<Int>())

    /// A TCP port on which nothing listened a moment ago, never the same twice in a process.
    ///
    /// It lies below the kernel's range for outgoing connections, so that no connection of another test takes it
    /// between this call and the program's bind.
    public static func tcp() throws -> Int {
        for _ in 0..<2_000 {
            let port = Int.random(in: 15_000..<32_000)
            guard given.withLockedValue({ $0.insert(port).inserted }) else { continue }
            if canBind(port) { return port }
        }
        throw DeadlineExceeded(description: "no free TCP port between 15000 and 31999 was found")
    }

    private static func canBind(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        // 0.0.0.0: the port must be free on every address.
        address.sin_addr.s_addr = 0
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
