import Testing

@testable import Settings

/// `apus config explain`.
@Suite struct ExplainTests {
    @Test(arguments: SettingsRole.allCases)
    func everythingFitsInto80Columns(role: SettingsRole) throws {
        let all = try #require(SettingsTable.explain(role))
        for row in SettingsTable.rows(role) {
            #expect(all.contains(row.path))
            let one = try #require(SettingsTable.explain(role, key: row.path))
            #expect(one.hasPrefix(row.path + "\n"))
            for line in (all + one).split(separator: "\n") {
                #expect(line.count <= 80 && line.last != " ")
            }
        }
    }

    @Test func oneSettingWithAllThereIsToSay() {
        #expect(
            SettingsTable.explain(.edge, key: "cache.memory") == """
                cache.memory
                    Bytes of the memory tier, every overhead included.
                    Value: a size from 8MiB to 64TiB, such as 512MiB.
                    Default: 512MiB.

                """
        )
    }

    @Test func aGroupComesWithWhatIsInIt() throws {
        let text = try #require(SettingsTable.explain(.edge, key: "sites.origin"))
        #expect(text.contains("sites[].origin.bucket (type: s3)") && text.contains("sites[].origin.url (type: http)"))
        #expect(!text.contains("default_ttl"))
    }

    @Test func unknownSettingsHaveNoTextButANeighbour() {
        #expect(SettingsTable.explain(.edge, key: "cache.memroy") == nil)
        #expect(SettingsTable.nearest(.edge, key: "cache.memroy") == "cache.memory")
        #expect(SettingsTable.nearest(.edge, key: "bucket") == "sites.origin.bucket")
        #expect(SettingsTable.nearest(.edge, key: "banana") == nil)
    }

    @Test(arguments: SettingsRole.allCases)
    func tableIsConsistent(role: SettingsRole) {
        let rows = SettingsTable.rows(role)
        #expect(Set(rows.map(\.path)).count == rows.count)
        for row in rows {
            let isParentThere =
                row.parent.isEmpty || rows.contains { $0.path == row.parent || $0.path + "[]" == row.parent }
            #expect(isParentThere, "\(row.path)")
            #expect(row.summary.hasSuffix("."), "\(row.path)")
            if case .preset(let text) = row.presence {
                let reader = ScalarReader(folder: "", environment: SettingsEnvironment([:]))
                #expect(throws: Never.self, "\(row.path)") { try reader.read(text, type: row.type) }
            }
        }
    }

    @Test func settingsPageIsUpToDate() throws {
        let page = FileReader.folder(of: ConfigFilesTests.folder) + "/docs/settings.md"
        let text = String(decoding: try FileReader.read(page), as: UTF8.self)
        #expect(text == SettingsTable.markdown(), "run `apus config explain --markdown > docs/settings.md`")
        #expect(text.split(separator: "\n").allSatisfy { !$0.hasPrefix("|") || $0.filter { $0 == "|" }.count == 5 })
    }
}
