import Foundation

/// The environment that the program was started with. A namespace.
enum ProcessEnvironment {
    static var all: [String: String] { ProcessInfo.processInfo.environment }

    /// nil: there is none, as in some services.
    static var home: String? { all["HOME"].flatMap { $0.isEmpty ? nil : $0 } }

    /// A variable that is set and not empty.
    static func text(_ name: String) -> String? { all[name].flatMap { $0.isEmpty ? nil : $0 } }
}
