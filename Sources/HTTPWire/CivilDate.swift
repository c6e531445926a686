/// A moment in the proleptic Gregorian calendar, UTC. A value.
///
/// The conversions count days in eras of 400 years that begin on 1 March, so that the leap day is the last of its year.
package struct CivilDate: Sendable, Equatable {
    package var year: Int
    /// 1 to 12.
    package var month: Int
    /// 1 to 31.
    package var day: Int
    package var hour = 0
    package var minute = 0
    /// 0 to 60; 60 in a leap second.
    package var second = 0

    package init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    package init(unixSeconds: Int64) {
        let (days, rest) = Self.floorDivide(Int(unixSeconds), 86_400)
        let (era, dayOfEra) = Self.floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
    }

    /// Days since 1 January 1970.
    package var dayNumber: Int {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = Self.floorDivide(shifted, 400)
        let monthFromMarch = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    package var unixSeconds: Int64 { Int64(dayNumber * 86_400 + hour * 3600 + minute * 60 + second) }

    /// 0 is Sunday.
    package var weekday: Int { Self.floorDivide(dayNumber + 4, 7).1 }

    /// Do day and time exist?
    package var isValid: Bool {
        guard (1...12).contains(month), day >= 1, hour < 24, minute < 60, second <= 60 else { return false }
        return CivilDate(unixSeconds: CivilDate(year: year, month: month, day: day).unixSeconds).day == day
    }

    private static func floorDivide(_ number: Int, _ divisor: Int) -> (Int, Int) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
