import NIOConcurrencyHelpers
import NIOCore

extension ScriptedOrigin {
    /// Answers requests for `path` with these answers in turn; the last one again and again.
    ///
    /// `path` with a query matches that target only, without one every query. An exact match goes first.
    public func on(_ path: String, _ answers: ScriptedAnswer...) {
        state.withLockedValue { $0.plans[path] = .inTurn(answers, next: 0) }
    }

    /// Answers requests for `path` with what `script` computes, on the connection's event loop and when the request's
    /// body is there; an answer that comes before the body, or holds it back, has to be given to `on(_:_:...)`.
    public func on(_ path: String, _ script: @escaping Script) {
        state.withLockedValue { $0.plans[path] = .computed(script) }
    }

    /// Answers every request that has no script of its own.
    public func onAnything(_ script: @escaping Script) {
        state.withLockedValue { $0.fallback = script }
    }

    /// Answers `path` as a store would: HEAD, If-None-Match with 304, If-Match with 412, one `bytes=a-b` range.
    public func serve(
        _ path: String,
        bytes: [UInt8],
        etag: String? = nil,
        _ fields: KeyValuePairs<String, String> = [:]
    ) {
        on(path) { request in
            var answer = ScriptedAnswer(200, fields, bytes: bytes)
            if let etag { answer.fields.append(("ETag", etag)) }
            if let etag, request["If-None-Match"] == etag || request["If-None-Match"] == "*" {
                answer.status = 304
                answer.body = []
            } else if let expected = request["If-Match"], expected != etag, expected != "*" {
                answer.status = 412
                answer.body = []
            } else if let range = request["Range"].flatMap({ Self.range($0, length: bytes.count) }) {
                answer.status = 206
                answer.body = Array(bytes[range])
                let spelled = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
                answer.fields.append(("Content-Range", spelled))
            }
            return answer
        }
    }

    private static func range(_ text: String, length: Int) -> Range<Int>? {
        guard text.hasPrefix("bytes=") else { return nil }
        let parts = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = Int(parts[0]), first < length else { return nil }
        let last = Int(parts[1]) ?? length - 1
        guard last >= first else { return nil }
        return first..<min(last + 1, length)
    }

    /// Every request so far, in the order their heads came.
    public var requests: [RecordedRequest] { state.withLockedValue { $0.requests } }

    /// How many requests came for `path` (with a query: for that target), of any method or of one.
    public func count(_ path: String, method: String? = nil) -> Int {
        requests.count {
            ($0.target == path || $0.path == path) && (method == nil || $0.method == method)
        }
    }

    /// The last request for `path`.
    public func last(_ path: String) -> RecordedRequest? {
        requests.last { $0.target == path || $0.path == path }
    }

    /// Connections accepted since the start.
    public var connectionsAccepted: Int { state.withLockedValue { $0.accepted } }

    /// Connections open now.
    public var connectionsOpen: Int { state.withLockedValue { $0.channels.count } }

    /// Closes every open connection and goes on listening.
    public func closeConnections() async {
        for channel in state.withLockedValue({ Array($0.channels.values) }) { try? await channel.close().get() }
    }

    /// Forgets the recorded requests.
    public func forgetRequests() {
        state.withLockedValue { $0.requests.removeAll() }
    }

    /// The answer that is known when the head is there; nil when it has to be computed.
    func answerAtHead(_ request: RecordedRequest) -> ScriptedAnswer? {
        state.withLockedValue { state in
            let key = state.plans[request.target] == nil ? request.path : request.target
            guard case .inTurn(let answers, let next)? = state.plans[key] else { return nil }
            guard !answers.isEmpty else { return .closing }
            state.plans[key] = .inTurn(answers, next: min(next + 1, answers.count - 1))
            return answers[next]
        }
    }

    /// The answer that is computed when the body is there.
    func answerAtEnd(_ request: RecordedRequest) -> ScriptedAnswer {
        let script = state.withLockedValue { state in
            guard case .computed(let script)? = state.plans[request.target] ?? state.plans[request.path] else {
                return state.fallback
            }
            return script
        }
        return script(request)
    }

    /// Notes a request as soon as its head is there; returns its place for the body.
    func record(_ request: RecordedRequest) -> Int {
        state.withLockedValue { state in
            state.requests.append(request)
            return state.requests.count - 1
        }
    }

    func recordBody(_ body: [UInt8], at index: Int) {
        state.withLockedValue { state in
            if index < state.requests.count { state.requests[index].body = body }
        }
    }
}
