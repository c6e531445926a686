import Hummingbird
import NIOCore

extension ControlRoutes {
    func edges(_ request: Request) async throws -> Response {
        try grant(request).require(.read, to: "reading the registry")
        return Self.json(await coordinator.edges())
    }

    func register(_ request: Request) async throws -> Response {
        try grant(request).require(.edge, to: "registering edges")
        let body = try await body(of: request, as: ControlAPI.Registration.self)
        try Self.check(id: body.id, "id")
        try Self.check(id: body.instance, "instance")
        let addresses = body.addresses ?? []
        guard addresses.count <= ControlFieldLimits.addresses,
            (addresses + [body.version ?? ""]).allSatisfy({ $0.utf8.count <= ControlFieldLimits.textBytes })
        else {
            throw ControlFailure(
                .badRequest,
                """
                The edge names more than \(ControlFieldLimits.addresses) addresses, or one or its version is longer than \
                \(ControlFieldLimits.textBytes) bytes.
                """
            )
        }
        return Self.json(try await coordinator.register(body), status: .created)
    }

    func renew(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        try grant(request).require(.edge, to: "renewing leases")
        let body = try await body(of: request, as: ControlAPI.Renewal.self)
        return Self.json(try await coordinator.renew(body, id: context.parameters.get("id") ?? ""))
    }

    /// With `?instance=` an edge leaves; without, the operator removes it.
    func leaveOrRemove(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let grant = try grant(request)
        let id = context.parameters.get("id") ?? ""
        if let instance = request.uri.queryParameters["instance"] {
            try grant.require(.edge, to: "taking edges out")
            try await coordinator.leave(instance: String(instance), id: id)
        } else {
            try grant.require(.admin, to: "removing edges")
            try await coordinator.remove(id: id)
        }
        return Response(status: .noContent)
    }

    private static func check(id: String, _ what: String) throws(ControlFailure) {
        let isGood = id.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isGood, (1...ControlFieldLimits.idBytes).contains(id.utf8.count), id.contains(where: { $0 != "." }) else {
            throw ControlFailure(
                .badRequest,
                """
                The edge's \(what) is "\(id.prefix(80))"; expected 1 to \(ControlFieldLimits.idBytes) letters, digits, \
                dots, hyphens and underscores.
                """
            )
        }
    }

    // MARK: - The log

    /// Lines of JSON without end: the entries after a number as they come, and a heartbeat every second.
    func log(_ request: Request) async throws -> Response {
        try grant(request).require(.edge, .read, to: "following the log")
        let after = try number(request, "after", of: UInt64.self) ?? 0
        let wanted = request.uri.queryParameters["log"].map(String.init)
        let instance = request.uri.queryParameters["instance"].map(String.init)
        try await coordinator.checkStream(after: after, log: wanted, instance: instance)
        let coordinator = coordinator
        let seconds = limits.heartbeatSeconds
        let body = ResponseBody { writer in
            // When the edge's process ends, its connection does, and the registry should know at once.
            try await request.body.consumeWithCancellationOnInboundClose { _ in
                try await coordinator.openStream(instance: instance)
                do {
                    try await Self.follow(coordinator, after: after, heartbeatSeconds: seconds, &writer)
                    // Before the stream counts as closed: a shutdown waits for it.
                    try await writer.finish(nil)
                } catch {
                    await coordinator.closeStream(instance: instance)
                    throw error
                }
                await coordinator.closeStream(instance: instance)
            }
        }
        return Response(
            status: .ok,
            headers: [.contentType: "application/x-ndjson", .cacheControl: "no-store"],
            body: body
        )
    }

    /// Writes until control stops or the connection ends; each write waits until the follower takes it.
    private static func follow(
        _ coordinator: ControlCoordinator,
        after: UInt64,
        heartbeatSeconds: Double,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        var cursor = after
        var lastBeat: ContinuousClock.Instant?
        while !Task.isCancelled {
            let now = ContinuousClock.now
            let sinceBeat = lastBeat.map { now - $0 } ?? .seconds(heartbeatSeconds)
            let left = heartbeatSeconds - sinceBeat / .seconds(1)
            var lines: [ByteBuffer] = []
            if left <= 0 {
                lastBeat = now
                let beat = ControlAPI.Heartbeat(heartbeat: await coordinator.lastNumber, log: coordinator.log)
                lines = [try ControlJSON.line(beat)]
            } else {
                // None: stopping, or the store fails. The follower comes back, here or elsewhere.
                guard let batch = try? await coordinator.nextBatch(after: cursor, seconds: left) else { return }
                lines = batch.lines
                cursor = batch.cursor
            }
            if !lines.isEmpty { try await writer.write(contentsOf: lines) }
        }
    }
}
