import HTTPWire
import NIOCore
import Telemetry
import TestSupport

extension Stage {
    /// A request as text.
    static func request(
        _ path: String,
        method: String = "GET",
        _ fields: [(String, String)] = [],
        host: String = "edge.test"
    ) -> String {
        let lines = fields.map { "\($0): \($1)\r\n" }.joined()
        return "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\(lines)\r\n"
    }

    func connect(receiveBuffer: Int? = nil) async throws -> RawClient {
        try await RawClient.connect(to: address, receiveBuffer: receiveBuffer)
    }

    /// Asks on a connection of its own.
    func get(
        _ path: String,
        _ fields: KeyValuePairs<String, String> = [:],
        method: Method = .get,
        host: String = "edge.test"
    ) async throws -> RawClient.Response {
        let client = try await connect()
        let fields = fields.map { ($0.key, $0.value) }
        try await client.send(Self.request(path, method: method.text, fields, host: host))
        let response = try await client.response(to: method)
        await client.close()
        return response
    }

    func head(_ path: String, _ fields: KeyValuePairs<String, String> = [:]) async throws -> RawClient.Response {
        try await get(path, fields, method: .head)
    }

    /// That many clients, each on a connection of its own, which have asked and wait for their answers.
    func crowd(
        _ count: Int,
        _ path: String,
        _ fields: KeyValuePairs<String, String> = [:]
    ) async throws -> Crowd {
        let request = Self.request(path, fields.map { ($0.key, $0.value) })
        var clients: [RawClient] = []
        for _ in 0..<count { clients.append(try await connect()) }
        for client in clients { try await client.send(request) }
        return Crowd(clients: clients)
    }

    /// Waits until that many requests have joined a fill since the stage was set.
    func waitUntil(collapsed count: Int) async throws {
        try await eventually("\(count) requests that wait for a fill") { self.count(.requestsCollapsed) >= count }
    }

    func waitUntil(asked path: String, times: Int = 1) async throws {
        try await eventually("\(times) requests for \(path) at the origin") { origin.count(path) >= times }
    }
}

/// Clients that have asked for the same thing. Immutable.
struct Crowd: Sendable {
    let clients: [RawClient]

    func responses() async throws -> [RawClient.Response] {
        var responses: [RawClient.Response] = []
        for client in clients { responses.append(try await client.response()) }
        await close()
        return responses
    }

    func close() async {
        for client in clients { await client.close() }
    }
}

extension RawClient.Response {
    var cacheStatus: String { self["Cache-Status"] ?? "" }
    var isHit: Bool { cacheStatus.hasPrefix("edge; hit") }
    /// The edge has asked the origin for it, whatever came of that.
    func isForwarded(_ reason: String) -> Bool { cacheStatus.hasPrefix("edge; fwd=\(reason)") }
    var isCollapsed: Bool { cacheStatus.contains("; collapsed") }
    var isStored: Bool { cacheStatus.contains("; stored") }
    var age: Int? { self["Age"].flatMap { Int($0) } }
}
