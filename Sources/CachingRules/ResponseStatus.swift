/// What caching rules know about status codes. A namespace.
public enum ResponseStatus {
    /// May be given a heuristic lifetime (RFC 9110, section 15.1).
    public static func isHeuristicallyCacheable(_ status: Int) -> Bool {
        switch status {
        case 200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501: true
        default: false
        }
    }

    /// Is the status one whose caching behaviour Apus knows, as `must-understand` asks (RFC 9111, section 5.2.2.3)?
    ///
    /// These are the final statuses of RFC 9110, section 15, and RFC 6585, none of which has rules beyond RFC 9111's,
    /// but for 206 and 304, which are not stored as they are.
    public static func isUnderstood(_ status: Int) -> Bool {
        switch status {
        case 200...206, 300...305, 307, 308, 400...417, 421, 422, 426, 428, 429, 431, 500...505, 511: true
        default: false
        }
    }

    /// Errors on which a stale response may be served instead (RFC 5861, section 4).
    public static func isServerFailure(_ status: Int) -> Bool {
        switch status {
        case 500, 502, 503, 504: true
        default: false
        }
    }
}
