/// What is wrong with a trace, and where. A value.
public enum TraceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A line is not `time,key,size`. Lines count from 1.
    case badLine(path: String, line: Int, expected: String, found: String)
    /// The file cannot be opened or read.
    case unreadable(path: String, reason: String)
    /// Its compressed bytes are damaged, or end too early.
    case damaged(path: String, reason: String)
    /// There is not one request in it.
    case empty(path: String)

    /// One clear sentence.
    public var description: String {
        switch self {
        case .badLine(let path, let line, let expected, let found):
            "\(path):\(line): expected \(expected), found '\(found)'"
        case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
        case .damaged(let path, let reason): "\(path) is damaged: \(reason)"
        case .empty(let path): "\(path) has no requests: expected lines of time,key,size"
        }
    }
}
