import HTTPWire
import NIOCore
import Settings

/// What a site changes in the fields of its answers, for the paths of one rule or for those of none. Immutable snapshot.
///
/// What is added is serialised here, once. What the answer itself says may speak against some of it: so each field of an
/// answer's head that is named here is looked up in ``watched``.
final class SiteFields: Sendable {
    /// A field of answers that is not simply passed on. A value.
    struct Watched: Sendable {
        /// In lower case.
        let name: [UInt8]
        let action: Action
    }

    /// What becomes of a field that the answer has. A value.
    enum Action: Sendable, Equatable {
        /// It is left out.
        case remove
        /// It is left out, since another one is added; `onErrors`: also of answers that are errors.
        case replace(onErrors: Bool)
        /// The same, unless it says `private` or `no-store`: no setting makes such an answer anyone's.
        case replaceCacheControl
        /// It stays, and the site's own is not added.
        case keep(Skip)
        /// It may say that the answer is a font.
        case contentType
    }

    /// Fields that are not added to some answers. A value.
    struct Skip: OptionSet, Sendable {
        let rawValue: UInt8
        static let cacheControl = Skip(rawValue: 1)
        static let contentTypeOptions = Skip(rawValue: 2)
        static let frameOptions = Skip(rawValue: 4)
        static let referrerPolicy = Skip(rawValue: 8)
        static let transportSecurity = Skip(rawValue: 16)
        static let allowOrigin = Skip(rawValue: 32)
    }

    /// Which answers a line is for. A value.
    enum Kind: Int, Sendable, CaseIterable {
        case success
        /// A 304 carries what is to change in what the browser has (RFC 9110, section 15.4.5), and nothing about a body.
        case notModified
        case error

        init(status: Int) {
            self = status == 304 ? .notModified : (200..<400).contains(status) ? .success : .error
        }
    }

    /// A field line that is added. A value.
    private struct Line: Sendable {
        let bytes: ByteBuffer
        let kinds: [Kind]
        /// Strict-Transport-Security must not be sent in clear (RFC 6797, section 7.2).
        let isForTLS: Bool
        /// Which bit leaves it out.
        let skip: Skip
    }

    let watched: [Watched]
    /// Bit n: there is a watched name of n bytes, or n + 64.
    private let lengths: UInt64
    private let lines: [Line]
    /// All lines for a kind of answer, in clear and through TLS, for the usual case that nothing is skipped.
    private let blocks: [ByteBuffer]
    /// `Access-Control-Allow-Origin: *`
    let cors: CORSRule

    /// - Parameters:
    ///   - changes: those of the site, then those of the rule; a later one goes before an earlier one of the same name.
    ///   - cors: of the site.
    ///   - security: whether the usual security fields are added.
    init(_ changes: [HeaderChanges], cors: CORSRule, security: Bool) {
        var watched: [String: Action] = [:]
        var added: [String: HeaderField] = [:]
        for change in changes {
            for name in change.remove.map({ $0.lowercased() }) {
                watched[name] = .remove
                added[name] = nil
            }
            for field in change.add {
                let name = field.name.lowercased()
                watched[name] =
                    name == "cache-control" ? .replaceCacheControl : .replace(onErrors: !Self.isAboutCaching(name))
                added[name] = field
            }
        }
        var lines = added.sorted { $0.key < $1.key }.map { name, field in
            Line(
                bytes: Self.serialised(field),
                kinds: Self.kinds(name),
                isForTLS: name == "strict-transport-security",
                skip: name == "cache-control" ? .cacheControl : []
            )
        }
        for (field, skip) in security ? Self.securityFields : [] where watched[field.name.lowercased()] == nil {
            watched[field.name.lowercased()] = .keep(skip)
            lines.append(
                Line(
                    bytes: Self.serialised(field),
                    kinds: Kind.allCases,
                    isForTLS: skip == .transportSecurity,
                    skip: skip
                )
            )
        }
        let mayAllow = cors != .none && watched[Self.allowOrigin] == nil
        if mayAllow { watched[Self.allowOrigin] = .keep(.allowOrigin) }
        if mayAllow, cors == .fonts { watched["content-type"] = .contentType }
        self.cors = mayAllow ? cors : .none
        self.watched = watched.map { Watched(name: Array($0.key.utf8), action: $0.value) }
        lengths = self.watched.reduce(0) { $0 | 1 << UInt64($1.name.count & 63) }
        self.lines = lines
        blocks = Kind.allCases.flatMap { kind in
            [false, true].map { isSecure in
                var block = ByteBuffer()
                for line in lines where line.kinds.contains(kind) && (isSecure || !line.isForTLS) {
                    block.writeImmutableBuffer(line.bytes)
                }
                return block
            }
        }
    }

    /// What is to be done with a field of this name; nil: nothing.
    func action(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Action? {
        guard lengths >> UInt64(name.count & 63) & 1 == 1 else { return nil }
        for entry in watched where entry.name.count == name.count {
            var index = 0
            while index < name.count, entry.name[index] == ASCII.lower(bytes[name.lowerBound + index]) { index += 1 }
            if index == name.count { return entry.action }
        }
        return nil
    }

    /// Writes what is added to an answer.
    func write(_ kind: Kind, isSecure: Bool, skipping skip: Skip, into buffer: inout ByteBuffer) {
        if skip.subtracting(.allowOrigin).isEmpty {
            buffer.writeImmutableBuffer(blocks[kind.rawValue * 2 + (isSecure ? 1 : 0)])
            return
        }
        for line in lines
        where line.kinds.contains(kind) && (isSecure || !line.isForTLS) && line.skip.isDisjoint(with: skip) {
            buffer.writeImmutableBuffer(line.bytes)
        }
    }

    /// Removes from an answer what no client is to see and this edge does not need itself, before it is stored.
    func strip(_ fields: inout FieldList) {
        for entry in watched where entry.action == .remove && Self.isOfNoUse(FieldName(entry.name.span)) {
            fields.remove(name: String(decoding: entry.name, as: UTF8.self))
        }
    }

    /// Whether caching, conditions and purges do without it. Others are left out on the way to the client alone.
    private static func isOfNoUse(_ name: FieldName) -> Bool {
        switch name {
        case .other, .server, .setCookie: true
        default: false
        }
    }

    // MARK: Which fields

    private static let allowOrigin = "access-control-allow-origin"

    /// A year; not for the hosts below, which need not speak TLS. No frames of other sites, no guessing of types, and no
    /// paths for others to see where visitors came from.
    private static let securityFields: [(HeaderField, Skip)] = [
        (HeaderField(name: "X-Content-Type-Options", value: "nosniff"), .contentTypeOptions),
        (HeaderField(name: "X-Frame-Options", value: "SAMEORIGIN"), .frameOptions),
        (HeaderField(name: "Referrer-Policy", value: "strict-origin-when-cross-origin"), .referrerPolicy),
        (HeaderField(name: "Strict-Transport-Security", value: "max-age=31536000"), .transportSecurity),
    ]

    /// No error is to be kept for a year because its path is one of files that are.
    private static func isAboutCaching(_ name: String) -> Bool {
        ["cache-control", "cdn-cache-control", "surrogate-control", "expires", "pragma"].contains(name)
    }

    private static func kinds(_ name: String) -> [Kind] {
        if isAboutCaching(name) { return [.success, .notModified] }
        let isAboutBody = name.hasPrefix("content-") && !name.hasPrefix("content-security-policy")
        return isAboutBody ? [.success, .error] : Kind.allCases
    }

    private static func serialised(_ field: HeaderField) -> ByteBuffer {
        ByteBuffer(string: "\(field.name): \(field.value)\r\n")
    }
}
