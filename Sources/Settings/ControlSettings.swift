/// Everything a control plane is told by its `control.yaml`. An immutable snapshot.
public struct ControlSettings: Sendable, Equatable {
    /// Where edges, operators and browsers connect.
    public var listen: SocketAddressSpec
    /// Where the log is kept.
    public var store: ControlStoreSettings
    /// Who may do what; at least one, no token twice.
    public var tokens: [TokenSettings]
    /// How much is logged.
    public var logLevel: LogLevel

    /// Makes settings without a file.
    public init(
        listen: SocketAddressSpec,
        store: ControlStoreSettings,
        tokens: [TokenSettings],
        logLevel: LogLevel = Defaults.logLevel
    ) {
        self.listen = listen
        self.store = store
        self.tokens = tokens
        self.logLevel = logLevel
    }
}

/// Where control keeps its log. A value.
public enum ControlStoreSettings: Sendable, Equatable {
    /// The path of a SQLite file, which is made when it is missing.
    case sqlite(path: String)
}

/// A bearer token and what it allows. A value; the token is never printed.
public struct TokenSettings: Sendable, Equatable {
    /// The token.
    public var token: Secret
    /// What it allows; at least one.
    public var scopes: [TokenScope]

    /// Makes a token.
    public init(token: Secret, scopes: [TokenScope]) {
        self.token = token
        self.scopes = scopes
    }
}

/// What a token allows: `admin`, `read`, `purge`, `purge:HOST`. A value.
public enum TokenScope: Sendable, Hashable {
    /// Everything, which includes being an edge.
    case admin
    /// Looking.
    case read
    /// Purging; with a host, only that site.
    case purge(host: String?)

    private static let expectation = "admin, read, purge or purge:HOST"

    /// Reads the text of a scope.
    public static func parse(_ text: String) throws(ValueError) -> TokenScope {
        switch text {
        case "admin": return .admin
        case "read": return .read
        case "purge": return .purge(host: nil)
        default: break
        }
        guard text.hasPrefix("purge:") else { throw ValueError(expected: expectation) }
        guard case .exact(let host) = try HostPattern.parse(String(text.dropFirst(6))) else {
            throw ValueError(expected: "purge: and one host, without a star")
        }
        return .purge(host: host)
    }
}

extension TokenScope: CustomStringConvertible {
    /// The form that ``parse(_:)`` reads back.
    public var description: String {
        switch self {
        case .admin: "admin"
        case .read: "read"
        case .purge(nil): "purge"
        case .purge(let host?): "purge:\(host)"
        }
    }
}
