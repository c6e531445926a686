import HTTPServer
import HTTPWire
import NIOCore
import NIOPosix
import NIOSSL
import SignatureV4
import TestSupport

@testable import ObjectStore

/// A store on a free port with the buckets `site` (public) and `private`, and signed requests to it over real sockets.
/// Immutable; the store stops when the fixture goes.
final class StoreFixture: Sendable {
    static let alice = Credentials(accessKey: "alice", secretKey: "wonderland")
    static let bob = Credentials(accessKey: "bob", secretKey: "builder")

    let folder: TemporaryFolder
    let server: ObjectStoreServer
    let address: SocketAddress
    /// The listener with TLS.
    let tlsAddress: SocketAddress

    var port: Int { address.port ?? 0 }

    /// `dataPath`: a folder of its own unless given.
    init(dataPath: String? = nil, limits: ServerLimits = ServerLimits()) async throws {
        folder = try TemporaryFolder()
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.serverCertificate.utf8))
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TestCertificates.serverKey.utf8), format: .pem))
        )
        server = try ObjectStoreServer(
            ObjectStoreConfiguration(
                listeners: [
                    ListenerConfiguration(host: "127.0.0.1", port: 0),
                    ListenerConfiguration(address: .tcp(host: "127.0.0.1", port: 0), tls: tls),
                ],
                dataPath: dataPath ?? folder.path + "/data",
                credentials: [Self.alice, Self.bob],
                publicBuckets: ["site", "gone"],
                limits: limits
            ),
            group: .singleton,
            logger: StorageFixture.logger
        )
        let addresses = try await server.start()
        (address, tlsAddress) = (addresses[0], addresses[1])
        try await server.storage.createBucket("site")
        try await server.storage.createBucket("private")
    }

    deinit {
        Task { [server, folder] in
            await server.shutdown(gracePeriod: .zero)
            withExtendedLifetime(folder) {}
        }
    }

    /// A request's head as it goes out, signed unless `credentials` is nil.
    func head(
        _ method: String,
        _ target: String,
        _ fields: [(String, String)] = [],
        payload: PayloadHash,
        as credentials: Credentials? = alice,
        contentLength: Int?,
        at time: Int64 = ObjectStorage.now() / 1000
    ) -> String {
        var list = FieldList()
        list.append(.host, "127.0.0.1:\(port)")
        for (name, value) in fields { list.append(name: name, Array(value.utf8).latin1) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        if let credentials {
            RequestSigner(credentials: credentials, region: "us-east-1").sign(
                method: method,
                path: String(parts[0]),
                query: parts.count > 1 ? String(parts[1]) : "",
                fields: &list,
                payload: payload,
                now: time
            )
        }
        if let contentLength { list.append(.contentLength, String(contentLength)) }
        var bytes: [UInt8] = []
        HeadWriter.request(method: method, target: target, fields: list, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// One request on a connection of its own.
    @discardableResult
    func send(
        _ method: String,
        _ target: String,
        _ fields: [(String, String)] = [],
        body: [UInt8] = [],
        payload: PayloadHash? = nil,
        as credentials: Credentials? = alice
    ) async throws -> RawClient.Response {
        let client = try await RawClient.connect(to: address)
        defer { client.channel.close(promise: nil) }
        let hasBody = method == "PUT" || method == "POST" || !body.isEmpty
        let text = head(
            method,
            target,
            fields,
            payload: payload ?? .of(body),
            as: credentials,
            contentLength: hasBody ? body.count : nil
        )
        try await client.send(Array(text.utf8) + body)
        return try await client.response(to: Method(method))
    }

    @discardableResult
    func put(_ target: String, _ text: String, _ fields: [(String, String)] = []) async throws -> RawClient.Response {
        try await send("PUT", target, fields, body: Array(text.utf8))
    }

    /// The keys a bucket has.
    func keys(_ bucket: String = "site") async throws -> [String] {
        try await server.storage.list(bucket: bucket, ListQuery()).entries.map(\.text)
    }
}

extension [UInt8] {
    /// Each byte as a character, so that a list of fields writes the same bytes again.
    var latin1: String { String(map { Character(Unicode.Scalar($0)) }) }
}

extension RawClient.Response {
    /// The text of the first element of that name; enough for what the store writes.
    func element(_ name: String) -> String? { elements(name).first }

    func elements(_ name: String) -> [String] {
        text.components(between: "<\(name)>", and: "</\(name)>")
    }
}

extension String {
    func components(between start: String, and end: String) -> [String] {
        var result: [String] = []
        var rest = self[...]
        while let first = rest.firstRange(of: start) {
            rest = rest[first.upperBound...]
            guard let last = rest.firstRange(of: end) else { break }
            result.append(String(rest[..<last.lowerBound]))
            rest = rest[last.upperBound...]
        }
        return result
    }
}
