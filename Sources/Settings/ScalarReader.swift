/// Turns the text of one scalar into a value; resolves `env:NAME` and `file:PATH` first. A value.
struct ScalarReader {
    /// Why a text is not a value, without the place. A value.
    struct Failure: Error {
        let found: String
        let expected: String
        var hint: String?
    }

    let folder: String
    let environment: SettingsEnvironment

    func read(_ written: String, type: SettingType) throws(Failure) -> SettingValue {
        let (text, origin) = try resolve(written, type: type)
        do throws(ValueError) {
            return try parse(text, type: type)
        } catch {
            var found = Quoted.text(text)
            if case .secret = type { found = text.isEmpty ? "an empty secret" : "a secret" }
            throw Failure(found: found + origin, expected: error.expected, hint: error.hint)
        }
    }

    /// - Returns: The text, and for messages where it came from when it does not stand in the file itself.
    private func resolve(_ written: String, type: SettingType) throws(Failure) -> (text: String, origin: String) {
        if written.hasPrefix("env:") {
            let name = String(written.dropFirst(4))
            guard !name.isEmpty, name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }) else {
                throw Failure(found: Quoted.text(written), expected: "env: and the name of an environment variable")
            }
            guard let text = environment[name] else {
                throw Failure(
                    found: "\(written), which is not set",
                    expected: type.phrase,
                    hint: "export \(name)=…"
                )
            }
            return (text, " in the environment variable \(name)")
        }
        if written.hasPrefix("file:") {
            let path = String(written.dropFirst(5))
            guard !path.isEmpty else { throw Failure(found: Quoted.text(written), expected: "file: and a path") }
            return (try content(of: path), " in the file \(path)")
        }
        return (written, "")
    }

    /// The file's text without the line feed at its end, which editors and `echo` add.
    private func content(of path: String) throws(Failure) -> String {
        let resolved = FileReader.resolve(path, in: folder)
        do throws(FileReader.Failure) {
            let bytes = try FileReader.read(resolved)
            guard var text = String(validating: bytes, as: UTF8.self) else {
                throw FileReader.Failure(reason: "bytes that are not UTF-8")
            }
            while let last = text.last, last.isNewline { text.removeLast() }
            return text
        } catch {
            throw Failure(found: "\(error.reason) at \(resolved)", expected: "a readable text file")
        }
    }

    private func parse(_ text: String, type: SettingType) throws(ValueError) -> SettingValue {
        switch type {
        case .text(let rule):
            guard rule.allows(text) else { throw ValueError(expected: rule.phrase) }
            return .text(text)
        case .integer(let range):
            guard let number = Int(text), range.contains(number) else { throw ValueError(expected: type.phrase) }
            return .integer(number)
        case .flag:
            guard let flag = Bool(text) else { throw ValueError(expected: type.phrase) }
            return .flag(flag)
        case .size(let range):
            let size = try ByteSize.parse(text)
            guard range.contains(size) else { throw ValueError(expected: type.phrase) }
            return .size(size)
        case .span(let range):
            let span = try TimeSpan.parse(text)
            guard range.contains(span) else { throw ValueError(expected: type.phrase) }
            return .span(span)
        case .address: return .address(try parseAddress(text))
        case .url: return .url(try HTTPURL.parse(text))
        case .host: return .host(try HostPattern.parse(text))
        case .scope: return .scope(try TokenScope.parse(text))
        case .secret(let isToken): return .secret(try parseSecret(text, isToken: isToken))
        case .path(let mustExist): return .text(try parsePath(text, mustExist: mustExist))
        case .choice(let words), .variant(let words):
            guard words.contains(text) else {
                let near = EditDistance.nearest(to: text, in: words).map { "did you mean \($0)?" }
                throw ValueError(expected: type.phrase, hint: near)
            }
            return .text(text)
        case .list, .wordsOrList, .map, .group, .groups, .groupOrGroups:
            throw ValueError(expected: type.phrase)
        }
    }

    private func parseAddress(_ text: String) throws(ValueError) -> SocketAddressSpec {
        let address = try SocketAddressSpec.parse(text)
        guard case .unix(let path) = address else { return address }
        // Parsed again: the folder before it may make the path too long.
        return try SocketAddressSpec.parse("unix:" + FileReader.resolve(path, in: folder))
    }

    private func parseSecret(_ text: String, isToken: Bool) throws(ValueError) -> Secret {
        guard !text.isEmpty else { throw ValueError(expected: SettingType.secret(token: isToken).phrase) }
        if isToken, !text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw ValueError(expected: "a token of visible ASCII characters without spaces")
        }
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw ValueError(expected: "a secret without control characters")
        }
        return Secret(text)
    }

    private func parsePath(_ text: String, mustExist: Bool) throws(ValueError) -> String {
        guard !text.isEmpty, text.utf8.count < 4096, !text.utf8.contains(0) else {
            throw ValueError(expected: SettingType.path(mustExist: mustExist).phrase)
        }
        let path = FileReader.resolve(text, in: folder)
        if mustExist, let reason = FileReader.reasonAgainst(path) {
            throw ValueError(expected: "a file that can be read", hint: "\(reason) at \(path)")
        }
        return path
    }
}
