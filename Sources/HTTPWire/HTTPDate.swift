/// Dates of HTTP fields (RFC 9110, section 5.6.7) as Unix seconds. A namespace; reads no clock.
///
/// Strict in form, because a date that is not understood must count as "already expired" (RFC 9111, section 5.3) and
/// guessing would do the opposite: two-digit hours, single spaces, GMT, and a calendar day that exists. Lenient in two
/// points where the meaning cannot be in doubt, and where the public test-suite for HTTP caches expects it: names of
/// days and months and "GMT" in any case, and the name of a day that does not belong to the date (it is redundant).
public enum HTTPDate {
    /// Unix seconds of a date in one of the three formats; nil for anything else.
    ///
    /// `referenceYear`: the year of "now" for two-digit years of the RFC 850 format, which are never read as more than
    /// 50 years ahead of it.
    public static func parse(_ text: some StringProtocol, referenceYear: Int = 2026) -> Int64? {
        parse(Array(text.utf8).span, referenceYear: referenceYear)
    }

    /// Unix seconds of a date in one of the three formats; nil for anything else. Allocates nothing.
    public static func parse(_ text: Span<UInt8>, referenceYear: Int = 2026) -> Int64? {
        parse(text, 0..<text.count, referenceYear: referenceYear)
    }

    /// The same for the bytes of `range`, as ``FieldList/range(of:)`` gives it.
    public static func parse(_ text: Span<UInt8>, _ range: Range<Int>, referenceYear: Int = 2026) -> Int64? {
        var reader = Reader(range)
        return reader.date(text, referenceYear: referenceYear)
    }

    /// "Sun, 06 Nov 1994 08:49:37 GMT". Years outside 0 to 9999 are clamped.
    public static func format(_ unixSeconds: Int64) -> String {
        var bytes = [UInt8]()
        bytes.reserveCapacity(29)
        format(unixSeconds, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends "Sun, 06 Nov 1994 08:49:37 GMT".
    public static func format(_ unixSeconds: Int64, into bytes: inout [UInt8]) {
        let date = CivilDate(unixSeconds: min(max(unixSeconds, earliest), latest))
        bytes.append(contentsOf: days[date.weekday].utf8)
        bytes.append(contentsOf: ", ".utf8)
        twoDigits(date.day, &bytes)
        bytes.append(ASCII.space)
        bytes.append(contentsOf: months[date.month - 1].utf8)
        bytes.append(ASCII.space)
        twoDigits(date.year / 100, &bytes)
        twoDigits(date.year % 100, &bytes)
        bytes.append(ASCII.space)
        twoDigits(date.hour, &bytes)
        bytes.append(ASCII.colon)
        twoDigits(date.minute, &bytes)
        bytes.append(ASCII.colon)
        twoDigits(date.second, &bytes)
        bytes.append(contentsOf: " GMT".utf8)
    }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// 1 January of the year 0 and 31 December 9999, the years that have four digits.
    private static let earliest: Int64 = -62_167_219_200
    private static let latest: Int64 = 253_402_300_799

    private static func twoDigits(_ number: Int, _ bytes: inout [UInt8]) {
        bytes.append(ASCII.zero &+ UInt8(truncatingIfNeeded: number / 10 % 10))
        bytes.append(ASCII.zero &+ UInt8(truncatingIfNeeded: number % 10))
    }
}
