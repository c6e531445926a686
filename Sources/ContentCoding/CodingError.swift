public import CachingRules

/// Why bytes could not be encoded or decoded. A value.
public enum CodingError: Error, Sendable, Equatable {
    /// There is no encoder or decoder for it here.
    case unsupported(Coding)
    /// The library could not get memory.
    case outOfMemory
    /// The library refused; should not happen.
    case failed(Coding, reason: String)
    /// What was to be decoded is not of that coding.
    case corrupt(Coding)
    /// What was to be decoded ends before its end.
    case truncated(Coding)
    /// Something follows the end of what was to be decoded.
    case trailingBytes(Coding)
    /// The result would be larger than was allowed.
    case tooLarge(limit: Int)
    /// The encoder or decoder has been finished, or has failed, before.
    case finished
}
