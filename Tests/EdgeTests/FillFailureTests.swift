import CachingRules
import NIOCore
import Testing

@testable import Edge

@Suite("A bucket's errors in the edge's words")
struct FillFailureTests {
    @Test(
        "status, and the word in Cache-Status",
        arguments: [
            (404, 404, "not-found"), (410, 410, "not-found"), (403, 403, "forbidden"), (400, 502, "origin-error"),
            (401, 502, "origin-error"), (301, 502, "origin-error"), (412, 502, "origin-error"),
            (500, 502, "origin-error"), (503, 503, "origin-error"), (504, 502, "origin-error"),
        ]
    )
    func bucket(status: Int, shown: Int, detail: String) {
        let failure = FillFailure.bucket(status, .stale)
        #expect(failure.status == shown && failure.detail == detail)
        #expect(failure.forwardStatus == status && failure.reason == .stale && !failure.text.isEmpty)
    }

    @Test("reasons that lie in the request alone say nothing about the key")
    func requestsOwn() {
        let own = Set(NoStoreReason.allCases.filter(\.isRequestsOwn))
        #expect(
            own == [
                .method, .requestNoStore, .requestBody, .requestConditions, .clientTold, .authorization,
                .schemeRedirect,
            ]
        )
    }

    @Test("a refusal is plain text of its own, never stored, with the fields its status asks for")
    func refusals() {
        let (head, body) = Refusal.methodNotAllowed.serialised()
        #expect(head.text.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n") && head.text.hasSuffix("\r\n"))
        #expect(head.text.contains("\r\nAllow: GET, HEAD\r\n") && head.text.contains("\r\nCache-Control: no-store\r\n"))
        #expect(head.text.contains("\r\nContent-Length: \(body.readableBytes)\r\n"))
        #expect(Refusal.tooBusy.serialised().head.text.contains("\r\nRetry-After: 1\r\n"))
        #expect(Refusal.unknownHost.serialised().head.text.hasPrefix("HTTP/1.1 421 "))
    }
}
