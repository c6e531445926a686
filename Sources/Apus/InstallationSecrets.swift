import Foundation
import SignatureV4

/// The keys and the token of one `apus up` folder, made on its first start and kept with mode 0600. A value.
struct InstallationSecrets: Sendable {
    let accessKey: String
    let secretKey: String
    let token: String

    /// Reads the file, or makes it.
    static func loadOrMake(path: String) throws -> (secrets: InstallationSecrets, isNew: Bool) {
        if let text = try? String(contentsOfFile: path, encoding: .utf8) {
            return (try InstallationSecrets(text: text, path: path), false)
        }
        guard !FileManager.default.fileExists(atPath: path) else {
            throw InstallationError("cannot read \(path)")
        }
        let secrets = InstallationSecrets(
            accessKey: "APUS" + hex(8).uppercased(),
            secretKey: hex(20),
            token: hex(24)
        )
        let text = "access_key: \(secrets.accessKey)\nsecret_key: \(secrets.secretKey)\ntoken: \(secrets.token)\n"
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw InstallationError("cannot write \(path)") }
        return (secrets, true)
    }

    private init(accessKey: String, secretKey: String, token: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.token = token
    }

    private init(text: String, path: String) throws {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        guard let accessKey = values["access_key"], let secretKey = values["secret_key"], let token = values["token"]
        else {
            throw InstallationError("\(path) is damaged: expected lines access_key, secret_key and token")
        }
        self.init(accessKey: accessKey, secretKey: secretKey, token: token)
    }

    private static func hex(_ bytes: Int) -> String {
        Digest.random(count: bytes).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
