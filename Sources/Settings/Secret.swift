/// A text that must not be seen: a key, a token. A value. Every textual form of it is `<secret>`.
public struct Secret: Sendable, Hashable {
    /// The text itself, for the one place that needs it. Never log it.
    public let exposed: String

    /// Keeps a text from being printed by accident.
    public init(_ text: String) {
        exposed = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<secret>`.
    public var description: String { "<secret>" }
    /// Always `<secret>`.
    public var debugDescription: String { "<secret>" }
    /// Without children, so that `dump` shows nothing either.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
