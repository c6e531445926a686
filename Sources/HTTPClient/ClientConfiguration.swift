public import NIOCore

/// How a client treats its connections. A value.
public struct ClientConfiguration: Sendable {
    /// Whom to trust at https endpoints. Verification cannot be switched off.
    public enum Trust: Sendable, Equatable {
        /// The system's certificate authorities.
        case system
        /// Only the authorities in this PEM file.
        case file(String)
    }

    /// Certificate authorities.
    public var trust: Trust
    /// Bounds.
    public var limits: ClientLimits
    /// How often deadlines are looked at.
    public var timerResolution: TimeAmount

    /// The usual configuration.
    public init(
        trust: Trust = .system,
        limits: ClientLimits = .init(),
        timerResolution: TimeAmount = .milliseconds(100)
    ) {
        self.trust = trust
        self.limits = limits
        self.timerResolution = timerResolution
    }
}
