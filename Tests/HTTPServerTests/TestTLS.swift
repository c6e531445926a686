import NIOSSL
import TestSupport

/// The tests' server certificate as a configuration. A namespace.
enum TestTLS {
    static func configuration() throws -> TLSConfiguration {
        let certificate = try NIOSSLCertificate(bytes: Array(TestCertificates.serverCertificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificates.serverKey.utf8), format: .pem)
        return .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    }
}
