import TestSupport
import Testing

@testable import Settings

/// The files in `Config/` are the manual: they must be right, whole, and tell the defaults as they are.
@Suite struct ConfigFilesTests {
    static let folder = FileReader.folder(of: FileReader.folder(of: FileReader.folder(of: #filePath))) + "/Config"

    static let environment = SettingsEnvironment([
        "APUS_TOKEN": "t0ken", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret",
        "APUS_ORIGIN_KEY": "key", "APUS_ORIGIN_SECRET": "secret",
    ])

    /// The file with every setting that is commented out (`#` and no space) put in.
    static func uncommented(_ name: String) throws -> String {
        let text = String(decoding: try FileReader.read("\(folder)/\(name)"), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            guard let mark = line.firstIndex(where: { $0 != " " }), line[mark] == "#" else { return String(line) }
            let after = line.index(after: mark)
            guard after < line.endIndex, line[after] != " " else { return String(line) }
            return String(line[..<mark] + line[after...])
        }.joined(separator: "\n")
    }

    @Test func edgeLoadsAsItIs() throws {
        let settings = try EdgeSettings.load(path: Self.folder + "/edge.yaml", environment: SettingsEnvironment([:]))
        #expect(settings.listen.count == 1 && settings.sites.map(\.name) == ["site"])
    }

    @Test func originLoadsAsItIs() throws {
        let settings = try OriginSettings.load(path: Self.folder + "/origin.yaml", environment: Self.environment)
        #expect(settings.publicBuckets == ["site"] && settings.credentials.count == 1)
    }

    @Test func controlLoadsAsItIs() throws {
        let settings = try ControlSettings.load(path: Self.folder + "/control.yaml", environment: Self.environment)
        #expect(settings.tokens == [TokenSettings(token: Secret("t0ken"), scopes: [.admin])])
    }

    @Test func commentedSettingsOfAnEdgeAreRight() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("", to: "server.pem")
        try folder.write("", to: "server.key")
        let settings = try EdgeSettings.parse(
            try Self.uncommented("edge.yaml"),
            folder: folder.path,
            environment: Self.environment
        )
        #expect(settings.listen.count == 2 && settings.listen[1].tls?.key == folder.path + "/server.key")
        #expect(settings.cache.disks.map(\.size) == [.gibibytes(20)] && settings.control?.token == Secret("t0ken"))
        let plain = try EdgeSettings.load(path: Self.folder + "/edge.yaml", environment: SettingsEnvironment([:]))
        var bucket = settings.sites[0]
        if case .s3(var origin) = bucket.origin {
            #expect(origin.credentials == KeyPairSettings(accessKey: "AKIA", secretKey: Secret("secret")))
            origin.credentials = nil
            bucket.origin = .s3(origin)
        }
        // What the manual says is the default is the default.
        #expect(bucket == plain.sites[0])
        #expect(settings.cache.memory == Defaults.memory && settings.cache.policy == plain.cache.policy)
        #expect(settings.logLevel == plain.logLevel)
        var disk = DiskSettings(path: "/var/cache/apus", size: .gibibytes(20))
        disk.writesADay = .tebibytes(1)
        #expect(settings.cache.disks == [disk])
        #expect(settings.sites[1].hosts.count == 2)
    }

    @Test func commentedSettingsOfTheOthersAreRight() throws {
        let origin = try OriginSettings.parse(try Self.uncommented("origin.yaml"), environment: Self.environment)
        #expect(origin.region == Defaults.region && origin.threads == 2 && origin.logLevel == Defaults.logLevel)
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("d3ploy\n", to: "deploy.token")
        let control = try ControlSettings.parse(
            try Self.uncommented("control.yaml").replacing("/etc/apus/", with: ""),
            folder: folder.path,
            environment: Self.environment
        )
        #expect(control.tokens[1].token == Secret("d3ploy"))
        #expect(control.tokens[1].scopes == [.purge(host: "www.example.com"), .read])
    }

    @Test(arguments: SettingsRole.allCases)
    func everySettingStandsInItsFile(role: SettingsRole) throws {
        let text = try Self.uncommented("\(role.rawValue).yaml")
        for row in SettingsTable.rows(role) {
            #expect(text.contains("\(row.key):"), "\(row.path) is not in \(role.rawValue).yaml")
        }
    }

    @Test func namedFilesAreReadAndMissingOnesReported() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("one\ntwo\n", to: "token")
        try folder.write("", to: "server.pem")
        do throws(SettingsError) {
            _ = try EdgeSettings.parse(
                """
                listen:
                  - address: 127.0.0.1:0
                    tls: { certificate: server.pem, key: server.key }
                  - address: 127.0.0.1:1
                    tls: { certificate: ., key: server.pem }
                control: { url: "http://a", token: "file:token" }
                sites:
                  - hosts: [a]
                    origin: { type: s3, endpoint: "http://a", bucket: b, access_key: "file:none", secret_key: x }
                """,
                file: "e",
                folder: folder.path,
                environment: SettingsEnvironment([:])
            )
            Issue.record("nothing was reported")
        } catch {
            #expect(
                error.problems.map(\.description) == [
                    "e:3:42: found \"server.key\", expected a file that can be read (no such file at \(folder.path)/server.key)",
                    "e:5:25: found \".\", expected a file that can be read (a folder at \(folder.path)/.)",
                    "e:6:36: found a secret in the file token, expected a token of visible ASCII characters without spaces",
                    "e:9:70: found no such file at \(folder.path)/none, expected a readable text file",
                ]
            )
        }
    }

    @Test func filesThatCannotBeRead() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write([0x61, 0xFF], to: "binary")
        try folder.write([UInt8](repeating: 0x20, count: SettingsLimits.fileBytes + 1), to: "huge")
        for (name, message) in [
            ("none", "no such file"), (".", "a folder"), ("binary", "bytes that are not UTF-8"),
            ("huge", "more than 1MiB"),
        ] {
            do throws(SettingsError) {
                _ = try EdgeSettings.load(path: "\(folder.path)/\(name)")
                Issue.record("\(name) was read")
            } catch {
                #expect(error.description.hasPrefix("\(folder.path)/\(name): found \(message), expected "))
            }
        }
    }
}
