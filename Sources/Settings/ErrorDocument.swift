/// An object that is sent in the place of an error. A value.
public struct ErrorDocument: Sendable, Equatable {
    /// The statuses that it is for.
    public var statuses: ClosedRange<Int>
    /// Its path at the site, from `/` on.
    public var path: String

    /// Makes a document for these statuses.
    public init(statuses: ClosedRange<Int>, path: String) {
        self.statuses = statuses
        self.path = path
    }
}
