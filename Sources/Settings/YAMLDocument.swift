internal import Yams

/// Reads YAML into ``YAMLNode``; the only file that knows Yams. A value without state.
enum YAMLDocument {
    /// - Returns: nil when the text is not YAML; why is then in `problems`. Repeated keys are reported and their first
    ///   value is kept, so that the rest of the file is still looked at.
    static func parse(_ text: String, file: String, problems: inout [SettingsProblem]) -> YAMLNode? {
        var keys = DuplicateKeys(text)
        while true {
            do {
                guard let root = try Yams.compose(yaml: keys.text, .default, .default, .utf8) else { return nil }
                var conversion = Conversion(file: file, keys: keys)
                let node = conversion.convert(root)
                problems += conversion.problems
                return node
            } catch YamlError.duplicatedKeysInMapping(let names, let context) {
                let position = YAMLPosition(line: context.mark.line, column: context.mark.column)
                if keys.mark(names.first ?? "", at: position) { continue }
                problems.append(
                    SettingsProblem(
                        file: file,
                        at: position,
                        found: "the key \(Quoted.text(names.first ?? "")) more than once",
                        expected: "every key once"
                    )
                )
                return nil
            } catch {
                problems.append(problem(for: error, text: keys.text, file: file))
                return nil
            }
        }
    }

    private static func problem(for error: any Error, text: String, file: String) -> SettingsProblem {
        let expected = "YAML: lines of `key: value`, indented by spaces"
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let place = context.map { " (\($0.text), from line \($0.mark.line))" } ?? ""
            return SettingsProblem(
                file: file,
                at: YAMLPosition(line: mark.line, column: mark.column),
                found: "broken YAML: \(problem)\(place)",
                expected: expected,
                hint: hint(problem: problem, context: context?.text ?? "")
            )
        case YamlError.reader(let problem, let offset, _, _):
            return SettingsProblem(
                file: file,
                at: offset.map { YAMLText.position(ofCharacter: $0, in: text) },
                found: "broken YAML: \(problem)",
                expected: expected
            )
        default:
            return SettingsProblem(file: file, at: nil, found: "broken YAML: \(error)", expected: expected)
        }
    }

    /// What is behind the commonest of libYAML's complaints.
    private static func hint(problem: String, context: String) -> String? {
        if problem.contains("cannot start any token") {
            return "indent with spaces, not tabs; quote a text that begins with @ or `"
        }
        if context.contains("alias") { return "write a star in quotes: \"*\"" }
        if problem.contains("expected node content") { return "quote a text that begins with a colon: \":8080\"" }
        if problem.contains("mapping values are not allowed") {
            return "quote a text that contains a colon and a space"
        }
        return nil
    }
}

/// From Yams' nodes to ours. A value, used once.
private struct Conversion {
    let file: String
    let keys: DuplicateKeys
    var problems: [SettingsProblem] = []
    private var nodes = 0

    init(file: String, keys: DuplicateKeys) {
        self.file = file
        self.keys = keys
    }

    mutating func convert(_ node: Yams.Node) -> YAMLNode {
        let position = YAMLPosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        nodes += 1
        // Aliases of aliases can stand for more nodes than there is memory.
        guard nodes <= SettingsLimits.nodes else {
            if nodes == SettingsLimits.nodes + 1 {
                report(position, found: "more than \(SettingsLimits.nodes) values", expected: "fewer")
            }
            return YAMLNode(position: position, content: .scalar("", plain: true))
        }
        switch node {
        case .scalar(let scalar):
            return YAMLNode(position: position, content: .scalar(scalar.string, plain: scalar.style == .plain))
        case .sequence(let sequence):
            var items: [YAMLNode] = []
            for item in sequence where nodes <= SettingsLimits.nodes {
                items.append(convert(item))
            }
            return YAMLNode(position: position, content: .sequence(items))
        case .mapping(let mapping):
            return YAMLNode(position: position, content: .mapping(convert(mapping)))
        case .alias:
            // Yams resolves aliases itself while composing.
            return YAMLNode(position: position, content: .scalar("", plain: true))
        }
    }

    private mutating func convert(_ mapping: Yams.Node.Mapping) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        for (key, value) in mapping where nodes <= SettingsLimits.nodes {
            let position = YAMLPosition(line: key.mark?.line ?? 1, column: key.mark?.column ?? 1)
            guard case .scalar(let scalar) = key else {
                report(position, found: "a list or a mapping as a key", expected: "a name")
                continue
            }
            let name = keys.original(scalar.string)
            if let first = lines[name] {
                let hint = "the first is on line \(first)"
                report(position, found: "a second \(Quoted.text(name))", expected: "every key once", hint: hint)
                continue
            }
            lines[name] = position.line
            entries.append(YAMLNode.Entry(key: name, keyPosition: position, value: convert(value)))
        }
        return entries
    }

    private mutating func report(_ position: YAMLPosition, found: String, expected: String, hint: String? = nil) {
        problems.append(SettingsProblem(file: file, at: position, found: found, expected: expected, hint: hint))
    }
}
