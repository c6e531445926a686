import Glibc

/// Where `env:NAME` is looked up. A value.
public struct SettingsEnvironment: Sendable {
    private let lookUp: @Sendable (String) -> String?

    /// Looks names up by a function.
    public init(_ lookUp: @escaping @Sendable (String) -> String?) {
        self.lookUp = lookUp
    }

    /// A fixed set of variables, for tests and for programs that make their own settings.
    public init(_ variables: [String: String]) {
        self.init { variables[$0] }
    }

    /// The environment of this process.
    public static let process = SettingsEnvironment { name in
        // The pointer is read before anyone can change the environment: nothing here calls setenv.
        getenv(name).map { String(cString: $0) }
    }

    /// The variable's value; nil when there is none.
    public subscript(name: String) -> String? { lookUp(name) }
}
