import HTTPWire
import RawStructuredFieldValues

extension CacheControl {
    /// The directives of `CDN-Cache-Control` (RFC 9213, section 3.1); nil: it is absent, empty or malformed, and counts
    /// as absent (section 2.1).
    ///
    /// The field is a Dictionary (RFC 9651, section 3.2): names are in lower case, of several the last counts, and one
    /// error spoils the field. Parameters and unknown directives are ignored.
    init?(targeted fields: FieldList) {
        guard fields.contains(.cdnCacheControl) else { return nil }
        var lines = [UInt8]()
        for field in fields.fields where field.name == .cdnCacheControl {
            if !lines.isEmpty { lines += [ASCII.comma, ASCII.space] }
            guard lines.count + field.valueRange.count <= Limits.targetedFieldBytes else { return nil }
            lines += fields.bytes[field.valueRange]
        }
        var parser = StructuredFieldValueParser(lines)
        guard let members = try? parser.parseDictionaryFieldValue(), !members.isEmpty else { return nil }
        self.init()
        isTargeted = true
        for (name, member) in members {
            // No directive is a list.
            if case .item(let item) = member { note(name, item.rfc9651BareItem) } else { note(name, nil) }
        }
    }

    /// One member. `nil`: a list of values.
    private mutating func note(_ name: String, _ value: RFC9651BareItem?) {
        switch name {
        case "max-age": maxAge = Self.lifetime(value)
        case "s-maxage": sMaxAge = Self.lifetime(value)
        case "stale-while-revalidate": staleWhileRevalidate = Self.seconds(value)
        case "stale-if-error": staleIfError = Self.seconds(value)
        case "no-store": noStore = Self.isRestriction(value)
        case "no-cache": noteNames(value, \.noCache, \.noCacheFields)
        case "private": noteNames(value, \.isPrivate, \.privateFields)
        case "must-revalidate": mustRevalidate = Self.isRestriction(value)
        case "proxy-revalidate": proxyRevalidate = Self.isRestriction(value)
        case "no-transform": noTransform = Self.isRestriction(value)
        case "public": isPublic = value == .bool(true)
        case "must-understand": mustUnderstand = value == .bool(true)
        case "immutable": immutable = value == .bool(true)
        default: break
        }
    }

    private mutating func noteNames(
        _ value: RFC9651BareItem?,
        _ flag: WritableKeyPath<CacheControl, Bool>,
        _ names: WritableKeyPath<CacheControl, [String]>
    ) {
        self[keyPath: flag] = false
        self[keyPath: names] = []
        switch value {
        case .string(let text), .token(let text):
            let bytes = Array(text.utf8)
            noteNames(bytes.span, 0..<bytes.count, flag, names)
        default:
            self[keyPath: flag] = Self.isRestriction(value)
        }
    }

    /// What restricts does so whatever its value, unless that is false; what permits must be true.
    private static func isRestriction(_ value: RFC9651BareItem?) -> Bool { value != .bool(false) }

    /// A lifetime that is no Integer, or negative, is a stale one (RFC 9111, section 4.2.1).
    private static func lifetime(_ value: RFC9651BareItem?) -> Int64 { seconds(value) ?? 0 }

    /// Any other seconds that are none are ignored.
    private static func seconds(_ value: RFC9651BareItem?) -> Int64? {
        guard case .integer(let seconds) = value, seconds >= 0 else { return nil }
        return min(seconds, secondsMax)
    }
}
