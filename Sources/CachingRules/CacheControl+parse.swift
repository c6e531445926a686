import HTTPWire

extension CacheControl {
    /// Reads one field value: `directive [= token / quoted-string], …`.
    mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        var members = QuotedMembers(range)
        while let member = members.next(bytes) {
            if !member.isEmpty { note(bytes, member) }
        }
    }

    private mutating func note(_ bytes: Span<UInt8>, _ member: Range<Int>) {
        var end = member.lowerBound
        while end < member.upperBound, ASCII.isToken(bytes[end]) { end += 1 }
        let name = member.lowerBound..<end
        // `max-age =60` is malformed; the argument then is, and not the name.
        let rest = bytes.trimmingBlanks(end..<member.upperBound)
        let argument: Argument
        if rest.isEmpty {
            argument = .absent
        } else if rest.lowerBound == end, bytes[end] == ASCII.equals {
            argument = .value(Self.unquoted(bytes, end + 1..<member.upperBound))
        } else {
            argument = .malformed
        }
        switch name.count {
        case 6 where bytes.matches(name, lowercase: "public"): isPublic = true
        case 7: noteSevenLetters(bytes, name, argument)
        case 8: noteEightLetters(bytes, name, argument)
        case 9 where bytes.matches(name, lowercase: "min-fresh"): Self.note(&minFresh, bytes, argument, otherwise: nil)
        case 9 where bytes.matches(name, lowercase: "max-stale"):
            let absent = argument == .absent ? Self.secondsMax : nil
            Self.note(&maxStale, bytes, argument, otherwise: absent)
        case 9 where bytes.matches(name, lowercase: "immutable"): immutable = true
        case 12 where bytes.matches(name, lowercase: "no-transform"): noTransform = true
        case 14: noteFourteenLetters(bytes, name, argument)
        case 15 where bytes.matches(name, lowercase: "must-revalidate"): mustRevalidate = true
        case 15 where bytes.matches(name, lowercase: "must-understand"): mustUnderstand = true
        case 16 where bytes.matches(name, lowercase: "proxy-revalidate"): proxyRevalidate = true
        case 22 where bytes.matches(name, lowercase: "stale-while-revalidate"):
            Self.note(&staleWhileRevalidate, bytes, argument, otherwise: nil)
        default: break
        }
    }

    private mutating func noteSevenLetters(_ bytes: Span<UInt8>, _ name: Range<Int>, _ argument: Argument) {
        if bytes.matches(name, lowercase: "max-age") {
            Self.note(&maxAge, bytes, argument, otherwise: 0)
        } else if bytes.matches(name, lowercase: "private") {
            noteNames(bytes, argument, \.isPrivate, \.privateFields)
        }
    }

    private mutating func noteEightLetters(_ bytes: Span<UInt8>, _ name: Range<Int>, _ argument: Argument) {
        if bytes.matches(name, lowercase: "no-store") {
            noStore = true
        } else if bytes.matches(name, lowercase: "no-cache") {
            noteNames(bytes, argument, \.noCache, \.noCacheFields)
        } else if bytes.matches(name, lowercase: "s-maxage") {
            Self.note(&sMaxAge, bytes, argument, otherwise: 0)
        }
    }

    private mutating func noteFourteenLetters(_ bytes: Span<UInt8>, _ name: Range<Int>, _ argument: Argument) {
        if bytes.matches(name, lowercase: "stale-if-error") {
            Self.note(&staleIfError, bytes, argument, otherwise: nil)
        } else if bytes.matches(name, lowercase: "only-if-cached") {
            onlyIfCached = true
        }
    }

    /// What follows a directive's name. A value.
    private enum Argument: Equatable {
        case absent, malformed
        case value(Range<Int>)
    }

    private mutating func noteNames(
        _ bytes: Span<UInt8>,
        _ argument: Argument,
        _ flag: WritableKeyPath<CacheControl, Bool>,
        _ names: WritableKeyPath<CacheControl, [String]>
    ) {
        if case .value(let range) = argument {
            noteNames(bytes, range, flag, names)
        } else {
            self[keyPath: flag] = true
        }
    }

    private static func note(_ place: inout Int64?, _ bytes: Span<UInt8>, _ argument: Argument, otherwise: Int64?) {
        guard place == nil else { return }
        if case .value(let range) = argument, let seconds = seconds(bytes, range) {
            place = seconds
        } else {
            place = otherwise
        }
    }

    /// The inside of a quoted string, or the argument as it is.
    private static func unquoted(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
        guard range.count >= 2, bytes[range.lowerBound] == ASCII.quote, bytes[range.upperBound - 1] == ASCII.quote
        else {
            return range
        }
        return range.lowerBound + 1..<range.upperBound - 1
    }

    /// delta-seconds (RFC 9111, section 1.2.2): digits only, saturating at 2^31.
    static func seconds(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int64? {
        guard !range.isEmpty else { return nil }
        var value: Int64 = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            value = min(value * 10 + Int64(bytes[index] - ASCII.zero), secondsMax)
        }
        return value
    }
}
