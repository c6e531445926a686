import HTTPWire

/// Why a text is not a purge scope. A value.
public struct PurgeScopeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was found and what was expected, without a full stop.
    public let description: String
}

extension PurgeScope {
    /// One URL: `http://host/path?query`. Scheme, port and fragment say nothing and may be missing; so may the path.
    ///
    /// Characters that a browser would encode (blanks, letters beyond ASCII) may be written plainly.
    public init(url: String) throws(PurgeScopeError) {
        let parts = try Self.parts(of: url, as: "purge URL")
        self = .url(host: parts.host, path: parts.path, query: parts.query)
    }

    /// A prefix: `http://host/assets/`, also written `http://host/assets/*`.
    public init(prefix: String) throws(PurgeScopeError) {
        let text = prefix.hasSuffix("*") ? String(prefix.dropLast()) : prefix
        let parts = try Self.parts(of: text, as: "purge prefix")
        guard parts.query == nil else {
            throw PurgeScopeError(
                description: "The purge prefix \"\(prefix)\" has a query; a prefix is one of the path"
            )
        }
        self = .prefix(host: parts.host, path: parts.path)
    }

    /// A site, named by one of its hosts: `example.com`, or any URL of it.
    public init(site: String) throws(PurgeScopeError) {
        self = .site(host: try Self.parts(of: site, as: "site").host)
    }

    /// A tag, as objects carry it: printable ASCII without blanks and commas.
    public init(tag: String, site: String?) throws(PurgeScopeError) {
        let isGood = tag.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") }
        guard isGood, (1...ControlFieldLimits.tagBytes).contains(tag.utf8.count) else {
            throw PurgeScopeError(
                description: """
                    The tag \"\(tag.prefix(64))\" is not 1 to \(ControlFieldLimits.tagBytes) printable ASCII characters \
                    without blanks and commas
                    """
            )
        }
        var host: String?
        if let site { host = try Self.parts(of: site, as: "site").host }
        self = .tag(tag, host: host)
    }

    private static func parts(
        of url: String,
        as what: String
    ) throws(PurgeScopeError) -> (host: String, path: String, query: String?) {
        func refuse() -> PurgeScopeError {
            PurgeScopeError(description: "\"\(url.prefix(200))\" is not a \(what); expected http://HOST/PATH")
        }
        guard url.utf8.count <= ControlFieldLimits.urlBytes else {
            throw PurgeScopeError(
                description: "The \(what) \"\(url.prefix(64))…\" is longer than \(ControlFieldLimits.urlBytes) bytes"
            )
        }
        var rest = url[...]
        if let scheme = url.firstRange(of: "://") {
            let name = url[..<scheme.lowerBound].lowercased()
            guard name == "http" || name == "https" else { throw refuse() }
            rest = url[scheme.upperBound...]
        }
        if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
        let authorityEnd = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        var host: [UInt8] = []
        guard RequestTarget.host(Array(rest[..<authorityEnd].utf8).span, into: &host) else { throw refuse() }
        var target = rest[authorityEnd...].replacing(" ", with: "%20")
        if !target.hasPrefix("/") { target = "/" + target }
        var path: [UInt8] = []
        var query: [UInt8] = []
        var hasQuery = false
        guard RequestTarget.normalise(Array(target.utf8).span, path: &path, query: &query, hasQuery: &hasQuery) else {
            throw refuse()
        }
        return (
            String(decoding: host, as: UTF8.self), String(decoding: path, as: UTF8.self),
            hasQuery ? String(decoding: query, as: UTF8.self) : nil
        )
    }
}
