/// What a fetched body is checked against before it is kept. A value.
public enum FillVerification: String, Sendable, CaseIterable {
    /// The checksums that the answer itself names.
    case auto
    /// Those, and an entity tag that has the form of an MD5: for stores that make it so.
    case md5
}
