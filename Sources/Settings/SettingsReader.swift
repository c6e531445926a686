/// Reads a YAML document by the rows of the table. A value, used once.
struct SettingsReader {
    let file: String
    let scalars: ScalarReader
    private let children: [String: [Setting]]
    private(set) var problems: [SettingsProblem] = []

    /// - Parameters:
    ///   - file: What messages call the file.
    ///   - folder: What relative paths are relative to.
    init(role: SettingsRole, file: String, folder: String, environment: SettingsEnvironment) {
        self.file = file
        scalars = ScalarReader(folder: folder, environment: environment)
        children = Dictionary(grouping: SettingsTable.rows(role), by: \.parent)
    }

    mutating func report(
        _ position: YAMLPosition,
        found: String,
        expected: String,
        hint: String? = nil
    ) {
        problems.append(SettingsProblem(file: file, at: position, found: found, expected: expected, hint: hint))
    }

    /// Reads the mapping at `path`; "" is the whole document.
    mutating func readGroup(_ node: YAMLNode, at path: String) -> SettingsGroup {
        var group = SettingsGroup(file: file, position: node.position)
        guard case .mapping(let entries) = node.content else {
            report(node.position, found: node.found, expected: expectedGroup(at: path))
            return group
        }
        group.mentioned = Set(entries.map(\.key))
        let all = children[path] ?? []
        let choice = readVariant(entries, rows: all, into: &group)
        let rows = all.filter { $0.variant == nil || choice.word == nil || $0.variant == choice.word }
        for entry in entries {
            guard let row = rows.first(where: { $0.key == entry.key }) else {
                reportUnknown(entry, rows: rows, all: all)
                continue
            }
            if case .variant = row.type { continue }
            if let value = readValue(entry.value, row: row) {
                group.entries[row.key] = SettingEntry(position: entry.value.position, value: value)
            }
        }
        for row in rows where !entries.contains(where: { $0.key == row.key }) {
            // Without the word that chooses, nobody knows which of the others must be there.
            if row.variant != nil, choice.word == nil { continue }
            addMissing(row, to: &group)
        }
        return group
    }

    /// The word that says which keys belong here.
    private mutating func readVariant(
        _ entries: [YAMLNode.Entry],
        rows: [Setting],
        into group: inout SettingsGroup
    ) -> (row: Setting?, word: String?) {
        for row in rows {
            guard case .variant(let words) = row.type else { continue }
            guard let entry = entries.first(where: { $0.key == row.key }) else { return (row, nil) }
            guard let value = readValue(entry.value, row: Setting(row.path, .choice(words), .required, row.summary))
            else {
                return (row, nil)
            }
            group.entries[row.key] = SettingEntry(position: entry.value.position, value: value)
            return (row, value.asText)
        }
        return (nil, nil)
    }

    private mutating func addMissing(_ row: Setting, to group: inout SettingsGroup) {
        switch row.presence {
        case .required:
            report(group.position, found: "no `\(row.key)`", expected: row.type.phrase, hint: row.summary)
        case .preset(let text):
            let node = YAMLNode(position: group.position, content: .scalar(text, plain: false))
            if let value = readValue(node, row: row) {
                group.entries[row.key] = SettingEntry(position: group.position, value: value)
            }
        case .otherwise:
            break
        }
    }

    private mutating func reportUnknown(_ entry: YAMLNode.Entry, rows: [Setting], all: [Setting]) {
        let names = rows.map(\.key)
        var hint = EditDistance.nearest(to: entry.key, in: names).map { "did you mean `\($0)`?" }
        if let other = all.first(where: { $0.key == entry.key }), let word = other.variant {
            hint = "`\(entry.key)` belongs to `type: \(word)`"
        } else if entry.key == "<<" {
            hint = "merge keys are not supported"
        }
        report(
            entry.keyPosition,
            found: "an unknown key \(Quoted.text(entry.key))",
            expected: names.count == 1 ? "`\(names[0])`" : "one of \(names.map { "`\($0)`" }.joined(separator: ", "))",
            hint: hint
        )
    }

    private func expectedGroup(at path: String) -> String {
        let names = (children[path] ?? []).filter { $0.variant == nil }.map { "`\($0.key)`" }
        return path.isEmpty ? "settings, as lines of `key: value`" : "a mapping with \(names.joined(separator: ", "))"
    }

    /// - Returns: nil when the value is wrong; why was reported.
    private mutating func readValue(_ node: YAMLNode, row: Setting) -> SettingValue? {
        switch row.type {
        case .group:
            guard case .mapping = node.content else {
                report(node.position, found: node.found, expected: expectedGroup(at: row.path), hint: hint(row, node))
                return nil
            }
            return .group(readGroup(node, at: row.path))
        case .groups:
            guard let items = readItems(node, row: row) else { return nil }
            return .groups(items.map { readGroup($0, at: row.path + "[]") })
        case .groupOrGroups:
            switch node.content {
            case .mapping: return .groups([readGroup(node, at: row.path)])
            case .sequence:
                guard let items = readItems(node, row: row) else { return nil }
                return .groups(items.map { readGroup($0, at: row.path) })
            default:
                let expected = expectedGroup(at: row.path) + ", or a list of them"
                report(node.position, found: node.found, expected: expected, hint: hint(row, node))
                return nil
            }
        case .list(let element):
            return readList(node, of: element, row: row)
        case .wordsOrList(let words, let element):
            if case .sequence = node.content { return readList(node, of: element, row: row) }
            return readWord(node, words: words, row: row)
        case .map(let keys, let values):
            return readMap(node, keys: keys, values: values, row: row)
        default:
            return readScalar(node, type: row.type, hint: hint(row, node))
        }
    }

    private mutating func readList(_ node: YAMLNode, of element: SettingType, row: Setting) -> SettingValue? {
        guard let items = readItems(node, row: row) else { return nil }
        return .list(
            items.compactMap { item in
                readScalar(item, type: element).map { SettingEntry(position: item.position, value: $0) }
            }
        )
    }

    private mutating func readWord(_ node: YAMLNode, words: [String], row: Setting) -> SettingValue? {
        if case .scalar(let text, _) = node.content, words.contains(text) { return .text(text) }
        var hint = hint(row, node)
        if hint == nil, case .scalar(let text, _) = node.content {
            hint = "a list of one is written [\(Quoted.text(text))]"
        }
        report(node.position, found: node.found, expected: row.type.phrase, hint: hint)
        return nil
    }

    private mutating func readMap(
        _ node: YAMLNode,
        keys: TextRule,
        values: SettingType,
        row: Setting
    ) -> SettingValue? {
        guard case .mapping(let entries) = node.content else {
            report(node.position, found: node.found, expected: row.type.phrase, hint: hint(row, node))
            return nil
        }
        guard entries.count <= SettingsLimits.mapEntries else {
            report(
                node.position,
                found: "\(entries.count) entries",
                expected: "at most \(SettingsLimits.mapEntries)"
            )
            return nil
        }
        var read: [SettingMapEntry] = []
        for entry in entries {
            guard keys.allows(entry.key) else {
                report(entry.keyPosition, found: Quoted.text(entry.key), expected: keys.phrase)
                continue
            }
            guard let value = readScalar(entry.value, type: values) else { continue }
            read.append(
                SettingMapEntry(
                    key: entry.key,
                    keyPosition: entry.keyPosition,
                    position: entry.value.position,
                    value: value
                )
            )
        }
        return .map(read)
    }

    private mutating func readItems(_ node: YAMLNode, row: Setting) -> [YAMLNode]? {
        guard case .sequence(let items) = node.content else {
            var hint = hint(row, node)
            if hint == nil, case .scalar(let text, _) = node.content {
                hint = "a list of one is written [\(Quoted.text(text))]"
            }
            if hint == nil, case .mapping = node.content { hint = "write a dash before the first key of each entry" }
            report(node.position, found: node.found, expected: row.type.phrase, hint: hint)
            return nil
        }
        if items.isEmpty, case .required = row.presence {
            report(node.position, found: node.found, expected: "at least one entry", hint: row.summary)
        }
        if items.count > SettingsLimits.listEntries {
            report(
                node.position,
                found: "\(items.count) entries",
                expected: "at most \(SettingsLimits.listEntries)"
            )
            return nil
        }
        return items
    }

    private mutating func readScalar(_ node: YAMLNode, type: SettingType, hint: String? = nil) -> SettingValue? {
        guard case .scalar(let text, _) = node.content, !node.isNothing else {
            report(node.position, found: node.found, expected: type.phrase, hint: hint)
            return nil
        }
        do throws(ScalarReader.Failure) {
            return try scalars.read(text, type: type)
        } catch {
            report(node.position, found: error.found, expected: error.expected, hint: error.hint)
            return nil
        }
    }

    /// Nothing behind a key is most often a setting whose value was commented out.
    private func hint(_ row: Setting, _ node: YAMLNode) -> String? {
        guard node.isNothing else { return nil }
        if case .required = row.presence { return nil }
        return "leave out `\(row.key)` for the default"
    }
}
