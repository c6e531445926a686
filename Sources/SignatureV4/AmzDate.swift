internal import HTTPWire

/// The two ISO 8601 forms that S3 writes, from and to Unix time in UTC. A namespace.
public enum AmzDate {
    /// `20130524T000000Z`, the form of `x-amz-date`.
    public static func basic(_ unixSeconds: Int64) -> String {
        let date = CivilDate(unixSeconds: unixSeconds)
        return "\(pad(date.year, 4))\(pad(date.month))\(pad(date.day))"
            + "T\(pad(date.hour))\(pad(date.minute))\(pad(date.second))Z"
    }

    /// `2013-05-24T00:00:00.000Z`, the form of dates in S3's XML. Never called with times before 1970.
    public static func extended(unixMilliseconds: Int64) -> String {
        let date = CivilDate(unixSeconds: unixMilliseconds / 1000)
        return "\(pad(date.year, 4))-\(pad(date.month))-\(pad(date.day))"
            + "T\(pad(date.hour)):\(pad(date.minute)):\(pad(date.second)).\(pad(Int(unixMilliseconds % 1000), 3))Z"
    }

    /// Unix seconds of `20130524T000000Z`; nil for any other form or a day that does not exist.
    public static func parseBasic(_ text: some StringProtocol) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = number(bytes[0..<4]), let month = number(bytes[4..<6]), let day = number(bytes[6..<8]),
            let hour = number(bytes[9..<11]), let minute = number(bytes[11..<13]), let second = number(bytes[13..<15])
        else { return nil }
        var date = CivilDate(year: year, month: month, day: day)
        (date.hour, date.minute, date.second) = (hour, minute, second)
        return date.isValid ? date.unixSeconds : nil
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var result = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            result = result * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return result
    }

    private static func pad(_ value: Int, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
