/// Why a server could not start. A value; its description is one sentence for a person.
public struct ServerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong, for a program.
    public enum Kind: Sendable, Equatable {
        /// Another process listens there.
        case addressInUse
        /// The process may not listen there: a port below 1024, or a folder without write permission.
        case permissionDenied
        /// No interface of this machine has the address, or the host has no address.
        case addressNotAvailable
        /// The address was not written as `host:port` or `unix:path`.
        case badAddress
        /// The certificate or the key of a TLS listener cannot be used.
        case tls
        /// The server was started before.
        case alreadyStarted
        /// Anything else.
        case other
    }

    /// What went wrong.
    public var kind: Kind
    /// One sentence: which address, what was found, what helps.
    public var message: String

    /// A failure with its sentence.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
