import Testing

@testable import Settings

/// What is said about a file that cannot be used: the place, what was found, what was expected.
@Suite struct SettingsProblemTests {
    /// An `edge.yaml` that is right, so that what is put before it is all that is wrong.
    static let rest = """
        listen: [{ address: 0.0.0.0:8080 }]
        sites: [{ hosts: ["*"], origin: { type: http, url: "http://127.0.0.1:8000" } }]
        """

    static func problems(_ text: String, _ environment: [String: String] = [:]) -> [String] {
        do throws(SettingsError) {
            _ = try EdgeSettings.parse(text, file: "e", environment: SettingsEnvironment(environment))
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(arguments: [
        (
            "cache: { memory: 64k }\n",
            "e:1:18: found \"64k\", expected a whole number and a unit, such as 512MiB or 20GiB (is that 1024 or 1000? Write 64KiB or 64kB)"
        ),
        ("cache: { memory: 1MiB }\n", "e:1:18: found \"1MiB\", expected a size from 8MiB to 64TiB, such as 512MiB"),
        (
            "cache:\n  memroy: 64MiB\n",
            "e:2:3: found an unknown key \"memroy\", expected one of `memory`, `policy`, `max_object`, `large_object`, `disk` (did you mean `memory`?)"
        ),
        (
            "cache:\n",
            "e:1:7: found nothing, expected a mapping with `memory`, `policy`, `max_object`, `large_object`, `disk` (leave out `cache` for the default)"
        ),
        (
            "cache: 5\n",
            "e:1:8: found \"5\", expected a mapping with `memory`, `policy`, `max_object`, `large_object`, `disk`"
        ),
        (
            "cache: { disk: { path: x } }\n",
            "e:1:16: found no `size`, expected a size from 16MiB to 1024TiB, such as 512MiB (Bytes that the disk tier may use.)"
        ),
        (
            "cache: { disk: { path: x, size: 1MiB } }\n",
            "e:1:33: found \"1MiB\", expected a size from 16MiB to 1024TiB, such as 512MiB"
        ),
        (
            "cache: { disk: no }\n",
            "e:1:16: found \"no\", expected a mapping with `path`, `size`, `admission`, `admit_at_once_below`, `writes_a_day`, `scrub`, or a list of them"
        ),
        (
            "cache: { disk: [{ path: x, size: 1GiB }, y] }\n",
            "e:1:42: found \"y\", expected a mapping with `path`, `size`, `admission`, `admit_at_once_below`, `writes_a_day`, `scrub`"
        ),
        (
            "cache: { disk: [{ path: x, size: 1GiB }, { path: z, sise: 1GiB, size: 1GiB }] }\n",
            "e:1:53: found an unknown key \"sise\", expected one of `path`, `size`, `admission`, `admit_at_once_below`, `writes_a_day`, `scrub` (did you mean `size`?)"
        ),
        (
            "cache: { disk: [{ path: /x, size: 1GiB }, { path: /y/..//x/, size: 1GiB }] }\n",
            "e:1:51: found /y/..//x/ a second time, expected a folder of its own for every disk (the other is on line 1)"
        ),
        (
            "cache: { disk: [{ path: /x, size: 1GiB }, { path: /xy, size: 1GiB }, { path: /x/y, size: 1GiB }] }\n",
            "e:1:78: found /x/y, which is not apart from /x, expected a folder of its own for every disk (the other is on line 1)"
        ),
        (
            "cache: { disk: [{ path: /x, size: 1024TiB }, { path: /y, size: 1TiB }] }\n",
            "e:1:64: found 1025TiB on all disks together, expected at most 1024TiB"
        ),
        (
            "cache: { disk: { path: x, size: 1GiB, admission: never } }\n",
            "e:1:50: found \"never\", expected second-request or always"
        ),
        ("cache: { max_object: 1TiB }\n", "e:1:22: found 1TiB, which fits into no tier, expected at most 512MiB"),
        ("cache: { policy: lur }\n", "e:1:18: found \"lur\", expected lru, s3-fifo or size (did you mean lru?)"),
        ("threads: 0\n", "e:1:10: found \"0\", expected a whole number from 1 to 256"),
        ("threads: 257\n", "e:1:10: found \"257\", expected a whole number from 1 to 256"),
        ("threads: two\n", "e:1:10: found \"two\", expected a whole number from 1 to 256"),
        ("threads: 2.0\n", "e:1:10: found \"2.0\", expected a whole number from 1 to 256"),
        ("threads: [2]\n", "e:1:10: found a list, expected a whole number from 1 to 256"),
        (
            "node: 1x\n",
            "e:1:7: found \"1x\", expected a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter"
        ),
        (
            "node: \"a\\nb\"\n",
            "e:1:7: found \"a\\nb\", expected a name of at most 64 letters, digits, dots, dashes and underscores that begins with a letter"
        ),
        (
            "status: 8090\n",
            "e:1:9: found \"8090\", expected an address such as 127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/apus.sock (write :8090)"
        ),
        (
            "status: 127.0.0.1:8080\n",
            "e:1:9: found 127.0.0.1:8080, which collides with 0.0.0.0:8080 on line 2, expected an address of its own for every listener"
        ),
        (
            "log_level: chatty\n",
            "e:1:12: found \"chatty\", expected trace, debug, info, notice, warning, error or critical"
        ),
        (
            "control: { url: x, token: y }\n",
            "e:1:17: found \"x\", expected a URL such as http://127.0.0.1:9000 or https://s3.eu-west-1.amazonaws.com (http:// or https:// is missing)"
        ),
        (
            "control: { url: \"http://a\" }\n",
            "e:1:10: found no `token`, expected a token, or env:NAME or file:PATH to read it from (The bearer token that control knows.)"
        ),
        ("? [a]\n: b\n", "e:1:3: found a list or a mapping as a key, expected a name"),
        (
            "<<: { threads: 2 }\n",
            "e:1:1: found an unknown key \"<<\", expected one of `node`, `threads`, `listen`, `status`, `cache`, `control`, `sites`, `log_level` (merge keys are not supported)"
        ),
    ])
    func oneWrongSetting(text: String, message: String) {
        #expect(Self.problems(text + Self.rest) == [message])
    }

    @Test(arguments: [
        (
            "hosts: [a], origin: { type: s3, url: \"http://a\" }",
            [
                "e:2:31: found no `endpoint`, expected a URL such as http://127.0.0.1:9000 (The address of the S3-style store.)",
                "e:2:31: found no `bucket`, expected the name of a bucket: letters, digits, dots, dashes and underscores (The bucket.)",
                "e:2:43: found an unknown key \"url\", expected one of `type`, `endpoint`, `region`, `bucket`, `access_key`, `secret_key`, `path_style` (`url` belongs to `type: http`)",
            ]
        ),
        (
            "hosts: [a], origin: { type: ftp, url: \"http://a\" }",
            [
                "e:2:39: found \"ftp\", expected s3 or http"
            ]
        ),
        (
            "hosts: [a], origin: { url: \"http://a\" }",
            [
                "e:2:31: found no `type`, expected s3 or http (s3: a bucket, read by keys alone. http: a server, which sees whole requests.)"
            ]
        ),
        (
            "hosts: a, origin: { type: http, url: \"http://a\" }",
            [
                "e:2:18: found \"a\", expected a list, each entry a host such as www.example.com, *.example.com or * (a list of one is written [\"a\"])"
            ]
        ),
        (
            "hosts: [], origin: { type: http, url: \"http://a\" }",
            [
                "e:2:18: found an empty list, expected at least one entry (The hosts of the site, without ports; `*` takes the rest.)"
            ]
        ),
        (
            "hosts: [\"a:80\", b, B], origin: { type: http, url: \"http://a\" }",
            [
                "e:2:19: found \"a:80\", expected a host such as www.example.com, *.example.com or * (leave out the port: a site answers on every listener)",
                "e:2:30: found the host b a second time, expected every host once in all sites (the first is on line 2)",
            ]
        ),
        (
            "hosts: [a], index: x, origin: { type: http, url: \"http://a\" }",
            [
                "e:2:30: found `index` for an HTTP origin, expected it only beside `type: s3` (a server finds its index by itself)"
            ]
        ),
        (
            "hosts: [a], default_ttl: 60, origin: { type: http, url: \"http://a\" }",
            [
                "e:2:36: found \"60\", expected a whole number and a unit, such as 250ms, 30s, 5m, 1h or 7d (write 60s if seconds are meant)"
            ]
        ),
        (
            "hosts: [a], compress: yes, origin: { type: http, url: \"http://a\" }",
            [
                "e:2:33: found \"yes\", expected true or false"
            ]
        ),
        (
            "hosts: [a], origin: { type: s3, endpoint: \"http://a\", bucket: b, access_key: K }",
            [
                "e:2:88: found `access_key` without `secret_key`, expected both, or neither for requests that are not signed"
            ]
        ),
        (
            "hosts: [a], origin: { type: s3, endpoint: \"http://a\", bucket: b, access_key: K, secret_key: \"env:NONE\" }",
            [
                "e:2:103: found env:NONE, which is not set, expected a secret, or env:NAME or file:PATH to read it from (export NONE=…)"
            ]
        ),
    ])
    func oneWrongSite(site: String, messages: [String]) {
        #expect(
            Self.problems(
                "listen: [{ address: 0.0.0.0:8080 }]\nsites: [{ \(site) }]"
            ) == messages
        )
    }

    @Test func allProblemsOfAFileComeAtOnceInItsOrder() {
        let problems = Self.problems(
            """
            threads: none
            lsiten:
              - address: 8080
            cache:
              memory: 1G
              memory: 2GiB
            sites:
              - hosts: [a.example]
                origin: { type: s3, bucket: "a/b" }
              - hosts: [A.example]
                origin: { type: http, url: ftp://x }
            cache: {}
            """
        )
        #expect(
            problems.map { $0.prefix { $0 != "," } } == [
                "e:1:1: found no `listen`",
                "e:1:10: found \"none\"",
                "e:2:1: found an unknown key \"lsiten\"",
                "e:5:11: found \"1G\"",
                "e:6:3: found a second \"memory\"",
                "e:9:13: found no `endpoint`",
                "e:9:33: found \"a/b\"",
                "e:10:13: found the host a.example a second time",
                "e:11:32: found \"ftp://x\"",
                "e:12:1: found a second \"cache\"",
            ]
        )
    }

    @Test(arguments: [
        ("\"a\": 1\n'a': 2\n", "e:2:1: found a second \"a\", expected every key once (the first is on line 1)"),
        ("&x a: 1\n*x : 2\n", "e:1:1: found the key \"a\" more than once, expected every key once"),
        ("\"\\x61\": 1\na: 2\n", "e:1:1: found the key \"a\" more than once, expected every key once"),
        ("\u{E000}a: 1\n\u{E000}a: 2\n", "e:1:1: found the key \"\u{E000}a\" more than once, expected every key once"),
    ])
    func repeatedKeysInEverySpelling(text: String, message: String) {
        #expect(Self.problems(text + Self.rest).contains(message))
    }

    @Test(arguments: [
        (
            "a: b: c\n",
            "e:1:5: found broken YAML: mapping values are not allowed in this context, expected YAML: lines of `key: value`, indented by spaces (quote a text that contains a colon and a space)"
        ),
        (
            "a:\n\tb: c\n",
            "e:2:1: found broken YAML: found character that cannot start any token (while scanning for the next token, from line 2), expected YAML: lines of `key: value`, indented by spaces (indent with spaces, not tabs; quote a text that begins with @ or `)"
        ),
        (
            "a: [b\n",
            "e:2:1: found broken YAML: did not find expected ',' or ']' (while parsing a flow sequence, from line 1), expected YAML: lines of `key: value`, indented by spaces"
        ),
        (
            "a: *b\n",
            "e:1:4: found broken YAML: found undefined alias, expected YAML: lines of `key: value`, indented by spaces"
        ),
        (
            "a: \"\\ud800\"\n",
            "e:1:7: found broken YAML: found invalid Unicode character escape code (while parsing a quoted scalar, from line 1), expected YAML: lines of `key: value`, indented by spaces"
        ),
        (
            "a: b\n\nc: \u{1}\n",
            "e:3:4: found broken YAML: control characters are not allowed, expected YAML: lines of `key: value`, indented by spaces"
        ),
        (
            "a: b\n---\nc: d\n",
            "e:2:1: found broken YAML: but found another document (expected a single document in the stream, from line 1), expected YAML: lines of `key: value`, indented by spaces"
        ),
        ("", "e: found nothing, expected settings, as lines of `key: value`"),
        ("# only a comment\n", "e: found nothing, expected settings, as lines of `key: value`"),
        ("- a\n", "e:1:1: found a list, expected settings, as lines of `key: value`"),
        ("hello", "e:1:1: found \"hello\", expected settings, as lines of `key: value`"),
    ])
    func textsThatAreNotSettings(text: String, message: String) {
        #expect(Self.problems(text) == [message])
    }

    @Test func aliasesOfAliasesEnd() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let reference = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: reference, count: 10).joined(separator: ", "))]\n"
        }
        #expect(
            Self.problems(text + Self.rest).contains { $0.contains("found more than 200000 values, expected fewer") }
        )
    }

    @Test func deepNestingEnds() {
        #expect(!Self.problems("a: " + String(repeating: "[", count: 100_000)).isEmpty)
        #expect(
            !Self.problems("a: " + String(repeating: "{ a: ", count: 900) + String(repeating: "}", count: 900)).isEmpty
        )
    }

    @Test func manyProblemsAreCut() {
        let text = (0..<500).map { "k\($0): 1\n" }.joined()
        #expect(Self.problems(text + Self.rest).count == SettingsLimits.problems)
    }

    @Test func missingVariableIsAnErrorAtItsPlace() {
        let text = "control: { url: \"http://a\", token: \"env:APUS_TOKEN\" }\n" + Self.rest
        #expect(
            Self.problems(text) == [
                "e:1:36: found env:APUS_TOKEN, which is not set, expected a token, or env:NAME or file:PATH to read it from (export APUS_TOKEN=…)"
            ]
        )
        #expect(
            Self.problems(text, ["APUS_TOKEN": ""]) == [
                "e:1:36: found an empty secret in the environment variable APUS_TOKEN, expected a token, or env:NAME or file:PATH to read it from"
            ]
        )
        #expect(
            Self.problems(text, ["APUS_TOKEN": "a b"]) == [
                "e:1:36: found a secret in the environment variable APUS_TOKEN, expected a token of visible ASCII characters without spaces"
            ]
        )
        #expect(
            Self.problems("threads: env:N\n" + Self.rest, ["N": "x"]) == [
                "e:1:10: found \"x\" in the environment variable N, expected a whole number from 1 to 256"
            ]
        )
        #expect(
            Self.problems("threads: \"env:\"\n" + Self.rest) == [
                "e:1:10: found \"env:\", expected env: and the name of an environment variable"
            ]
        )
    }

    @Test func secretsNeverStandInMessages() {
        let text = "control: { url: \"http://a\", token: \"hunter 2\" }\n" + Self.rest
        #expect(Self.problems(text).first?.contains("hunter") == false)
    }

    @Test func twoSitesOfOneName() {
        let problems = Self.problems(
            """
            listen: [{ address: 0.0.0.0:8080 }]
            sites:
              - hosts: [a]
                origin: { type: http, url: "http://x" }
              - name: a
                hosts: [b]
                origin: { type: http, url: "http://y" }
            """
        )
        #expect(
            problems == [
                "e:5:11: found the site a a second time, expected every site by a name of its own; `name:` sets it (the first is on line 3)"
            ]
        )
    }

    @Test func originAndControlAreCheckedToo() {
        #expect(throws: SettingsError.self) { try OriginSettings.parse("listen: :9000\ndata: d\n") }
        #expect(throws: SettingsError.self) {
            try ControlSettings.parse("listen: :9000\nstore: { sqlite: x }\ntokens: []\n")
        }
        do throws(SettingsError) {
            _ = try OriginSettings.parse(
                "listen: :9000\ndata: d\npublic_buckets: [Site, ok1, ok1]\ncredentials: [{ access_key: a/b }]\n",
                file: "o"
            )
        } catch {
            #expect(
                error.problems.map { $0.description.prefix { $0 != "," } } == [
                    "o:3:18: found \"Site\"", "o:3:29: found the bucket ok1 a second time",
                    "o:4:15: found no `secret_key`",
                    "o:4:29: found \"a/b\"",
                ]
            )
        }
        do throws(SettingsError) {
            _ = try ControlSettings.parse(
                """
                listen: :9100
                store: { redis: x }
                tokens:
                  - { token: abc, scopes: [admin, write] }
                  - { token: abc, scopes: [] }
                """,
                file: "c"
            )
        } catch {
            #expect(
                error.problems.map { $0.description.prefix { $0 != "," } } == [
                    "c:2:8: found no `sqlite`", "c:2:10: found an unknown key \"redis\"", "c:4:35: found \"write\"",
                    "c:5:14: found a token a second time", "c:5:27: found an empty list",
                ]
            )
            #expect(!error.description.contains("abc"))
        }
    }

    /// Whatever stands in a file, there is an answer, and every problem has its place in the file or none.
    @Test func damagedFilesHaveProblemsAndNothingElse() throws {
        let original = Array(try FileReader.read(ConfigFilesTests.folder + "/edge.yaml")).filter { $0 < 0x80 }
        let pieces = [
            "*", "&a ", "{", "}", "[", "]", ": ", "\n", "- ", "\t", "\"", "'", "? ", "!!int ", "<<: ", "%", "\0", "é",
            "|\n", "#",
        ]
        var state: UInt64 = 7
        func random(_ count: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % count
        }
        for _ in 0..<400 {
            var text = original
            for _ in 0...random(3) {
                let place = random(text.count)
                switch random(3) {
                case 0: text.insert(contentsOf: Array(pieces[random(pieces.count)].utf8), at: place)
                case 1: text.removeSubrange(place..<min(text.count, place + random(20)))
                default:
                    text.insert(contentsOf: text[place..<min(text.count, place + random(400))], at: random(text.count))
                }
            }
            let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).count
            do throws(SettingsError) {
                _ = try EdgeSettings.parse(String(decoding: text, as: UTF8.self), environment: SettingsEnvironment([:]))
            } catch {
                #expect(!error.problems.isEmpty)
                #expect(error.problems.allSatisfy { $0.line.map { (1...lines + 1).contains($0) } ?? true })
            }
        }
    }
}
