/// Why a bucket could not be read or written. A value.
public struct BucketError: Error, Sendable, CustomStringConvertible {
    /// One sentence: what was tried, where, and what came back.
    public let description: String
    /// The HTTP status, when there was an answer.
    public let status: Int?
    /// S3's code, such as `NoSuchBucket`.
    public let code: String?

    /// An error with its sentence.
    public init(_ description: String, status: Int? = nil, code: String? = nil) {
        self.description = description
        self.status = status
        self.code = code
    }
}
