import CachingRules
import HTTPClient
import Logging
import Origins
import Telemetry
import Testing

@testable import CacheStore
@testable import Edge

@Suite("Each decision has one name, in Cache-Status, logs and metrics")
struct EdgeReasonsTests {
    private let reasons = EdgeReasons(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test("every case has its row, and no two have the same")
    func rows() {
        let notStored = NotStored.allCases.map(\.name)
        #expect(notStored.count == NoStoreReason.allCases.count + InsertOutcome.Refusal.allCases.count)
        #expect(reasons.notStored.known == notStored + [ReasonCounters.other])
        #expect(reasons.forwards.known == ForwardReason.allCases.map(\.rawValue) + [ReasonCounters.other])
        let failures = OriginFailure.details + FillFailure.details + Refusal.details
        #expect(Set(reasons.failures.known) == Set(failures + [ReasonCounters.other]))
        for words in [notStored, reasons.forwards.known, reasons.failures.known] {
            // A token of RFC 8941, as Cache-Status has it.
            #expect(words.allSatisfy { $0.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "-" || $0.isNumber) } })
        }
    }

    @Test("what goes wrong is in the table")
    func failures() {
        for status in [301, 400, 403, 404, 410, 412, 500, 503] {
            #expect(FillFailure.details.contains(FillFailure.bucket(status, .miss).detail))
        }
        #expect(FillFailure.details.contains(FillFailure.onlyIfCached.detail))
        let refusals = [
            Refusal.methodNotAllowed, .badHost, .unknownHost, .badTarget, .onlyIfCached, .tooBusy, .connect, .loop,
            .trace(allow: ""), .preconditionFailed, .blockMissing, .objectChanges,
        ]
        for refusal in refusals { #expect(Refusal.details.contains(refusal.detail)) }
    }

    @Test("they are shown")
    func page() {
        let metrics = Metrics()
        reasons.register(in: metrics)
        let key = CacheKey(bytes: Array("s\u{0}/a b".utf8), hash: KeyHash(value: 1))
        #expect(key?.pathText == "/a%20b")
        if let key {
            reasons.note(.rule(.varyStar), key, at: testSite())
            reasons.note(.store(.tooLarge), key, at: testSite())
            reasons.note(.varyMiss, key, at: testSite())
        }
        reasons.failures.add("nobody knows")
        let page = metrics.renderPrometheus()
        for line in [
            "apus_responses_not_stored_total{reason=\"vary-star\"} 1",
            "apus_responses_not_stored_total{reason=\"too-large\"} 1",
            "apus_responses_not_stored_total{reason=\"no-store\"} 0",
            "apus_forwards_total{reason=\"vary-miss\"} 1", "apus_forwards_total{reason=\"uri-miss\"} 0",
            "apus_failures_total{detail=\"origin-checksum\"} 0", "apus_failures_total{detail=\"other\"} 1",
        ] {
            #expect(page.contains("\n\(line)\n"), "\(line)")
        }
        #expect(reasons.failures.total("other") == 1 && reasons.failures.total("never heard of") == 0)
    }
}
