/// Why a request's signature was not accepted, in S3's words. *Value*.
public struct SignatureError: Error, Sendable, Equatable {
    /// S3's error codes for authentication.
    public enum Code: String, Sendable {
        case accessDenied = "AccessDenied"
        case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
        case invalidAccessKeyId = "InvalidAccessKeyId"
        case invalidRequest = "InvalidRequest"
        case invalidToken = "InvalidToken"
        case requestTimeTooSkewed = "RequestTimeTooSkewed"
        case signatureDoesNotMatch = "SignatureDoesNotMatch"

        /// The HTTP status S3 sends with the code.
        public var status: Int {
            switch self {
            case .accessDenied, .invalidAccessKeyId, .requestTimeTooSkewed, .signatureDoesNotMatch: 403
            case .authorizationHeaderMalformed, .invalidRequest, .invalidToken: 400
            }
        }
    }

    /// An element that S3 adds to the error's XML. *Value*.
    public struct Detail: Sendable, Equatable {
        /// The element's name.
        public let name: String
        /// Its text.
        public let value: String

        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The code for programs.
    public let code: Code
    /// What was expected and what was found, for people. Never a secret.
    public let message: String
    /// What helps to find the difference: the strings as this side formed them, the expected region.
    public let details: [Detail]

    init(_ code: Code, _ message: String, _ details: [Detail] = []) {
        self.code = code
        self.message = message
        self.details = details
    }
}
