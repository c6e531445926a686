import CacheStore
import CachingRules
import ContentCoding
import ControlPlane
import HTTPClient
import HTTPWire
import Logging
import NIOCore
import NIOPosix
import Settings
import Telemetry
import Testing

@testable import Edge

/// An edge's shared parts without its listeners. Immutable.
private struct Parts {
    let context: EdgeContext
    let applier: PurgeApplier
    let client: HTTPClient

    init(lease: EdgeLease = EdgeLease(endless: true)) throws {
        let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: 9)
        func bucket(_ name: String, _ hosts: [HostPattern]) -> SiteSettings {
            SiteSettings(name: name, hosts: hosts, origin: .s3(S3OriginSettings(endpoint: url, bucket: name)))
        }
        let settings = EdgeSettings(
            node: "edge",
            threads: 1,
            listen: [],
            cache: CacheSettings(memory: .mebibytes(16)),
            sites: [
                bucket("rest", [.any]),
                bucket("below", [.suffix(".example.com"), .exact("[::1]")]),
                bucket("www", [.exact("www.example.com"), .exact("example.com")]),
                SiteSettings(
                    name: "api",
                    hosts: [.exact("api.example.com")],
                    origin: .http(HTTPOriginSettings(url: url))
                ),
            ]
        )
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton)
        let counters = Counters<EdgeCounter>(slots: 1)
        let parts = EdgeParts(settings: settings, version: "test", client: client, logger: logger)
        let store = try parts.store()
        let pool = NIOThreadPool.singleton
        context = EdgeContext(
            node: "edge",
            sites: SiteTable(try parts.sites()),
            store: store,
            objectLimit: nil,
            largeObject: 8 << 20,
            forms: FormMaker(store: store, pool: pool, counters: counters, logger: logger),
            lease: lease,
            counters: counters,
            logger: logger
        )
        applier = PurgeApplier(store: store, sites: context.sites, counters: counters, logger: logger)
    }

    /// The key of a request, made as the responder makes it.
    func key(host: String, target: String) throws -> CacheKey {
        var head = RequestHead()
        var parser = HeadParser()
        let text = Array("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n".utf8)
        guard case .complete = parser.parseRequest(text.span, into: &head) else { throw EdgeError("not a request") }
        var key = RequestKey()
        guard key.readHost(of: head), let site = context.sites.site(forHost: key.host.span),
            key.build(for: head, at: site)
        else { throw EdgeError("no key") }
        return try #require(context.store.key(bytes: key.bytes))
    }

    func form(lifetime: Int64 = 3600) -> Representation {
        var fields = FieldList()
        fields.append(.etag, "\"e\"")
        let now = UnixClock.seconds()
        return Representation(
            generation: context.store.nextGeneration(),
            mark: context.store.epochs.mark,
            head: StoredHead(
                status: 200,
                fields: fields,
                freshness: Freshness(lifetime: lifetime, correctedInitialAge: 0, responseTime: now),
                bodyLength: 1
            ),
            body: StoredBody(pieces: [ByteBuffer(bytes: [1])])
        )
    }

    func store(_ form: Representation, _ key: CacheKey) throws -> Resource {
        try #require(context.store.insert(form, key: key).resource)
    }

    func purge(_ scopes: PurgeScope..., soft: Bool = false) {
        let number = context.store.epochs.applied + 1
        applier.apply([PurgeEntry(number: number, mark: "m", acceptedAt: 0, scopes: scopes, soft: soft)])
    }
}

@Suite("Purges reach the keys that requests have")
struct PurgeMappingTests {
    @Test(
        "a URL scope covers what a request for the same URL is stored as, however either is spelt",
        arguments: [
            ("www.example.com", "/app.css", "http://www.example.com/app.css"),
            ("WWW.Example.COM:8080", "/app.css", "https://example.com:443/app.css"),
            ("www.example.com.", "/app.css", "www.example.com/app.css"),
            ("a.b.example.com", "/x", "http://other.example.com/x"),
            ("nowhere", "/x", "http://elsewhere/x"),
            ("[::1]:8080", "/x", "http://[::1]/x"),
            ("www.example.com", "/", "http://www.example.com"),
            ("www.example.com", "/", "http://www.example.com/index.html"),
            ("www.example.com", "/dir/", "http://www.example.com/dir/index.html"),
            ("www.example.com", "/dir/index.html", "http://www.example.com/dir/"),
            ("www.example.com", "/a%2Fb", "http://www.example.com/a/b"),
            ("www.example.com", "/a/b", "http://www.example.com/a%2fb"),
            ("www.example.com", "/%7Euser/%41", "http://www.example.com/~user/A"),
            ("www.example.com", "/a%20b", "http://www.example.com/a b"),
            ("www.example.com", "/caf%c3%a9", "http://www.example.com/caf\u{e9}"),
            ("www.example.com", "/a+b%2Bc", "http://www.example.com/a%2bb+c"),
            ("www.example.com", "/100%25", "http://www.example.com/100%25"),
            ("www.example.com", "/what%3f", "http://www.example.com/what%3F"),
            ("www.example.com", "/x/../app.css?v=1", "http://www.example.com/./app.css"),
            ("www.example.com", "/app.css", "http://www.example.com/app.css?v=2"),
            ("www.example.com", "/dir%2F", "http://www.example.com/dir/"),
            ("www.example.com", "http://example.com/app.css", "http://www.example.com/app.css"),
            ("api.example.com", "/p?q=1", "http://api.example.com/p"),
            ("api.example.com", "/p?q=%7e", "http://api.example.com/p?q=~"),
            ("api.example.com", "/p?", "http://api.example.com/p?"),
            ("api.example.com", "/", "http://API.example.com"),
        ]
    )
    func url(host: String, target: String, purged: String) throws {
        let parts = try Parts()
        let key = try parts.key(host: host, target: target)
        let resource = try parts.store(parts.form(), key)
        parts.purge(try PurgeScope(url: purged))
        #expect(parts.context.verdict(on: resource, for: nil, now: UnixClock.seconds()) == .dead)
        #expect(parts.context.store.lookup(hash: key.hash, key: key.bytes.span) == nil)
    }

    @Test(
        "a prefix scope covers the decoded paths that begin with it, and index documents below it",
        arguments: [
            ("/assets/", "http://www.example.com/assets/"), ("/assets%2Fa", "http://www.example.com/assets/*"),
            ("/assets/a", "http://example.com/assets%2F"), ("/", "http://www.example.com"),
            ("/caf%C3%A9", "http://www.example.com/caf"), ("/a%3Fb", "http://www.example.com/a%3f"),
        ]
    )
    func prefix(target: String, purged: String) throws {
        let parts = try Parts()
        let resource = try parts.store(parts.form(), try parts.key(host: "www.example.com", target: target))
        parts.purge(try PurgeScope(prefix: purged))
        #expect(parts.context.verdict(on: resource, for: nil, now: UnixClock.seconds()) == .dead)
    }

    @Test("a scope that is read back from the log means the same")
    func roundTrip() throws {
        for url in ["http://h/a b?c", "http://[::1]/%2f%25?%3f=%zz", "h", "http://h/p?"] {
            let scope = try PurgeScope(url: url)
            #expect(try PurgeScope(url: scope.description) == scope)
        }
    }

    @Test("of several sites that match a host, a purge means the one that answers its requests, and no other")
    func oneSite() throws {
        let parts = try Parts()
        let hosts = ["www.example.com", "other.example.com", "api.example.com", "elsewhere"]
        for purged in hosts {
            let stored = try hosts.map { host in
                (host, try parts.store(parts.form(), try parts.key(host: host, target: "/x")))
            }
            parts.purge(try PurgeScope(site: purged))
            for (host, resource) in stored {
                let verdict = parts.context.verdict(on: resource, for: nil, now: UnixClock.seconds())
                #expect(verdict == (host == purged ? .dead : .fresh), "\(host) after a purge of \(purged)")
            }
        }
    }
}

@Suite("What a purge or a lost lease forbids")
struct PurgeVerdictTests {
    @Test(
        "a softly purged entry is not even stale-if-error's answer without a lease: a hard purge may have been missed"
    )
    func softWithoutLease() throws {
        for (lease, expected) in [(EdgeLease(endless: true), Verdict.stale(.softPurge)), (EdgeLease(), .unconfirmed)] {
            let parts = try Parts(lease: lease)
            let resource = try parts.store(parts.form(), try parts.key(host: "www.example.com", target: "/x"))
            parts.purge(.all, soft: true)
            let now = UnixClock.seconds()
            #expect(parts.context.verdict(on: resource, for: nil, now: now) == expected)
            let site = try #require(parts.context.sites.site(forHost: "www.example.com"))
            #expect(
                parts.context.mayServeStaleOnError(resource, at: site, for: nil, now: now) == (expected != .unconfirmed)
            )
        }
    }

    @Test("a purged entry is not stale-if-error's answer")
    func purgedOnError() throws {
        let parts = try Parts()
        let resource = try parts.store(parts.form(), try parts.key(host: "www.example.com", target: "/x"))
        let site = try #require(parts.context.sites.site(forHost: "www.example.com"))
        #expect(parts.context.mayServeStaleOnError(resource, at: site, for: nil, now: UnixClock.seconds()))
        parts.purge(.all)
        #expect(!parts.context.mayServeStaleOnError(resource, at: site, for: nil, now: UnixClock.seconds()))
    }

    @Test("a 304 does not put an old body in the place of one that was asked for later")
    func lateNotModified() throws {
        let parts = try Parts()
        let key = try parts.key(host: "www.example.com", target: "/x")
        let previous = try parts.store(parts.form(), key)
        let generation = parts.context.store.nextGeneration()
        let mark = parts.context.store.epochs.mark
        let newer = try parts.store(parts.form(), key)
        let head = previous.identity.head
        _ = parts.context.freshen(previous, head: head, generation: generation, mark: mark)
        let stored = parts.context.store.lookup(hash: key.hash, key: key.bytes.span)
        #expect(stored?.identity.generation == newer.identity.generation)
    }

    @Test("N8: after a reset to the same log nothing stored is served unasked, and no fill of before is joined")
    func reset() throws {
        let parts = try Parts()
        parts.applier.reset(to: LogPosition(log: "log", number: 50))
        let key = try parts.key(host: "www.example.com", target: "/x")
        let resource = try parts.store(parts.form(), key)
        let mark = parts.context.store.epochs.mark
        parts.applier.reset(to: LogPosition(log: "log", number: 40, mark: "m40"))
        #expect(parts.context.verdict(on: resource, for: nil, now: UnixClock.seconds()) == .unconfirmed)
        #expect(!parts.context.store.epochs.mayJoin(mark, key: key, tags: nil))
        #expect(parts.context.store.epochs.position?.entryMark == "m40")
        parts.purge(.all)
        #expect(parts.context.verdict(on: resource, for: nil, now: UnixClock.seconds()) == .dead)
    }
}
