/// A key pair, and the token of a temporary one. *Value*. Whatever prints it shows the access key only.
public struct Credentials: Sendable, Equatable {
    /// The public half, sent with every request.
    public let accessKey: String
    /// The secret half, never sent.
    public let secretKey: String
    /// Sent as `x-amz-security-token` when the key pair is a temporary one.
    public let sessionToken: String?

    /// Any non-empty strings; the store that knows the pair decides what is valid.
    public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The access key, and that there is a secret.
    public var description: String { "Credentials(\(accessKey), <secret>)" }
    /// The same as ``description``.
    public var debugDescription: String { description }
    /// The access key only, so that `dump` and failed expectations print no secret.
    public var customMirror: Mirror { Mirror(self, children: ["accessKey": accessKey]) }
}
