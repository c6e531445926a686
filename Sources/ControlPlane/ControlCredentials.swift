import FoundationEssentials
import Glibc
public import HTTPClient

/// Where control is and which token it takes. A value; the token does not print itself.
public struct ControlCredentials: Sendable, Equatable {
    /// The object store that `apus up` runs, for `apus put`. A value.
    public struct Store: Sendable, Equatable {
        /// Where it is.
        public var endpoint: Endpoint
        /// The public half of its key pair.
        public var accessKey: String
        /// The secret half.
        public var secretKey: String

        /// A store as given.
        public init(endpoint: Endpoint, accessKey: String, secretKey: String) {
            self.endpoint = endpoint
            self.accessKey = accessKey
            self.secretKey = secretKey
        }
    }

    /// Where control answers.
    public var control: Endpoint
    /// The token; nil: none was found.
    public var token: BearerToken?
    /// The store beside it; nil: none is known.
    public var store: Store?

    /// Where control is when nobody says: `http://127.0.0.1:9100`.
    public static let defaultControl = Endpoint(host: "127.0.0.1", port: 9_100)

    /// Credentials as given.
    public init(control: Endpoint, token: BearerToken?, store: Store? = nil) {
        self.control = control
        self.token = token
        self.store = store
    }

    /// The file's place below a home folder.
    public static func path(home: String) -> String {
        "\(home)/.config/apus/credentials"
    }

    /// What was said, in this order: on the command line, in the environment (`APUS_CONTROL`, `APUS_TOKEN`), in the file.
    ///
    /// The file's token goes to the file's control only. Someone who names another control gets no token from there: it might be
    /// anybody's.
    public static func resolve(
        control flag: String?,
        token tokenFlag: String?,
        environment: [String: String],
        home: String?
    ) throws(ControlClientError) -> ControlCredentials {
        func text(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let named = try (flag ?? text("APUS_CONTROL")).map { url throws(ControlClientError) in try endpoint(url) }
        let token = try (tokenFlag ?? text("APUS_TOKEN")).map { text throws(ControlClientError) in try bearer(text) }
        if let named, let token { return ControlCredentials(control: named, token: token) }
        let file = try home.flatMap { home throws(ControlClientError) in try read(path: path(home: home)) }
        let control = named ?? file?.control ?? defaultControl
        return ControlCredentials(control: control, token: token ?? (file?.control == control ? file?.token : nil))
    }

    /// Reads a credentials file; nil when there is none.
    ///
    /// Throws when others than its owner may read it, when it belongs to someone else, and for what is not `control: URL` and
    /// `token: TOKEN` lines.
    public static func read(path: String) throws(ControlClientError) -> ControlCredentials? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw bad("The credentials file \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw bad("The credentials file \(path) cannot be read") }
        guard status.st_mode & 0o077 == 0 else {
            throw bad("The credentials file \(path) can be read by others; expected mode 0600 (chmod 600 \(path))")
        }
        guard status.st_uid == getuid() || getuid() == 0 else { throw bad("The credentials file \(path) is not yours") }
        var bytes = [UInt8](repeating: 0, count: 8_192)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0, count < bytes.count else {
            throw bad("The credentials file \(path) is not a small text file")
        }
        return try parse(String(decoding: bytes[..<count], as: UTF8.self), path)
    }

    private static func parse(_ text: String, _ path: String) throws(ControlClientError) -> ControlCredentials {
        var control = defaultControl
        var token: BearerToken?
        var store = Store(endpoint: defaultControl, accessKey: "", secretKey: "")
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.drop { $0 == " " || $0 == "\t" }
            if line.isEmpty || line.hasPrefix("#") { continue }
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                throw bad("\(path):\(index + 1): expected \"control: URL\" or \"token: TOKEN\"")
            }
            var value = parts[1].drop { $0 == " " || $0 == "\t" }
            while let last = value.last, last.isWhitespace { value.removeLast() }
            if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
            switch parts[0] {
            case "control":
                guard let endpoint = Endpoint(url: String(value)) else {
                    throw bad("\(path):\(index + 1): control is \"\(value)\"; expected http://HOST:PORT")
                }
                control = endpoint
            case "token":
                // Its text is not repeated: it is a secret, perhaps with a typing error.
                guard let bearer = BearerToken(String(value)) else {
                    throw bad("\(path):\(index + 1): the token is malformed")
                }
                token = bearer
            case "store":
                guard let endpoint = Endpoint(url: String(value)) else {
                    throw bad("\(path):\(index + 1): store is \"\(value)\"; expected http://HOST:PORT")
                }
                store.endpoint = endpoint
            case "access_key": store.accessKey = String(value)
            case "secret_key": store.secretKey = String(value)
            default:
                throw bad(
                    "\(path):\(index + 1): unknown key \"\(parts[0])\"; expected control, token, store, access_key or secret_key"
                )
            }
        }
        let hasStore = !store.accessKey.isEmpty && !store.secretKey.isEmpty
        return ControlCredentials(control: control, token: token, store: hasStore ? store : nil)
    }

    /// Writes the file so that only its owner can read it, in place of an earlier one.
    public func write(path: String) throws(ControlClientError) {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var text = "# Written by apus. The command line reads it when neither flags nor environment say more.\n"
        text += "control: \(control)\n"
        if let token { text += "token: \(token.text)\n" }
        if let store {
            text += "store: \(store.endpoint)\naccess_key: \(store.accessKey)\nsecret_key: \(store.secretKey)\n"
        }
        let temporary = "\(path).\(getpid()).new"
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw Self.bad("The folder \(folder) cannot be made: \(error)")
        }
        unlink(temporary)
        // Never readable for others, not even for a moment.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Self.bad("The credentials file \(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        let bytes = Array(text.utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count, rename(temporary, path) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(temporary)
            throw Self.bad("The credentials file \(path) cannot be written: \(reason)")
        }
    }

    private static func endpoint(_ url: String) throws(ControlClientError) -> Endpoint {
        guard let endpoint = Endpoint(url: url) else {
            throw bad("The address of control is \"\(url)\"; expected http://HOST:PORT")
        }
        return endpoint
    }

    private static func bearer(_ text: String) throws(ControlClientError) -> BearerToken {
        guard let token = BearerToken(text) else { throw bad("The token has characters that no token has") }
        return token
    }

    private static func bad(_ sentence: String) -> ControlClientError {
        ControlClientError(.badSettings, sentence + ".")
    }
}
