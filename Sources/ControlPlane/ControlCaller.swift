import HTTPClient
import HTTPWire
import NIOCore

/// Asks one control. A value.
struct ControlCaller: Sendable {
    let endpoint: Endpoint
    let token: BearerToken?
    let client: HTTPClient
    var eventLoop: (any EventLoop)?

    /// Sends a request and reads its JSON answer.
    func call<Answer: Decodable>(
        _ method: String,
        _ target: String,
        body: (any Encodable)? = nil,
        idempotencyKey: String? = nil,
        seconds: Double = 10,
        as type: Answer.Type
    ) async throws(ControlClientError) -> Answer {
        let response = try await send(
            request(method, target, body: body, idempotencyKey: idempotencyKey, seconds: seconds)
        )
        let bytes = try await collect(response)
        do {
            return try ControlJSON.decode(type, from: bytes.readableBytesView)
        } catch {
            throw ControlClientError(
                .notControl,
                "What answers at \(endpoint) is not this version's control: \(ControlJSON.sentence(for: error))"
            )
        }
    }

    /// Sends a request whose answer has no content.
    func call(_ method: String, _ target: String, seconds: Double = 10) async throws(ControlClientError) {
        let response = try await send(request(method, target, seconds: seconds))
        _ = try await collect(response)
    }

    /// Begins a response without end.
    func stream(_ target: String, idleSeconds: Double) async throws(ControlClientError) -> ClientResponse {
        var request = try request("GET", target, seconds: 5)
        request.deadlines.total = nil
        request.deadlines.head = .seconds(5)
        request.deadlines.bodyIdle = .milliseconds(Int64(idleSeconds * 1_000))
        return try await send(request)
    }

    private func request(
        _ method: String,
        _ target: String,
        body: (any Encodable)? = nil,
        idempotencyKey: String? = nil,
        seconds: Double
    ) throws(ControlClientError) -> ClientRequest {
        var fields = FieldList()
        if let token { fields.set(.authorization, "Bearer \(token.text)") }
        if let idempotencyKey { fields.append(name: "Idempotency-Key", idempotencyKey) }
        var content = ClientRequest.Body.none
        if let body {
            do {
                content = .bytes(ByteBuffer(bytes: try ControlJSON.encode(body)))
            } catch {
                throw ControlClientError(.badSettings, "The request cannot be written as JSON: \(error).")
            }
            fields.set(.contentType, "application/json")
        }
        let total = TimeAmount.milliseconds(Int64(seconds * 1_000))
        return ClientRequest(
            endpoint,
            method: method,
            target: target,
            fields: fields,
            body: content,
            // All of control's calls may be repeated: purges carry a key, the others set a state.
            isIdempotent: true,
            deadlines: .init(connect: min(total, .seconds(5)), head: total, bodyIdle: total, total: total)
        )
    }

    /// Gives the response when it is a success, and throws what control says when it is not.
    private func send(_ request: ClientRequest) async throws(ControlClientError) -> ClientResponse {
        let response: ClientResponse
        do {
            response = try await client.send(request, on: eventLoop)
        } catch {
            throw unreachable(error)
        }
        if (200..<300).contains(response.status) { return response }
        let bytes = try await collect(response)
        guard let failure = try? ControlJSON.decode(ControlAPI.Failure.self, from: bytes.readableBytesView) else {
            throw ControlClientError(
                .notControl,
                "What answers at \(endpoint) is not control: it said \(response.status) to \(request.method) \(request.target)."
            )
        }
        switch failure.code {
        case ControlFailure.Code.unauthorized.rawValue where token == nil:
            throw ControlClientError(.unauthorized, "Control at \(endpoint) wants a token, and none was given.")
        case ControlFailure.Code.unauthorized.rawValue:
            throw ControlClientError(.unauthorized, "Control at \(endpoint) does not know the token.")
        case ControlFailure.Code.forbidden.rawValue:
            throw ControlClientError(.forbidden, failure.error)
        case let word:
            throw ControlClientError(
                .refused(ControlFailure.Code(rawValue: word) ?? .unavailable),
                failure.error,
                needs: failure.needs,
                retrySeconds: failure.retrySeconds
            )
        }
    }

    private func collect(_ response: ClientResponse) async throws(ControlClientError) -> ByteBuffer {
        do {
            return try await response.collectBody(upTo: 64 << 20)
        } catch {
            throw unreachable(error)
        }
    }

    func unreachable(_ error: any Error) -> ControlClientError {
        if error is CancellationError || (error as? ClientError)?.kind == .cancelled {
            return ControlClientError(.cancelled, "The request to control was cancelled.")
        }
        return ControlClientError(.unreachable, "Control is not reachable at \(endpoint): \(error).")
    }
}
