/// What became of an attempt to parse a head. A value.
public enum HeadParseResult: Sendable, Equatable {
    /// The head is not complete; call again with the same bytes and more.
    case needMore
    /// The head is complete and takes up that many bytes, with its empty line and any empty lines before it.
    case complete(length: Int)
    /// The bytes are not an acceptable head.
    case failed(HeadError)
}
