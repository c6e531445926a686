/// The parts of an `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` value. *Value*.
struct AuthorizationField: Equatable {
    let accessKey: String
    let scope: CredentialScope
    /// As the client listed them, lower case.
    let signedNames: [String]
    /// 32 bytes.
    let signature: [UInt8]

    /// Reads the value; spaces around its commas are optional, and the parts may stand in any order.
    init(_ value: String) throws(SignatureError) {
        let algorithm = value.prefix { $0 != " " }
        guard algorithm == "AWS4-HMAC-SHA256" else {
            throw SignatureError(
                .invalidRequest,
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
            )
        }
        var parts: [Substring: Substring] = [:]
        for part in value.dropFirst(algorithm.count).split(separator: ",") {
            let part = part.trimmingSpaces()
            guard let equals = part.firstIndex(of: "=") else {
                throw Self.malformed("expected name=value, found \"\(part.prefix(40))\"")
            }
            parts[part[..<equals]] = part[part.index(after: equals)...]
        }
        guard let credential = parts["Credential"] else { throw Self.malformed("Credential is missing") }
        guard let names = parts["SignedHeaders"] else { throw Self.malformed("SignedHeaders is missing") }
        guard let signature = parts["Signature"] else { throw Self.malformed("Signature is missing") }
        guard let bytes = Hex.decode(signature), bytes.count == DigestAlgorithm.sha256.byteCount else {
            throw Self.malformed("Signature is not 64 hexadecimal digits")
        }
        (accessKey, scope) = try Self.credential(credential)
        signedNames = names.split(separator: ";").map { $0.lowercased() }
        self.signature = bytes
    }

    /// An access key may contain slashes, so the scope's four parts are taken from the end.
    private static func credential(_ text: Substring) throws(SignatureError) -> (String, CredentialScope) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[parts.count - 1] == "aws4_request" else {
            throw malformed(
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\""
            )
        }
        let day = parts[parts.count - 4]
        guard AmzDate.parseBasic("\(day)T000000Z") != nil else {
            throw malformed("incorrect date format \"\(day.prefix(40))\"; expecting YYYYMMDD")
        }
        let scope = CredentialScope(
            day: String(day),
            region: String(parts[parts.count - 3]),
            service: String(parts[parts.count - 2])
        )
        return (parts.dropLast(4).joined(separator: "/"), scope)
    }

    static func malformed(_ what: String, _ details: [SignatureError.Detail] = []) -> SignatureError {
        SignatureError(.authorizationHeaderMalformed, "The authorization header is malformed; \(what).", details)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        var rest = drop { $0 == " " }
        while rest.last == " " { rest.removeLast() }
        return rest
    }
}
