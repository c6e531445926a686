import HTTPWire
import TestSupport
import Testing

@testable import SignatureV4

/// What is accepted, and that nothing else is.
struct SignatureVerifierTests {
    static let now: Int64 = 1_700_000_000
    static let alice = Credentials(accessKey: "alice", secretKey: "wonderland")
    static let bob = Credentials(accessKey: "bob/with/slashes", secretKey: "builder")
    static let verifier = SignatureVerifier(credentials: [alice, bob], region: "us-east-1")

    struct Request {
        var method = "PUT"
        var path = "/bucket/some%20key/%2B%25//%C3%A4"
        var query = "b=2&a=1&a=%20"
        var fields = RequestSignerTests.fields([
            ("Host", "127.0.0.1:9000"), ("Content-Type", "text/css"), ("x-amz-meta-colour", "red"),
            ("Content-Length", "5"),
        ])

        mutating func sign(
            _ credentials: Credentials = alice,
            region: String = "us-east-1",
            service: String = "s3",
            payload: PayloadHash = .of(Array("hello".utf8)),
            at time: Int64 = now
        ) {
            let signer = RequestSigner(credentials: credentials, region: region, service: service)
            signer.sign(method: method, path: path, query: query, fields: &fields, payload: payload, now: time)
        }

        @discardableResult
        func verify(at time: Int64 = now) throws(SignatureError) -> VerifiedRequest {
            try verifier.verify(method: method, path: path, query: query, fields: fields, now: time)
        }

        func failure(at time: Int64 = now) -> SignatureError.Code? {
            do throws(SignatureError) {
                try verify(at: time)
                return nil
            } catch {
                return error.code
            }
        }
    }

    @Test("Damaged authorization fields are refused, and nothing else happens")
    func damaged() throws {
        var random = SeededGenerator(seed: 41)
        var request = Request()
        request.sign()
        let field = Array((request.fields[.authorization] ?? "").utf8)
        let date = Array("20231114T221320Z".utf8)
        for round in 0..<1_000 {
            var bytes = field
            while bytes == field {
                bytes = random.damage(field, with: ["/", ",", "=", "aws4_request", "\u{661}", ";"])
            }
            let text = String(decoding: bytes, as: UTF8.self)
            var damaged = request
            damaged.fields.set(.authorization, text)
            // Blanks, an empty part and the case of names and digits mean nothing.
            let mayHold =
                (try? AuthorizationField(text)) == (try AuthorizationField(String(decoding: field, as: UTF8.self)))
            #expect(mayHold || damaged.failure() != nil, "round \(round): \(text)")
            _ = AmzDate.parseBasic(String(decoding: random.damage(date, with: ["Z", "T", "\u{661}"]), as: UTF8.self))
        }
    }

    @Test("Every key pair is accepted, also one with slashes in its name")
    func severalPairs() throws {
        for credentials in [Self.alice, Self.bob, Self.alice] {
            var request = Request()
            request.sign(credentials)
            #expect(try request.verify().accessKey == credentials.accessKey)
        }
    }

    @Test("Any change to what was signed is noticed")
    func changes() {
        var signed = Request()
        signed.sign()
        #expect(signed.failure() == nil)
        let changes: [(String, (inout Request) -> Void)] = [
            ("method", { $0.method = "DELETE" }),
            ("path", { $0.path += "x" }),
            ("a slash less", { $0.path = "/bucket/some%20key/%2B%25/%C3%A4" }),
            ("query value", { $0.query = "b=2&a=1&a=%21" }),
            ("query parameter", { $0.query += "&acl" }),
            ("host", { $0.fields.set(.host, "127.0.0.1:9001") }),
            ("content type", { $0.fields.set(.contentType, "text/html") }),
            ("metadata", { $0.fields.set(name: "x-amz-meta-colour", "blue") }),
            ("metadata twice", { $0.fields.append(name: "x-amz-meta-colour", "red") }),
            ("payload hash", { $0.fields.set(name: "x-amz-content-sha256", "UNSIGNED-PAYLOAD") }),
            ("time", { $0.fields.set(name: "x-amz-date", AmzDate.basic(Self.now + 1)) }),
            (
                "signature",
                { request in
                    var value = request.fields["authorization"] ?? ""
                    value.append(value.removeLast() == "0" ? "1" : "0")
                    request.fields.set(.authorization, value)
                }
            ),
        ]
        for (name, change) in changes {
            var request = signed
            change(&request)
            #expect(request.failure() == .signatureDoesNotMatch, "\(name)")
        }
    }

    @Test("What does not change the meaning does not change the signature")
    func equivalents() {
        var request = Request()
        request.sign()
        request.query = "a=+&a=1&b=2"
        request.path = "/bucket/some%20key/%2b%25//%c3%a4"
        request.fields.set(name: "x-amz-meta-colour", "  red ")
        request.fields.append(name: "User-Agent", "anything")
        #expect(request.failure() == nil)
    }

    @Test("A path that was signed in the client's own encoding is accepted")
    func ownEncoding() {
        var request = Request()
        request.path = "/bucket/a(b)!"
        // The signer takes the path as it is; S3's own rule would encode the brackets.
        request.sign()
        #expect(request.failure() == nil)
        request.path = "/bucket/a(b)%21"
        #expect(request.failure() == .signatureDoesNotMatch)
    }

    @Test("An x-amz- field that was not signed cannot be added")
    func addedField() {
        var request = Request()
        request.sign()
        request.fields.append(name: "X-Amz-Meta-Extra", "1")
        #expect(request.failure() == .accessDenied)
    }

    @Test("Skew above 15 minutes, in both directions")
    func skew() {
        var request = Request()
        request.sign()
        #expect(request.failure(at: Self.now + 900) == nil)
        #expect(request.failure(at: Self.now - 900) == nil)
        #expect(request.failure(at: Self.now + 901) == .requestTimeTooSkewed)
        #expect(request.failure(at: Self.now - 901) == .requestTimeTooSkewed)
    }

    @Test("Wrong key, region, service, day, token, mechanism")
    func refusals() {
        var request = Request()
        request.sign(Credentials(accessKey: "mallory", secretKey: "wonderland"))
        #expect(request.failure() == .invalidAccessKeyId)
        request.sign(Credentials(accessKey: "alice", secretKey: "wrong"))
        #expect(request.failure() == .signatureDoesNotMatch)
        request.sign(region: "eu-west-1")
        #expect(request.failure() == .authorizationHeaderMalformed)
        request.sign(service: "sqs")
        #expect(request.failure() == .authorizationHeaderMalformed)
        request.sign(Credentials(accessKey: "alice", secretKey: "wonderland", sessionToken: "t"))
        #expect(request.failure() == .invalidToken)

        // The day of the scope is not that of the date.
        request = Request()
        request.sign()
        let value = (request.fields["authorization"] ?? "").split(separator: "/20231114/").joined(
            separator: "/20231115/"
        )
        request.fields.set(.authorization, value)
        #expect(request.failure() == .authorizationHeaderMalformed)
    }

    @Test(
        "Malformed Authorization fields",
        arguments: [
            ("AWS alice:c2ln", SignatureError.Code.invalidRequest),
            ("Bearer x", .invalidRequest),
            ("", .invalidRequest),
            ("AWS4-HMAC-SHA256", .authorizationHeaderMalformed),
            ("AWS4-HMAC-SHA256 Credential", .authorizationHeaderMalformed),
            ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00", .authorizationHeaderMalformed),
            (
                "AWS4-HMAC-SHA256 Credential=alice/2023/us-east-1/s3/aws4_request, SignedHeaders=host, Signature="
                    + String(repeating: "0", count: 64), .authorizationHeaderMalformed
            ),
            (
                "AWS4-HMAC-SHA256 Credential=alice/20231114/us-east-1/s3/aws4_request, SignedHeaders=, Signature="
                    + String(repeating: "0", count: 64), .authorizationHeaderMalformed
            ),
            (
                "AWS4-HMAC-SHA256 Credential=alice/20231114/us-east-1/s3/aws4_request,SignedHeaders=host,Signature="
                    + String(repeating: "0", count: 64), .signatureDoesNotMatch
            ),
        ]
    )
    func malformed(value: String, code: SignatureError.Code) {
        var request = Request(fields: RequestSignerTests.fields([("Host", "h")]))
        request.fields.append(name: "x-amz-date", AmzDate.basic(Self.now))
        request.fields.append(name: "x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        request.fields.append(name: "Authorization", value)
        #expect(request.failure() == code)
    }

    @Test("The payload's hash is required and must be one")
    func payloadHash() {
        var request = Request()
        request.sign()
        request.fields.set(name: "x-amz-content-sha256", "abc")
        #expect(request.failure() == .invalidRequest)
        request.fields.remove(name: "x-amz-content-sha256")
        #expect(request.failure() == .invalidRequest)
    }

    @Test("The Date field instead of x-amz-date, also with a numeric zone")
    func dateField() throws {
        for date in ["Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:20 -0000"] {
            var fields = RequestSignerTests.fields([
                ("Host", "h"), ("Date", date), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ])
            let signer = RequestSigner(credentials: Self.alice, region: "us-east-1")
            let signature = signer.signature(
                method: "GET",
                path: "/",
                query: "",
                fields: fields,
                payloadHash: "UNSIGNED-PAYLOAD",
                timestamp: "20231114T221320Z"
            )
            fields.append(name: "Authorization", signature.authorization)
            _ = try Self.verifier.verify(method: "GET", path: "/", query: "", fields: fields, now: Self.now)
        }
    }

    @Test("The error for a wrong signature shows what was signed, and no secret")
    func helpfulError() throws {
        var request = Request()
        request.sign(Credentials(accessKey: "alice", secretKey: "wrong"))
        let error = #expect(throws: SignatureError.self) { try request.verify() }
        let text = try #require(error.map { "\($0)" })
        #expect(text.contains("x-amz-meta-colour:red"))
        #expect(text.contains("AWS4-HMAC-SHA256"))
        #expect(!text.contains("wonderland"))
    }
}
