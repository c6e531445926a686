/// A number of bytes. A value.
///
/// Written as a whole number and a unit: `512MiB`, `20GiB`, `64KiB`, `100MB`, `4096B`. Units of 1024 have an `i`; those of
/// 1000 have not. A bare `k`, `M` or `G` means one or the other depending on whom one asks, so it is refused.
public struct ByteSize: Sendable, Hashable, Comparable {
    /// The number of bytes.
    public let bytes: Int

    /// Makes a size of so many bytes; a negative number is taken as 0.
    public init(bytes: Int) {
        self.bytes = max(0, bytes)
    }

    /// 1 KiB is 1,024 bytes.
    public static func kibibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 10) }
    /// 1 MiB is 1,048,576 bytes.
    public static func mebibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 20) }
    /// 1 GiB is 1,073,741,824 bytes.
    public static func gibibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 30) }
    /// 1 TiB is 2^40 bytes.
    public static func tebibytes(_ count: Int) -> ByteSize { ByteSize(bytes: count << 40) }

    /// By number of bytes.
    public static func < (left: ByteSize, right: ByteSize) -> Bool { left.bytes < right.bytes }

    private static let units: [(name: String, bytes: Int)] = [
        ("tib", 1 << 40), ("gib", 1 << 30), ("mib", 1 << 20), ("kib", 1 << 10),
        ("tb", 1_000_000_000_000), ("gb", 1_000_000_000), ("mb", 1_000_000), ("kb", 1000), ("b", 1),
    ]

    /// Reads the text of a size.
    /// - Throws: ``ValueError`` with a hint when the text is ambiguous.
    public static func parse(_ text: String) throws(ValueError) -> ByteSize {
        let (digits, unit) = NumberAndUnit.split(Substring(text))
        guard let digits else {
            throw ValueError(expected: expectation)
        }
        guard let number = Int(digits) else {
            throw ValueError(expected: "a size below 8 EiB")
        }
        let lowercased = unit.lowercased()
        if let factor = units.first(where: { $0.name == lowercased })?.bytes {
            let (bytes, overflow) = number.multipliedReportingOverflow(by: factor)
            guard !overflow else { throw ValueError(expected: "a size below 8 EiB") }
            return ByteSize(bytes: bytes)
        }
        if number == 0, unit.isEmpty { return ByteSize(bytes: 0) }
        throw ValueError(expected: expectation, hint: hint(number: String(digits), unit: lowercased))
    }

    private static let expectation = "a whole number and a unit, such as 512MiB or 20GiB"

    private static func hint(number: String, unit: String) -> String? {
        switch unit {
        case "": "write \(number)B if bytes are meant, or \(number)MiB"
        case "k", "m", "g", "t":
            "is that 1024 or 1000? Write \(number)\(unit.uppercased())iB or \(number)\(unit == "k" ? "k" : unit.uppercased())B"
        default: nil
        }
    }
}

extension ByteSize: CustomStringConvertible {
    /// The shortest exact form, which ``parse(_:)`` reads back: "512MiB".
    public var description: String {
        for (name, factor) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= factor && bytes % factor == 0 {
            return "\(bytes / factor)\(name)"
        }
        return "\(bytes)B"
    }
}
