import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension ClientError {
    static func connectTimeout(_ endpoint: Endpoint, _ limit: String) -> ClientError {
        let message = "\(endpoint.hostAndPort) did not accept a connection within \(limit)"
        return ClientError(.connectTimeout, mayRetry: .always, message)
    }

    /// Why no connection came about, in words that name the endpoint.
    static func connecting(_ error: any Error, _ endpoint: Endpoint, limit: String) -> ClientError {
        let place = endpoint.hostAndPort
        switch error {
        case let error as ClientError: return error
        case let error as IOError: return connectFailed(code: error.errnoCode, place)
        case let error as NIOConnectionError: return connecting(error, endpoint, limit: limit)
        case ChannelError.connectTimeout: return connectTimeout(endpoint, limit)
        case is SocketAddressError: return unknownHost(endpoint)
        default: break
        }
        if let reason = tlsReason(error) {
            return ClientError(.tls, "no TLS connection to \(place): \(reason)")
        }
        return ClientError(.connectFailed, mayRetry: .always, "no connection to \(place): \(error)")
    }

    /// A name may have several addresses; the last one's failure speaks for all.
    private static func connecting(_ error: NIOConnectionError, _ endpoint: Endpoint, limit: String) -> ClientError {
        guard let last = error.connectionErrors.last else { return unknownHost(endpoint) }
        return connecting(last.error, endpoint, limit: limit)
    }

    private static func unknownHost(_ endpoint: Endpoint) -> ClientError {
        ClientError(.connectFailed, mayRetry: .always, "the host name \(endpoint.host) cannot be resolved")
    }

    private static func connectFailed(code: CInt, _ place: String) -> ClientError {
        let message =
            switch code {
            case ECONNREFUSED: "connection refused by \(place)"
            case EHOSTUNREACH, ENETUNREACH: "there is no route to \(place)"
            case ETIMEDOUT: "\(place) did not answer"
            case EMFILE, ENFILE: "no connection to \(place): this process has too many files open"
            default: "no connection to \(place): \(String(cString: strerror(code)))"
            }
        return ClientError(.connectFailed, mayRetry: .always, message)
    }

    /// Why an open connection ended; nil is a clean end.
    static func closedEarly(_ error: (any Error)?, _ endpoint: Endpoint, missing: String) -> ClientError {
        let place = endpoint.hostAndPort
        let what =
            switch error {
            case nil: "\(place) closed the connection"
            case let error as IOError where error.errnoCode == ECONNRESET: "\(place) reset the connection"
            case let error as IOError where error.errnoCode == EPIPE: "\(place) closed the connection"
            case let error as IOError:
                "the connection to \(place) broke (\(String(cString: strerror(error.errnoCode))))"
            case let error?: "the connection to \(place) broke (\(tlsReason(error) ?? "\(error)"))"
            }
        return ClientError(.closedEarly, "\(what) before \(missing)")
    }

    /// What a TLS error means; nil: it is none.
    private static func tlsReason(_ error: any Error) -> String? {
        switch error {
        case NIOSSLError.uncleanShutdown: "closed without TLS's goodbye"
        case NIOSSLError.handshakeFailed(let inner): handshakeReason("\(inner)")
        case NIOSSLError.unableToValidateCertificate: "its certificate is not for this host"
        case is NIOSSLExtraError: "its certificate is not for this host"
        case is NIOSSLError, is BoringSSLError: "\(error)"
        default: nil
        }
    }

    private static func handshakeReason(_ text: String) -> String {
        if text.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not one that is trusted here" }
        if text.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS on this port" }
        return "the handshake failed (\(text))"
    }
}

extension TimeAmount {
    /// "5 s", "250 ms".
    var text: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000) s" : "\(nanoseconds / 1_000_000) ms"
    }
}
