import Testing

@testable import Settings

/// What an `edge.yaml` becomes.
@Suite struct EdgeSettingsTests {
    static let environment = SettingsEnvironment(["TOKEN": "t0ken", "KEY": "AKIA", "SECRET": "s/cret", "MEM": "16MiB"])

    @Test("several disks are a list, and each has what is said of it")
    func disks() throws {
        let settings = try EdgeSettings.parse(
            """
            listen: [{ address: 127.0.0.1:8080 }]
            cache:
              disk:
                - { path: one, size: 1GiB }
                - path: /two
                  size: 2GiB
                  admission: always
                  admit_at_once_below: 0
                  writes_a_day: 10GiB
                  scrub: 0
            sites: [{ hosts: ["*"], origin: { type: http, url: "http://127.0.0.1:8000" } }]
            """,
            folder: "/etc/apus"
        )
        let first = DiskSettings(path: "/etc/apus/one", size: .gibibytes(1))
        #expect(first.admission == .secondRequest && first.admitAtOnceBelow == .kibibytes(64))
        #expect(first.writesADay == nil && first.scrub == .mebibytes(8))
        let second = DiskSettings(
            path: "/two",
            size: .gibibytes(2),
            admission: .always,
            admitAtOnceBelow: ByteSize(bytes: 0),
            writesADay: .gibibytes(10),
            scrub: ByteSize(bytes: 0)
        )
        #expect(settings.cache.disks == [first, second])
    }

    @Test func shortestFileHasAllDefaults() throws {
        let settings = try EdgeSettings.parse(
            """
            listen: [{ address: 127.0.0.1:0 }]
            sites: [{ hosts: ["*"], origin: { type: s3, endpoint: "http://127.0.0.1:9000", bucket: site } }]
            """
        )
        let endpoint = HTTPURL(scheme: .http, host: "127.0.0.1", port: 9000)
        #expect(
            settings
                == EdgeSettings(
                    node: EdgeSettings.defaultNode(),
                    listen: [ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))],
                    sites: [
                        SiteSettings(hosts: [.any], origin: .s3(S3OriginSettings(endpoint: endpoint, bucket: "site")))
                    ]
                )
        )
        #expect(settings.cache.memory == .mebibytes(512))
        #expect(settings.sites[0].name == "site")
        #expect(settings.sites[0].defaultTTL == .hours(1))
        #expect(settings.sites[0].index == "index.html")
        #expect(settings.sites[0].staleIfError == .days(1))
        #expect(settings.sites[0].compress)
        #expect(settings.sites[0].staleWhileRevalidate == .seconds(0) && settings.sites[0].negativeTTL == .seconds(1))
        #expect(settings.sites[0].query == .none && !settings.sites[0].honoursRequestDirectives)
        #expect(settings.sites[0].verify == .auto && settings.sites[0].errorDocuments.isEmpty)
        #expect(settings.cache.largeObject == .mebibytes(8))
        #expect(
            settings.threads == nil && settings.status == nil && settings.control == nil && settings.cache.disks.isEmpty
        )
    }

    @Test func everySettingArrives() throws {
        let settings = try EdgeSettings.parse(
            """
            node: edge-1
            threads: 2
            listen:
              - address: 127.0.0.1:8080
              - address: unix:edge.sock
            status: "[::1]:8090"
            cache:
              memory: env:MEM
              policy: lru
              max_object: 10MiB
              large_object: 2MiB
              disk: { path: cache, size: 20GiB }
            control: { url: "http://127.0.0.1:9100", token: "env:TOKEN" }
            log_level: debug
            sites:
              - name: main
                hosts: [www.example.com, "*.example.com"]
                origin:
                  type: s3
                  endpoint: https://s3.eu-west-1.amazonaws.com
                  region: eu-west-1
                  bucket: site
                  access_key: env:KEY
                  secret_key: env:SECRET
                  path_style: false
                default_ttl: 5m
                index: home.html
                stale_if_error: 0
                stale_while_revalidate: 30s
                negative_ttl: 10s
                error_documents: { 404: /404.html, 5xx: /error.html, 503: /busy.html }
                query: none
                honour_request_directives: true
                verify: md5
                compress: false
              - hosts: [api.example.org]
                origin: { type: http, url: "http://127.0.0.1:8000" }
                query: [v, lang]
            """,
            folder: "/etc/apus",
            environment: Self.environment
        )
        #expect(settings.node == "edge-1" && settings.threads == 2 && settings.logLevel == .debug)
        #expect(settings.listen.map(\.address.description) == ["127.0.0.1:8080", "unix:/etc/apus/edge.sock"])
        #expect(settings.status?.description == "[::1]:8090")
        #expect(settings.cache.memory == .mebibytes(16) && settings.cache.maxObject == .mebibytes(10))
        #expect(settings.cache.disks == [DiskSettings(path: "/etc/apus/cache", size: .gibibytes(20))])
        #expect(settings.control?.url.authority == "127.0.0.1:9100" && settings.control?.token.exposed == "t0ken")
        let site = settings.sites[0]
        #expect(site.name == "main" && site.hosts == [.exact("www.example.com"), .suffix(".example.com")])
        #expect(site.defaultTTL == .seconds(300) && site.index == "home.html" && !site.compress)
        #expect(site.staleIfError == .seconds(0) && site.staleWhileRevalidate == .seconds(30))
        #expect(site.negativeTTL == .seconds(10) && site.query == .none && site.honoursRequestDirectives)
        #expect(site.verify == .md5 && settings.cache.largeObject == .mebibytes(2))
        #expect(
            Set(site.errorDocuments.map { "\($0.statuses) \($0.path)" })
                == ["404...404 /404.html", "500...599 /error.html", "503...503 /busy.html"]
        )
        #expect(site.identity == "main s3 https://s3.eu-west-1.amazonaws.com/site")
        guard case .s3(let bucket) = site.origin else {
            Issue.record("not a bucket")
            return
        }
        #expect(bucket.region == "eu-west-1" && !bucket.pathStyle)
        #expect(bucket.credentials == KeyPairSettings(accessKey: "AKIA", secretKey: Secret("s/cret")))
        let api = settings.sites[1]
        #expect(api.name == "api.example.org" && api.defaultTTL == nil && api.index == nil)
        #expect(api.staleIfError == .seconds(0) && api.negativeTTL == nil && api.honoursRequestDirectives)
        #expect(api.query == .names(["v", "lang"]))
        #expect(api.identity == "api.example.org http http://127.0.0.1:8000")
    }

    @Test func aliasesAreFollowed() throws {
        let settings = try EdgeSettings.parse(
            """
            listen: [{ address: "0.0.0.0:0" }]
            sites:
              - hosts: [a.example]
                origin: &bucket { type: s3, endpoint: "http://127.0.0.1:9000", bucket: site }
              - hosts: [b.example]
                origin: *bucket
            """
        )
        #expect(settings.sites[0].origin == settings.sites[1].origin)
    }

    @Test(arguments: ["\u{FEFF}", "# a comment\r\n", "---\n", "%YAML 1.1\n---\n"])
    func waysToBeginAFile(beginning: String) throws {
        let text =
            beginning
            + "listen: [{ address: 0.0.0.0:0 }]\r\nsites: [{ hosts: [a], origin: { type: http, url: 'http://b' } }]\r\n"
        #expect(try EdgeSettings.parse(text).sites[0].name == "a")
    }
}
