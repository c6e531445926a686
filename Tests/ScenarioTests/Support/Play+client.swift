import HTTPWire
import NIOCore
import TestSupport
import Testing

/// What clients do.
extension Play {
    /// A connection of its own.
    func connect(receiveBuffer: Int? = nil) async throws -> RawClient {
        try await RawClient.connect(to: address, receiveBuffer: receiveBuffer)
    }

    /// Asks on a connection of its own, with these fields ("Name: value"), and takes the whole answer.
    @discardableResult
    func get(_ path: String, _ fields: String...) async throws -> Answer {
        try await exchange("GET", path, fields, body: nil)
    }

    @discardableResult
    func get(_ path: String, fields: [String]) async throws -> Answer {
        try await exchange("GET", path, fields, body: nil)
    }

    @discardableResult
    func head(_ path: String, _ fields: String...) async throws -> Answer {
        try await exchange("HEAD", path, fields, body: nil)
    }

    /// Any method, and a body with its length if there is one.
    @discardableResult
    func send(_ method: String, _ path: String, _ fields: String..., body: String? = nil) async throws -> Answer {
        try await exchange(method, path, fields, body: body)
    }

    /// A request as text.
    static func request(_ method: String, _ path: String, _ fields: [String], body: String? = nil) -> String {
        let hasHost = fields.contains { $0.lowercased().hasPrefix("host:") }
        var lines = hasHost ? fields : ["Host: edge.test"] + fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return "\(method) \(path) HTTP/1.1\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n" + (body ?? "")
    }

    private func exchange(_ method: String, _ path: String, _ fields: [String], body: String?) async throws -> Answer {
        let before = asked(path)
        let client = try await connect()
        try await client.send(Self.request(method, path, fields, body: body))
        let answer = try await self.answer(on: client, to: method, asked: (path, before))
        await client.close()
        return answer
    }

    /// The next answer on a connection, after the interim ones before it.
    func answer(
        on client: RawClient,
        to method: String = "GET",
        asked: (path: String, before: Int)? = nil
    ) async throws -> Answer {
        var interim: [Message] = []
        while true {
            let response = try await client.response(to: method == "HEAD" ? .head : .get)
            let fields = response.head.fields
            let message = Message(
                start: "\(response.status)",
                fields: fields.fields.map { (fields.nameString($0), fields.valueString($0)) },
                body: response.body,
                status: response.status,
                questions: asked.map { self.asked($0.path) - $0.before }
            )
            guard (100..<200).contains(response.status), response.status != 101 else {
                return Answer(message: message, interim: interim)
            }
            interim.append(message)
        }
    }

    /// That many clients, each on a connection of its own, which have asked and wait for their answers.
    func crowd(_ count: Int, _ path: String, _ fields: String...) async throws -> [RawClient] {
        var clients: [RawClient] = []
        for _ in 0..<count { clients.append(try await connect()) }
        for client in clients { try await client.send(Self.request("GET", path, fields)) }
        return clients
    }

    /// The answers of a crowd.
    func answers(_ clients: [RawClient]) async throws -> [Answer] {
        var answers: [Answer] = []
        for client in clients {
            answers.append(try await answer(on: client))
            await client.close()
        }
        return answers
    }
}

/// What a client has got: an answer and the interim ones before it. A value.
struct Answer: Sendable {
    let message: Message
    let interim: [Message]

    var status: Int { message.status ?? 0 }
    var text: String { String(decoding: message.body, as: UTF8.self) }
    var bytes: [UInt8] { message.body }
    var isHit: Bool { message.cacheStatus.contains("; hit") }
    subscript(name: String) -> String? { message.value(name) }

    /// Records an issue for each expectation that does not hold.
    @discardableResult
    func expect(_ expectations: Expectation..., at location: SourceLocation = #_sourceLocation) -> Answer {
        message.check(expectations, at: location)
        return self
    }
}
