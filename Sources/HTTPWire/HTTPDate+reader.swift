extension HTTPDate {
    /// Reads a date from left to right; any deviation ends it. A value on the stack, given the text at each step.
    struct Reader {
        var index: Int
        let end: Int

        init(_ range: Range<Int>) {
            index = range.lowerBound
            end = range.upperBound
        }

        mutating func date(_ text: Span<UInt8>, referenceYear: Int) -> Int64? {
            let start = index
            while index < end, ASCII.isAlpha(text[index]) { index += 1 }
            let name = start..<index
            guard index < end else { return nil }
            let date: CivilDate?
            if text[index] == ASCII.comma {
                index += 1
                guard skip(text, ASCII.space) else { return nil }
                if Self.isShortDay(text, name) {
                    date = imfFixdate(text)
                } else if Self.isLongDay(text, name) {
                    date = rfc850(text, referenceYear: referenceYear)
                } else {
                    return nil
                }
            } else {
                guard Self.isShortDay(text, name), skip(text, ASCII.space) else { return nil }
                date = asctime(text)
            }
            guard let date, date.isValid, index == end else { return nil }
            return date.unixSeconds
        }

        /// 06 Nov 1994 08:49:37 GMT
        private mutating func imfFixdate(_ text: Span<UInt8>) -> CivilDate? {
            guard let day = number(text, 2), skip(text, ASCII.space), let month = month(text), skip(text, ASCII.space),
                let year = number(text, 4), skip(text, ASCII.space)
            else { return nil }
            var date = CivilDate(year: year, month: month, day: day)
            guard time(text, &date), skip(text, ASCII.space), gmt(text) else { return nil }
            return date
        }

        /// 06-Nov-94 08:49:37 GMT
        private mutating func rfc850(_ text: Span<UInt8>, referenceYear: Int) -> CivilDate? {
            guard let day = number(text, 2), skip(text, ASCII.hyphen), let month = month(text),
                skip(text, ASCII.hyphen),
                let short = number(text, 2), skip(text, ASCII.space)
            else { return nil }
            var year = referenceYear - referenceYear % 100 + 100 + short
            while year > referenceYear + 50 { year -= 100 }
            var date = CivilDate(year: year, month: month, day: day)
            guard time(text, &date), skip(text, ASCII.space), gmt(text) else { return nil }
            return date
        }

        /// Nov  6 08:49:37 1994
        private mutating func asctime(_ text: Span<UInt8>) -> CivilDate? {
            guard let month = month(text), skip(text, ASCII.space), index < end else { return nil }
            let digits = text[index] == ASCII.space ? 1 : 2
            if digits == 1 { index += 1 }
            guard let day = number(text, digits), skip(text, ASCII.space) else { return nil }
            var date = CivilDate(year: 0, month: month, day: day)
            guard time(text, &date), skip(text, ASCII.space), let year = number(text, 4) else { return nil }
            date.year = year
            return date
        }

        private mutating func time(_ text: Span<UInt8>, _ date: inout CivilDate) -> Bool {
            guard let hour = number(text, 2), skip(text, ASCII.colon), let minute = number(text, 2),
                skip(text, ASCII.colon),
                let second = number(text, 2)
            else { return false }
            date.hour = hour
            date.minute = minute
            date.second = second
            return true
        }

        private mutating func skip(_ text: Span<UInt8>, _ byte: UInt8) -> Bool {
            guard index < end, text[index] == byte else { return false }
            index += 1
            return true
        }

        private mutating func number(_ text: Span<UInt8>, _ digits: Int) -> Int? {
            guard end - index >= digits else { return nil }
            var value = 0
            for place in index..<index + digits {
                guard ASCII.isDigit(text[place]) else { return nil }
                value = value * 10 + Int(text[place] - ASCII.zero)
            }
            index += digits
            return value
        }

        private mutating func gmt(_ text: Span<UInt8>) -> Bool {
            guard end - index == 3, text.matches(index..<end, lowercase: "gmt") else { return false }
            index = end
            return true
        }

        private mutating func month(_ text: Span<UInt8>) -> Int? {
            guard end - index >= 3 else { return nil }
            let word = Self.lowerWord(text, index)
            index += 3
            switch word {
            case 0x6A_616E: return 1
            case 0x66_6562: return 2
            case 0x6D_6172: return 3
            case 0x61_7072: return 4
            case 0x6D_6179: return 5
            case 0x6A_756E: return 6
            case 0x6A_756C: return 7
            case 0x61_7567: return 8
            case 0x73_6570: return 9
            case 0x6F_6374: return 10
            case 0x6E_6F76: return 11
            case 0x64_6563: return 12
            default: return nil
            }
        }

        private static func lowerWord(_ text: Span<UInt8>, _ index: Int) -> UInt32 {
            UInt32(ASCII.lower(text[index])) << 16 | UInt32(ASCII.lower(text[index + 1])) << 8
                | UInt32(ASCII.lower(text[index + 2]))
        }

        private static func isShortDay(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
            guard name.count == 3 else { return false }
            switch lowerWord(text, name.lowerBound) {
            case 0x73_756E, 0x6D_6F6E, 0x74_7565, 0x77_6564, 0x74_6875, 0x66_7269, 0x73_6174: return true
            default: return false
            }
        }

        private static func isLongDay(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
            text.matches(name, lowercase: "sunday") || text.matches(name, lowercase: "monday")
                || text.matches(name, lowercase: "tuesday") || text.matches(name, lowercase: "wednesday")
                || text.matches(name, lowercase: "thursday") || text.matches(name, lowercase: "friday")
                || text.matches(name, lowercase: "saturday")
        }
    }
}
