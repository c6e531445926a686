extension FieldList {
    /// Removes what belongs to one connection only: RFC 9110, section 7.6.1, and the fields that Connection names.
    ///
    /// Host, Content-Length, Cache-Control, Via and CDN-Loop stay even when Connection names them: the first two are
    /// part of the message's framing and routing, of the third the RFC says that it is never appropriate, and without
    /// the last two a sender could hide a loop. The proxy's own authentication (RFC 9110, section 11.7) goes as well.
    public mutating func removeHopByHop() {
        let copy = self
        let mayName = copy.mayContain(.connection)
        fields.removeAll { field in
            switch field.name {
            case .connection, .keepAlive, .proxyConnection, .te, .trailer, .transferEncoding, .upgrade,
                .proxyAuthenticate, .proxyAuthorization:
                true
            case .host, .contentLength, .cacheControl, .via, .cdnLoop:
                false
            case .other where copy.bytes.span.matches(field.nameRange, lowercase: "proxy-authentication-info"):
                true
            default:
                mayName && copy.isConnectionOption(field.nameRange)
            }
        }
    }

    /// Does a Connection field name others than those that everyone takes for fields of one connection?
    public var connectionNamesFields: Bool {
        let all = bytes.span
        for field in fields where field.name == .connection {
            var start = field.valueRange.lowerBound
            while start <= field.valueRange.upperBound {
                var end = start
                while end < field.valueRange.upperBound, all[end] != ASCII.comma { end += 1 }
                let option = all.trimmingBlanks(start..<end)
                let isUsual =
                    option.isEmpty || all.matches(option, lowercase: "keep-alive")
                    || all.matches(option, lowercase: "close") || all.matches(option, lowercase: "upgrade")
                if !isUsual { return true }
                start = end + 1
            }
        }
        return false
    }

    /// Does a Connection field name the field whose name is in `name`?
    private func isConnectionOption(_ name: Range<Int>) -> Bool {
        let all = bytes.span
        for field in fields where field.name == .connection {
            var start = field.valueRange.lowerBound
            while start <= field.valueRange.upperBound {
                var end = start
                while end < field.valueRange.upperBound, all[end] != ASCII.comma { end += 1 }
                if all.equalIgnoringCase(all.trimmingBlanks(start..<end), name) { return true }
                start = end + 1
            }
        }
        return false
    }
}

extension Span where Element == UInt8 {
    /// Do two ranges hold the same bytes, without regard to case?
    func equalIgnoringCase(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for offset in 0..<one.count
        where ASCII.lower(self[one.lowerBound + offset]) != ASCII.lower(self[other.lowerBound + offset]) {
            return false
        }
        return true
    }
}
