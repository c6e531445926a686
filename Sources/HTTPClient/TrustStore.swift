import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// The TLS context of all https connections, made when the first one needs it: loading the system's authorities takes
/// milliseconds and reads files. Guarded by a lock.
final class TrustStore: Sendable {
    private let trust: ClientConfiguration.Trust
    private let made = NIOLockedValueBox<NIOSSLContext?>(nil)

    init(_ trust: ClientConfiguration.Trust) {
        self.trust = trust
    }

    /// The context, loaded on an I/O thread the first time. Fails with a ``ClientError`` of kind `tls`.
    func context(on eventLoop: any EventLoop) -> EventLoopFuture<NIOSSLContext> {
        if let context = made.withLockedValue({ $0 }) { return eventLoop.makeSucceededFuture(context) }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
            let context = try Self.make(self.trust)
            self.made.withLockedValue { $0 = context }
            return context
        }
    }

    private static func make(_ trust: ClientConfiguration.Trust) throws(ClientError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        configuration.minimumTLSVersion = .tlsv12
        if case .file(let path) = trust {
            guard let authorities = try? NIOSSLCertificate.fromPEMFile(path), !authorities.isEmpty else {
                throw ClientError(.tls, "no certificate authorities can be read from \(path): expected PEM")
            }
            configuration.trustRoots = .certificates(authorities)
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ClientError(.tls, "TLS cannot be set up: \(error)")
        }
    }
}
