/// Why control refused or could not do what a request asked. A value.
public struct ControlFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The words that programs tell failures apart by.
    public enum Code: String, Sendable {
        /// The request is malformed.
        case badRequest = "bad_request"
        /// No token, or one that is not known.
        case unauthorized
        /// The token does not allow this.
        case forbidden
        /// There is no such thing.
        case notFound = "not_found"
        /// The body is too large.
        case tooLarge = "too_large"
        /// The idempotency key was used for another purge.
        case keyReused = "key_reused"
        /// Another instance with this id runs.
        case duplicateEdge = "duplicate_edge"
        /// The renewal comes from an instance that is not registered.
        case unknownInstance = "unknown_instance"
        /// Another instance has taken the id.
        case superseded
        /// The operator removed the edge.
        case removed
        /// The log is another one than the edge believes.
        case logChanged = "log_changed"
        /// The edge must apply more before it gets a lease.
        case behind
        /// A bound is reached.
        case overloaded
        /// Control's store fails, or control is stopping.
        case unavailable
    }

    /// The word for programs.
    public let code: Code
    /// One sentence.
    public let description: String
    /// See ``ControlAPI/Failure/needs``.
    public var needs: UInt64?
    /// See ``ControlAPI/Failure/retrySeconds``.
    public var retrySeconds: Double?

    /// A failure as given.
    public init(_ code: Code, _ description: String, needs: UInt64? = nil, retrySeconds: Double? = nil) {
        self.code = code
        self.description = description
        self.needs = needs
        self.retrySeconds = retrySeconds
    }

    /// The answer's status.
    public var status: Int {
        switch code {
        case .badRequest: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .duplicateEdge, .superseded, .logChanged, .behind, .keyReused: 409
        case .unknownInstance, .removed: 410
        case .tooLarge: 413
        case .overloaded, .unavailable: 503
        }
    }

    init(_ error: ControlStoreError) {
        self.init(error.kind == .keyReused ? .keyReused : .unavailable, error.description)
    }
}
