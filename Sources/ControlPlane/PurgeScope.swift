/// What a purge covers. A value.
///
/// Hosts are in lower case and without port; paths and queries are in normal form (RFC 3986, section 6.2.2), so that an edge
/// can compare bytes. Which site a host belongs to is the edge's to say: its configuration names the hosts.
public enum PurgeScope: Sendable, Hashable {
    /// One URL. Without a query it covers every query of the path, with one exactly that (also the empty one).
    case url(host: String, path: String, query: String?)
    /// Every path of the host that begins with these bytes.
    case prefix(host: String, path: String)
    /// Everything that carries the tag, at one host's site or (nil) at all of them.
    case tag(String, host: String?)
    /// Everything of the site that the host belongs to.
    case site(host: String)
    /// Everything.
    case all

    /// The host that the scope is limited to; nil: none.
    public var host: String? {
        switch self {
        case .url(let host, _, _), .prefix(let host, _), .site(let host): host
        case .tag(_, let host): host
        case .all: nil
        }
    }
}

extension PurgeScope: CustomStringConvertible {
    /// The scope as people read it.
    public var description: String {
        switch self {
        case .url, .prefix(_, _): text + (isPrefix ? "*" : "")
        case .tag(let tag, let host): host.map { "tag \(tag) of \($0)" } ?? "tag \(tag)"
        case .site(let host): "site \(host)"
        case .all: "everything"
        }
    }

    private var isPrefix: Bool {
        if case .prefix = self { true } else { false }
    }

    /// The URL of a URL or prefix scope; its scheme says nothing.
    private var text: String {
        switch self {
        case .url(let host, let path, let query): "http://\(host)\(path)\(query.map { "?" + $0 } ?? "")"
        case .prefix(let host, let path): "http://\(host)\(path)"
        case .tag, .site, .all: ""
        }
    }
}

// MARK: - JSON

/// One object a scope: `{"url": …}`, `{"prefix": …}`, `{"tag": …, "site": …}`, `{"site": …}` or `{"all": true}`.
extension PurgeScope: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads and normalises a scope.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func text(_ name: String) throws -> String {
            try container.decode(String.self, forKey: Key(stringValue: name))
        }
        func refuse(_ sentence: String) -> DecodingError {
            DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: sentence))
        }
        do {
            switch container.allKeys.map(\.stringValue).sorted() {
            case ["url"]: self = try .init(url: text("url"))
            case ["prefix"]: self = try .init(prefix: text("prefix"))
            case ["tag"]: self = try .init(tag: text("tag"), site: nil)
            case ["site", "tag"]: self = try .init(tag: text("tag"), site: text("site"))
            case ["site"]: self = try .init(site: text("site"))
            case ["all"]:
                guard try container.decode(Bool.self, forKey: Key(stringValue: "all")) else {
                    throw refuse("A scope says \"all\": false")
                }
                self = .all
            case let keys:
                throw refuse(
                    "A scope has the keys [\(keys.joined(separator: ", "))]; expected url, prefix, tag, site or all"
                )
            }
        } catch let error as PurgeScopeError {
            throw refuse(error.description)
        }
    }

    /// Writes the scope in normal form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .url: try container.encode(text, forKey: Key(stringValue: "url"))
        case .prefix: try container.encode(text, forKey: Key(stringValue: "prefix"))
        case .tag(let tag, let host):
            try container.encode(tag, forKey: Key(stringValue: "tag"))
            try container.encodeIfPresent(host, forKey: Key(stringValue: "site"))
        case .site(let host): try container.encode(host, forKey: Key(stringValue: "site"))
        case .all: try container.encode(true, forKey: Key(stringValue: "all"))
        }
    }
}
