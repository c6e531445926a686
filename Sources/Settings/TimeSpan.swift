/// A length of time in whole milliseconds, never negative. A value.
///
/// Written as a whole number and a unit, several of them in falling order: `30s`, `250ms`, `1h`, `1h30m`, `7d`.
public struct TimeSpan: Sendable, Hashable, Comparable {
    /// The whole length in milliseconds.
    public let milliseconds: Int64

    /// Makes a span of so many milliseconds; a negative number is taken as 0.
    public init(milliseconds: Int64) {
        self.milliseconds = max(0, milliseconds)
    }

    /// Makes a span of so many seconds.
    public static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(milliseconds: count * 1000) }
    /// Makes a span of so many hours.
    public static func hours(_ count: Int64) -> TimeSpan { seconds(count * 3600) }
    /// Makes a span of so many days, of 24 hours each.
    public static func days(_ count: Int64) -> TimeSpan { hours(count * 24) }

    /// The whole length in seconds, rounded down.
    public var seconds: Int64 { milliseconds / 1000 }
    /// The same as a `Duration`.
    public var duration: Duration { .milliseconds(milliseconds) }

    /// By length.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }

    /// Falling order, which is also the order that a text must keep.
    private static let units: [(name: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    private static let expectation = "a whole number and a unit, such as 250ms, 30s, 5m, 1h or 7d"

    /// A thousand years: what is longer is a slip of the finger.
    private static let longest = TimeSpan.days(365_250)

    /// Reads the text of a span.
    /// - Throws: ``ValueError`` with a hint when the unit is missing.
    public static func parse(_ text: String) throws(ValueError) -> TimeSpan {
        if text == "0" { return TimeSpan(milliseconds: 0) }
        var rest = Substring(text)
        var total: Int64 = 0
        var nextUnit = 0
        repeat {
            let (digits, tail) = NumberAndUnit.split(rest)
            guard let digits else { throw ValueError(expected: expectation) }
            let name = String(tail.prefix { $0.isLetter })
            if name.isEmpty, tail.isEmpty, nextUnit == 0 {
                throw ValueError(expected: expectation, hint: "write \(digits)s if seconds are meant")
            }
            guard let index = units.indices.first(where: { units[$0].name == name }), index >= nextUnit else {
                throw ValueError(expected: expectation, hint: hint(unit: name))
            }
            guard let number = Int64(digits), number <= longest.milliseconds / units[index].milliseconds else {
                throw ValueError(expected: "a time of at most 1000 years")
            }
            total += number * units[index].milliseconds
            nextUnit = index + 1
            rest = tail.dropFirst(name.count)
        } while !rest.isEmpty
        return TimeSpan(milliseconds: total)
    }

    private static func hint(unit: String) -> String? {
        switch unit.lowercased() {
        case "sec", "secs", "second", "seconds": "seconds are written s"
        case "min", "mins", "minute", "minutes": "minutes are written m"
        case "hour", "hours", "hr", "hrs": "hours are written h"
        case "day", "days": "days are written d"
        case "w", "week", "weeks": "write a week as 7d"
        case "y", "year", "years": "write a year as 365d"
        default: nil
        }
    }
}

extension TimeSpan: CustomStringConvertible {
    /// The shortest exact form, which ``parse(_:)`` reads back: "1h30m".
    public var description: String {
        guard milliseconds > 0 else { return "0s" }
        var rest = milliseconds
        var text = ""
        for (name, factor) in Self.units where rest >= factor {
            text += "\(rest / factor)\(name)"
            rest %= factor
        }
        return text
    }
}
