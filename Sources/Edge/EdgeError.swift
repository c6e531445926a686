/// Why an edge does not start: one sentence for the operator. A value.
public struct EdgeError: Error, Sendable, CustomStringConvertible {
    /// What was tried, and why it failed.
    public let description: String

    /// An error with its sentence.
    public init(_ description: String) {
        self.description = description
    }
}
