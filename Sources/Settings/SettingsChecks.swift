/// What no single value shows: things that exclude each other or need each other. A value, used once.
struct SettingsChecks {
    let file: String
    private(set) var problems: [SettingsProblem] = []

    init(file: String) {
        self.file = file
    }

    mutating func report(_ position: YAMLPosition, found: String, expected: String, hint: String? = nil) {
        problems.append(SettingsProblem(file: file, at: position, found: found, expected: expected, hint: hint))
    }

    /// Reports every value that was there before. `describe` must not show a secret.
    mutating func expectUnique<Value: Hashable>(
        _ values: [(value: Value, position: YAMLPosition)],
        describe: (Value) -> String,
        expected: String
    ) {
        var lines: [Value: Int] = [:]
        for (value, position) in values {
            if let line = lines[value] {
                let hint = "the first is on line \(line)"
                report(position, found: "\(describe(value)) a second time", expected: expected, hint: hint)
            } else {
                lines[value] = position.line
            }
        }
    }

    /// Reports every address at which another one listens already.
    mutating func expectSeparate(_ addresses: [(address: SocketAddressSpec, position: YAMLPosition)]) {
        for (index, later) in addresses.enumerated() {
            guard let earlier = addresses[..<index].first(where: { $0.address.collides(with: later.address) }) else {
                continue
            }
            report(
                later.position,
                found: "\(later.address), which collides with \(earlier.address) on line \(earlier.position.line)",
                expected: "an address of its own for every listener"
            )
        }
    }

    /// Reports half a key pair.
    mutating func expectWholeKeyPair(_ group: SettingsGroup) {
        for (one, other) in [("access_key", "secret_key"), ("secret_key", "access_key")] {
            guard let entry = group.entries[one], !group.mentioned.contains(other) else { continue }
            report(
                entry.position,
                found: "`\(one)` without `\(other)`",
                expected: "both, or neither for requests that are not signed"
            )
        }
    }
}
