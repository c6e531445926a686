import HTTPWire
import Testing

@testable import SignatureV4

/// AWS's published vectors: the Signature V4 test suite, and the examples of the S3 API reference.
struct RequestSignerTests {
    static func fields(_ pairs: [(String, String)]) -> FieldList {
        var fields = FieldList()
        for (name, value) in pairs { fields.append(name: name, value) }
        return fields
    }

    struct Vector: Sendable, CustomTestStringConvertible {
        let name: String
        var path = "/"
        var query = ""
        var fields: [(String, String)] = []
        let signature: String

        var testDescription: String { name }
    }

    /// From the suite as AWS distributes it with its SDKs; path and query as they are on the wire.
    static let suite = [
        Vector(name: "get-vanilla", signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        Vector(
            name: "get-header-value-trim",
            fields: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
            signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"
        ),
        Vector(
            name: "get-header-key-duplicate",
            fields: [("My-Header1", "value2"), ("My-Header1", "value2"), ("My-Header1", "value1")],
            signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"
        ),
        Vector(
            name: "get-vanilla-query-order-key-case",
            query: "Param2=value2&Param1=value1",
            signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        ),
        Vector(
            name: "get-vanilla-query-order-encoded",
            query: "Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"
        ),
        Vector(
            name: "get-vanilla-utf8-query",
            query: "ሴ=bar",
            signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"
        ),
        Vector(
            name: "get-utf8",
            path: "/%E1%88%B4",
            signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"
        ),
        Vector(
            name: "get-slashes-unnormalized",
            path: "//example//",
            signature: "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"
        ),
        Vector(
            name: "get-space-unnormalized",
            path: "/example%20space/",
            signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"
        ),
        Vector(
            name: "get-vanilla-with-session-token",
            fields: [("X-Amz-Security-Token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")],
            signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"
        ),
    ]

    @Test("AWS Signature V4 test suite", arguments: suite)
    func testSuite(vector: Vector) {
        let signer = RequestSigner(
            credentials: Credentials(accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            region: "us-east-1",
            service: "service"
        )
        let fields = Self.fields(
            [("Host", "example.amazonaws.com")] + vector.fields + [("X-Amz-Date", "20150830T123600Z")]
        )
        let result = signer.signature(
            method: "GET",
            path: vector.path,
            query: vector.query,
            fields: fields,
            payloadHash: PayloadHash.empty.text,
            timestamp: "20150830T123600Z"
        )
        #expect(result.signature == vector.signature)
    }

    static let s3 = RequestSigner(
        credentials: Credentials(
            accessKey: "AKIAIOSFODNN7EXAMPLE",
            secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        ),
        region: "us-east-1"
    )
    /// 2013-05-24, midnight.
    static let s3Time: Int64 = 1_369_353_600

    static let s3Examples: [(method: String, vector: Vector, payload: PayloadHash)] = [
        (
            "GET",
            Vector(
                name: "GET Object",
                path: "/test.txt",
                fields: [("Range", "bytes=0-9")],
                signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
            ), .empty
        ),
        (
            "PUT",
            Vector(
                name: "PUT Object",
                path: "/test%24file.text",
                fields: [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
            ), .of(Array("Welcome to Amazon S3.".utf8))
        ),
        (
            "GET",
            Vector(
                name: "GET Bucket Lifecycle",
                query: "lifecycle",
                signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
            ), .empty
        ),
        (
            "GET",
            Vector(
                name: "Get Bucket (List Objects)",
                query: "max-keys=2&prefix=J",
                signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
            ), .empty
        ),
    ]

    @Test("Examples of the S3 API reference, signed and verified", arguments: s3Examples.indices)
    func s3Reference(index: Int) throws {
        let (method, vector, payload) = Self.s3Examples[index]
        var fields = Self.fields([("Host", "examplebucket.s3.amazonaws.com")] + vector.fields)
        Self.s3.sign(
            method: method,
            path: vector.path,
            query: vector.query,
            fields: &fields,
            payload: payload,
            now: Self.s3Time
        )
        let authorization = try #require(fields["authorization"])
        #expect(authorization.hasSuffix("Signature=\(vector.signature)"), "\(vector.name)")
        #expect(fields["x-amz-date"] == "20130524T000000Z")

        let verifier = SignatureVerifier(credentials: [Self.s3.credentials], region: "us-east-1")
        let verified = try verifier.verify(
            method: method,
            path: vector.path,
            query: vector.query,
            fields: fields,
            now: Self.s3Time + 60
        )
        #expect(verified.payload == payload)
        #expect(verified.accessKey == "AKIAIOSFODNN7EXAMPLE")
    }

    @Test("Fields that a proxy may change are not signed, nor is a previous signature kept")
    func unsignedFields() throws {
        var fields = Self.fields([
            ("Host", "a.example:9000"), ("Accept-Encoding", "identity"), ("User-Agent", "apus"),
            ("Connection", "close"),
            ("Authorization", "old"), ("x-amz-date", "old"), ("X-Amz-Meta-A", "b"),
        ])
        Self.s3.sign(method: "GET", path: "/b/k", fields: &fields, payload: .unsigned, now: Self.s3Time)
        let authorization = try #require(fields["authorization"])
        #expect(authorization.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-a, "))
        #expect(fields.values(.authorization).count == 1)
        #expect(fields.values(name: "x-amz-date") == ["20130524T000000Z"])
    }

    @Test("A temporary key pair sends its token, signed")
    func sessionToken() throws {
        let signer = RequestSigner(
            credentials: Credentials(accessKey: "A", secretKey: "s", sessionToken: "token"),
            region: "eu-west-1"
        )
        var fields = Self.fields([("Host", "h")])
        signer.sign(method: "GET", path: "/", fields: &fields, payload: .empty, now: 0)
        #expect(fields["x-amz-security-token"] == "token")
        #expect(try #require(fields["authorization"]).contains("x-amz-security-token"))
    }

    @Test("Credentials print no secret, whichever way")
    func noSecretInText() {
        let credentials = Credentials(accessKey: "AKID", secretKey: "hush", sessionToken: "hush too")
        var dumped = ""
        dump(credentials, to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped, "\([credentials])"] {
            #expect(text.contains("AKID"))
            #expect(!text.contains("hush"), "\(text)")
        }
    }
}
