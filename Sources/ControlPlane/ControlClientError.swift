/// Why control did not do what was asked. A value, for people and programs.
public struct ControlClientError: Error, Sendable, CustomStringConvertible {
    /// The kinds.
    public enum Kind: Sendable, Equatable {
        /// No connection, or it broke.
        case unreachable
        /// The token is missing or not known.
        case unauthorized
        /// The token does not allow it.
        case forbidden
        /// Control said no, with this word.
        case refused(ControlFailure.Code)
        /// What answers is not control.
        case notControl
        /// The log is another one than that of the purge.
        case logChanged
        /// The caller's own settings: an address, a token, a credentials file.
        case badSettings
        /// The task was cancelled.
        case cancelled
    }

    /// What kind of error.
    public let kind: Kind
    /// One sentence.
    public let description: String
    /// The number to apply first, when control said so.
    public let needs: UInt64?
    /// Seconds after which the same may succeed, when control said so.
    public let retrySeconds: Double?

    init(_ kind: Kind, _ description: String, needs: UInt64? = nil, retrySeconds: Double? = nil) {
        self.kind = kind
        self.description = description
        self.needs = needs
        self.retrySeconds = retrySeconds
    }
}
