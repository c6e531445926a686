import Hummingbird
import NIOCore

/// The API's routes: who may ask, what was asked, and nothing else. A value.
struct ControlRoutes: Sendable {
    let coordinator: ControlCoordinator
    let access: AccessTable
    let limits: ControlLimits

    func add(to router: Router<BasicRequestContext>) {
        router.get("healthz") { _, _ in Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "ok\n"))) }
        router.post("v1/purges") { request, _ in try await purge(request) }
        router.get("v1/purges") { request, _ in try await recentPurges(request) }
        router.get("v1/purges/:number") { request, context in try await status(request, context) }
        router.get("v1/log") { request, _ in try await log(request) }
        router.get("v1/edges") { request, _ in try await edges(request) }
        router.post("v1/edges") { request, _ in try await register(request) }
        router.post("v1/edges/:id/renew") { request, context in try await renew(request, context) }
        router.delete("v1/edges/:id") { request, context in try await leaveOrRemove(request, context) }
    }

    static func add(_ page: ControlPage, to router: Router<BasicRequestContext>) {
        var headers: HTTPFields = [.contentType: page.contentType, .cacheControl: "no-cache"]
        for field in page.fields {
            if let name = FieldName(field.name) { headers[name] = field.value }
        }
        let response = Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: page.bytes)))
        router.get(RouterPath(page.path)) { _, _ in response }
    }

    // MARK: - Purges

    private func purge(_ request: Request) async throws -> Response {
        let grant = try grant(request)
        let body = try await body(of: request, as: ControlAPI.PurgeRequest.self)
        try grant.requirePurge(of: body.scopes)
        let key = Self.idempotencyKey.flatMap { request.headers[$0] }
        if let key, !(1...ControlFieldLimits.idempotencyKeyBytes).contains(key.utf8.count) {
            throw ControlFailure(
                .badRequest,
                "The Idempotency-Key is not 1 to \(ControlFieldLimits.idempotencyKeyBytes) bytes long."
            )
        }
        let entry = try await coordinator.purge(
            body.scopes,
            soft: body.soft ?? false,
            // A key is its token's own: nobody can find out, or take, the keys of others.
            idempotencyKey: key.map { "\(grant.token.name)/\($0)" },
            actor: grant.token.name
        )
        return Self.json(ControlAPI.PurgeAccepted(number: entry.number, log: coordinator.log), status: .created)
    }

    private func recentPurges(_ request: Request) async throws -> Response {
        try grant(request).require(.read, to: "reading purges")
        let limit = try number(request, "limit", of: Int.self) ?? 20
        guard limit > 0 else { throw ControlFailure(.badRequest, "limit is \(limit); expected 1 to 100.") }
        return Self.json(ControlAPI.PurgeList(purges: try await coordinator.recentPurges(limit: limit)))
    }

    private func status(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let grant = try grant(request)
        guard let text = context.parameters.get("number"), let number = UInt64(text) else {
            throw ControlFailure(.notFound, "A purge's address is /v1/purges/NUMBER.")
        }
        try grant.requireSight(of: try await coordinator.entry(number).scopes)
        let seconds = try self.number(request, "wait", of: Double.self) ?? 0
        // Who is not told how many have confirmed cannot wait for a change of it.
        let seen = grant.maySeeEdges ? try self.number(request, "seen", of: Int.self) : nil
        guard seconds.isFinite, seconds >= 0 else {
            throw ControlFailure(.badRequest, "wait is not a number of seconds.")
        }
        var status = try await coordinator.status(of: number, seen: seen, seconds: seconds)
        if !grant.maySeeEdges {
            status.edges = nil
            status.settled = 0
        }
        return Self.json(status)
    }

    // MARK: - What the routes have in common

    private typealias FieldName = HTTPFields.Element.Name
    private static let idempotencyKey = FieldName("Idempotency-Key")

    func grant(_ request: Request) throws(ControlFailure) -> AccessGrant {
        try access.grant(authorization: request.headers[.authorization])
    }

    func body<Value: Decodable>(of request: Request, as type: Value.Type) async throws -> Value {
        var request = request
        let bytes: ByteBuffer
        do {
            bytes = try await request.collectBody(upTo: limits.bodyBytes)
        } catch is NIOTooManyBytesError {
            throw ControlFailure(.tooLarge, "The body is larger than \(limits.bodyBytes) bytes.")
        }
        do {
            return try ControlJSON.decode(type, from: bytes.readableBytesView)
        } catch {
            throw ControlFailure(.badRequest, ControlJSON.sentence(for: error))
        }
    }

    func number<Value: LosslessStringConvertible>(
        _ request: Request,
        _ name: String,
        of type: Value.Type
    ) throws(ControlFailure) -> Value? {
        guard let text = request.uri.queryParameters[Substring(name)] else { return nil }
        guard let value = Value(String(text)) else {
            throw ControlFailure(.badRequest, "\(name) is \"\(text.prefix(40))\"; expected a number.")
        }
        return value
    }

    static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
        let headers: HTTPFields = [
            .contentType: "application/json", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
        ]
        do {
            return Response(status: status, headers: headers, body: .init(byteBuffer: try ControlJSON.line(value)))
        } catch {
            return Response(status: .internalServerError, headers: headers)
        }
    }
}
