import FoundationEssentials

/// Time for leases: nanoseconds on a clock that counts suspended time. Implementations are Sendable values.
///
/// Leases compare how much time has passed on two machines, so the clock must go on while a machine sleeps
/// (CLOCK_BOOTTIME, not CLOCK_MONOTONIC) and must not follow the wall clock's corrections.
public protocol BootClock: Sendable {
    /// Nanoseconds since an arbitrary start; never goes back.
    func nowNanoseconds() -> Int64
}

/// The kernel's CLOCK_BOOTTIME, which is what Swift's continuous clock reads on Linux. A value.
public struct SystemBootClock: BootClock {
    /// The same for all clocks of a process, so that their times compare.
    private static let start = ContinuousClock.now

    /// The clock of this machine.
    public init() {}

    /// Nanoseconds since the process first asked, suspended time included.
    public func nowNanoseconds() -> Int64 {
        let start = Self.start
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return seconds &* 1_000_000_000 &+ attoseconds / 1_000_000_000
    }
}

extension BootClock {
    /// Nanoseconds in `seconds`; what does not fit is cut off at a century.
    static func nanoseconds(_ seconds: Double) -> Int64 {
        Int64(min(max(seconds, 0), 3_153_600_000) * 1_000_000_000)
    }
}

/// The wall clock, for what people read. A namespace.
enum WallClock {
    /// Milliseconds since 1970.
    static func nowMilliseconds() -> Int64 {
        Int64(Date().timeIntervalSince1970 * 1_000)
    }
}
