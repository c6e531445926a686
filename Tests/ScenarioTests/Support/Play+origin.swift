import NIOConcurrencyHelpers
import TestSupport
import Testing

/// What the origin does, and what it has seen.
extension Play {
    /// The origin's name for a path.
    func atOrigin(_ path: String) -> String { kind == .bucket ? "/site" + path : path }

    /// A well-behaved origin: 200 with these fields ("Name: value"), `Date`, and the body "answer 1", "answer 2", … at
    /// each time that it sends one; 304 where the request has an `If-None-Match` or `If-Modified-Since` that holds.
    func origin(_ path: String, _ fields: String..., body: String? = nil) {
        origin(path, fields: fields, body: body)
    }

    func origin(_ path: String, status: Int = 200, fields: [String], body: String? = nil) {
        let number = NIOLockedValueBox(0)
        server.on(atOrigin(path)) { request in
            var answer = ScriptedAnswer.ok(fields: fields)
            if !fields.contains(where: { $0.lowercased().hasPrefix("date:") }) { answer.add("Date: \(ago(0))") }
            if Self.isNotModified(request, fields) { return answer.withStatus(304) }
            let count = number.withLockedValue { number in
                number += 1
                return number
            }
            return answer.withStatus(status).withBody(body ?? "answer \(count)")
        }
    }

    private static func isNotModified(_ request: RecordedRequest, _ fields: [String]) -> Bool {
        func own(_ name: String) -> String? { fields.first { $0.hasPrefix(name + ": ") }?.after(": ") }
        func opaque(_ tag: String) -> String { tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag }
        if let condition = request["If-None-Match"] {
            guard let tag = own("ETag") else { return false }
            return condition == "*" || opaque(condition) == opaque(tag)
        }
        return request["If-Modified-Since"].map { $0 == own("Last-Modified") } ?? false
    }

    /// These answers in turn, the last one again and again.
    func origin(_ path: String, _ answers: ScriptedAnswer...) {
        answersInTurn(path, answers)
    }

    func answersInTurn(_ path: String, _ answers: [ScriptedAnswer]) {
        let next = NIOLockedValueBox(0)
        let name = atOrigin(path)
        // An answer given at the head may hold the body back; one that is computed cannot.
        guard answers.count != 1 else { return server.on(name, answers[0]) }
        server.on(name) { _ in
            next.withLockedValue { next in
                defer { next = min(next + 1, answers.count - 1) }
                return answers[next]
            }
        }
    }

    /// What `answer` makes of each request.
    func origin(_ path: String, _ answer: @escaping ScriptedOrigin.Script) {
        server.on(atOrigin(path), answer)
    }

    /// A file: with HEAD, conditions and ranges.
    func originServes(_ path: String, _ bytes: [UInt8], etag: String? = "\"file\"", _ fields: String...) {
        server.on(atOrigin(path)) { request in
            var answer = ScriptedAnswer.ok(fields: fields)
            if let etag { answer.add("ETag: \(etag)") }
            if let etag, request["If-None-Match"] == etag { return answer.withStatus(304) }
            if let wanted = request["If-Match"], wanted != etag { return answer.withStatus(412) }
            if let condition = request["If-Range"], condition != etag { return answer.withBody(bytes) }
            guard let range = request["Range"].flatMap({ ByteRange.of($0, length: bytes.count) }) else {
                return answer.withBody(bytes)
            }
            answer.add("Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)")
            return answer.withStatus(206).withBody(Array(bytes[range]))
        }
    }

    /// How many requests the origin got for a path, or for a target with its query.
    func asked(_ path: String) -> Int { server.count(atOrigin(path)) }

    /// The origin was asked that often for the path, and the last request was as expected.
    func expectAsked(
        _ path: String,
        _ times: Int? = nil,
        _ expectations: Expectation...,
        at location: SourceLocation = #_sourceLocation
    ) {
        if let times { #expect(asked(path) == times, "requests for \(path)", sourceLocation: location) }
        guard let last = server.last(atOrigin(path)) else {
            if !expectations.isEmpty { Issue.record("the origin saw no \(path)", sourceLocation: location) }
            return
        }
        let message = Message(
            start: "\(last.method) \(last.target)",
            fields: last.fields.map { ($0.name, $0.value) },
            body: last.body
        )
        message.check(expectations, at: location)
    }
}

/// One `bytes=` range as an origin understands it. A namespace.
enum ByteRange {
    static func of(_ text: String, length: Int) -> Range<Int>? {
        guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        if parts[0].isEmpty { return Int(parts[1]).map { max(0, length - $0)..<length } }
        guard let first = Int(parts[0]), first < length else { return nil }
        let last = Int(parts[1]) ?? length - 1
        return last < first ? nil : first..<min(last + 1, length)
    }
}

extension ScriptedAnswer {
    /// 200 with these fields ("Name: value").
    static func ok(_ fields: String..., body: String = "body") -> ScriptedAnswer {
        ok(fields: fields).withBody(body)
    }

    static func ok(fields: [String]) -> ScriptedAnswer {
        var answer = ScriptedAnswer(200)
        for field in fields { answer.add(field) }
        return answer
    }

    /// Any status with these fields.
    static func status(_ status: Int, _ fields: String..., body: String = "body") -> ScriptedAnswer {
        ok(fields: fields).withStatus(status).withBody(body)
    }

    /// 304 with these fields.
    static func notModified(_ fields: String...) -> ScriptedAnswer {
        ok(fields: fields).withStatus(304)
    }

    mutating func add(_ field: String) {
        add(name: field.before(":"), value: field.after(":").trimmed)
    }

    func withBody(_ text: String) -> ScriptedAnswer { withBody(Array(text.utf8)) }
}

/// A date so many seconds ago, as HTTP writes it.
func ago(_ seconds: Int64) -> String { Texts.date(secondsAgo: seconds) }
/// A date so many seconds ahead.
func ahead(_ seconds: Int64) -> String { Texts.date(secondsAgo: -seconds) }

extension String {
    /// What stands before the first `mark`; all of it when there is none.
    func before(_ mark: String) -> String { String(firstRange(of: mark).map { self[..<$0.lowerBound] } ?? self[...]) }
    /// What stands after the first `mark`; nothing when there is none.
    func after(_ mark: String) -> String { firstRange(of: mark).map { String(self[$0.upperBound...]) } ?? "" }
    /// Without the spaces around it.
    var trimmed: String {
        let rest = drop { $0 == " " }
        return String(rest.reversed().drop { $0 == " " }.reversed())
    }
}
