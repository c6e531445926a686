/// An entity tag (RFC 9110, section 8.8.3). A value.
public struct EntityTag: Sendable, Hashable {
    /// Weak tags say "equivalent", strong ones "the same bytes".
    public var isWeak: Bool
    /// The part between the quotes, read as Latin-1.
    public var opaque: String

    /// A tag from its parts. The caller vouches that `opaque` holds neither quotes nor controls.
    public init(opaque: String, isWeak: Bool = false) {
        self.opaque = opaque
        self.isWeak = isWeak
    }

    /// Parses `"x"` or `W/"x"`; nil for anything else. `acceptBare`: also `x`, as some origins write it.
    public init?(_ text: some StringProtocol, acceptBare: Bool = false) {
        var bytes = [UInt8]()
        bytes.appendLatin1(text)
        self.init(bytes.span, 0..<bytes.count, acceptBare: acceptBare)
    }

    /// Parses the bytes of `range`, as ``FieldList/range(of:)`` gives it.
    public init?(_ bytes: Span<UInt8>, _ range: Range<Int>, acceptBare: Bool = false) {
        var reader = EntityTagReader(bytes.trimmingBlanks(range), acceptBare: acceptBare)
        guard let member = reader.next(bytes), reader.isAtEnd, !reader.isMalformed else { return nil }
        isWeak = member.isWeak
        opaque = bytes.latin1(member.opaque)
    }

    /// `"x"` or `W/"x"`.
    public var text: String { isWeak ? "W/\"\(opaque)\"" : "\"\(opaque)\"" }

    /// Both strong and the same (RFC 9110, section 8.8.3.2): for ranges and If-Match.
    public static func strongEqual(_ one: EntityTag, _ other: EntityTag) -> Bool {
        !one.isWeak && !other.isWeak && one.opaque == other.opaque
    }

    /// The same, weak or not (RFC 9110, section 8.8.3.2): for If-None-Match.
    public static func weakEqual(_ one: EntityTag, _ other: EntityTag) -> Bool { one.opaque == other.opaque }

    /// Parses the value of If-Match or If-None-Match; members after a malformed one are not seen.
    public static func list(_ text: some StringProtocol, acceptBare: Bool = false) -> EntityTagList {
        var bytes = [UInt8]()
        bytes.appendLatin1(text)
        let span = bytes.span
        if span.isAsterisk(0..<span.count) { return .any }
        var reader = EntityTagReader(0..<span.count, acceptBare: acceptBare)
        var tags = [EntityTag]()
        while let member = reader.next(span) {
            tags.append(EntityTag(opaque: span.latin1(member.opaque), isWeak: member.isWeak))
        }
        return .tags(tags)
    }

    /// Is this tag a member of the If-Match or If-None-Match value in `range`? `*` matches. Allocates nothing.
    public func isMember(of bytes: Span<UInt8>, _ range: Range<Int>, strong: Bool, acceptBare: Bool = false) -> Bool {
        if bytes.isAsterisk(range) { return true }
        if strong, isWeak { return false }
        var reader = EntityTagReader(range, acceptBare: acceptBare)
        while let member = reader.next(bytes) {
            if strong, member.isWeak { continue }
            if hasOpaque(bytes, member.opaque) { return true }
        }
        return false
    }

    private func hasOpaque(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        for scalar in opaque.unicodeScalars {
            guard index < range.upperBound, scalar.value == UInt32(bytes[index]) else { return false }
            index += 1
        }
        return index == range.upperBound
    }
}

/// What If-Match or If-None-Match asks for. A value.
public enum EntityTagList: Sendable, Equatable {
    /// `*`
    case any
    /// The well-formed members.
    case tags([EntityTag])
}
