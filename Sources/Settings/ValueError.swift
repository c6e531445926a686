/// Why a text is not a value of some type. A value. Where the text stood is added by who read the file.
public struct ValueError: Error, Sendable, Equatable {
    /// What would have been right, as a noun phrase: "a whole number and a unit, such as 512MiB".
    public let expected: String
    /// What the writer may have meant.
    public let hint: String?

    /// Makes an error.
    public init(expected: String, hint: String? = nil) {
        self.expected = expected
        self.hint = hint
    }
}
