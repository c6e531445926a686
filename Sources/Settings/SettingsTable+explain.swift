extension SettingsTable {
    /// The width of everything that is explained, in characters.
    public static let width = 80

    /// What `apus config explain` prints: all settings of a role, or one of them and those below it.
    /// - Parameters:
    ///   - role: Whose settings.
    ///   - key: `cache.memory`, `sites.origin` or `sites[].origin`; nil: all.
    /// - Returns: Lines of at most ``width`` characters; nil when there is no such setting.
    public static func explain(_ role: SettingsRole, key: String? = nil) -> String? {
        guard let key else {
            let title =
                "Settings of `apus \(role.rawValue)`; `apus config explain \(role.rawValue) KEY` says more about one."
            return ([wrap(title, indent: 0)] + rows(role).map(brief)).joined(separator: "\n\n") + "\n"
        }
        let wanted = plain(key)
        let all = rows(role)
        guard let row = all.first(where: { plain($0.path) == wanted }) else { return nil }
        let below = all.filter { plain($0.path).hasPrefix(wanted + ".") }
        return ([full(row)] + below.map(brief)).joined(separator: "\n\n") + "\n"
    }

    /// The setting whose name is most like `key`, for a suggestion; nil when none is near.
    public static func nearest(_ role: SettingsRole, key: String) -> String? {
        let names = rows(role).map { plain($0.path) }
        let wanted = plain(key)
        if let near = EditDistance.nearest(to: wanted, in: names) { return near }
        let last = wanted.split(separator: ".").last.map(String.init) ?? wanted
        return names.first { $0.split(separator: ".").last.map(String.init) == last }
    }

    /// The page `docs/settings.md`: all settings of all roles in Markdown.
    public static func markdown() -> String {
        let title = """
            # Settings

            All there are, made from the table in `Sources/Settings/SettingsTable.swift` by
            `apus config explain --markdown`. The files in `Config/` say more, and are ready to be copied.
            """
        return ([title] + SettingsRole.allCases.map(markdown)).joined(separator: "\n\n") + "\n"
    }

    private static func markdown(_ role: SettingsRole) -> String {
        var lines = ["## `apus \(role.rawValue)`", "", "| setting | what it is | value | |", "|---|---|---|---|"]
        for row in rows(role) {
            let only = row.variant.map { " (`type: \($0)`)" } ?? ""
            let phrase = row.type.phrase.replacing("*", with: "\\*")
            let cells = ["`\(row.path)`\(only)", row.summary, phrase, presence(row)]
            lines.append("| " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n")
    }

    private static func brief(_ row: Setting) -> String {
        let title = "\(row.path)\(row.variant.map { " (type: \($0))" } ?? "")"
        return [wrap(title, indent: 0), wrap(row.summary, indent: 4), wrap(sentence(presence(row)), indent: 4)]
            .joined(separator: "\n")
    }

    private static func full(_ row: Setting) -> String {
        let parts = [
            row.variant.map { "Only where `type` is \($0)." }, sentence("value: \(row.type.phrase)"),
            sentence(presence(row)),
        ]
        return
            ([wrap(row.path, indent: 0), wrap(row.summary, indent: 4)]
            + parts.compactMap(\.self).map { wrap($0, indent: 4) })
            .joined(separator: "\n")
    }

    private static func presence(_ row: Setting) -> String {
        switch row.presence {
        case .required: "required"
        case .preset(let text): "default: \(text)"
        case .otherwise(let text): "default: \(text)"
        }
    }

    private static func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst() + "."
    }

    private static func plain(_ path: String) -> String {
        path.replacing("[]", with: "")
    }

    /// Breaks a paragraph at spaces; a word that is longer than a line stays whole.
    static func wrap(_ text: String, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, indent + line.count + 1 + word.count > width {
                lines.append(margin + line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return (lines + [margin + line]).joined(separator: "\n")
    }
}
