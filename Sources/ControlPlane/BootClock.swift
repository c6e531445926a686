import Glibc

/// Time for leases: nanoseconds since the machine started, suspended time included. Implementations are Sendable values.
///
/// Leases compare how much time has passed on two machines, so the clock must go on while a machine sleeps
/// (CLOCK_BOOTTIME, not CLOCK_MONOTONIC) and must not follow the wall clock's corrections.
public protocol BootClock: Sendable {
    /// Nanoseconds since an arbitrary start; never goes back.
    func nowNanoseconds() -> Int64
}

/// The kernel's CLOCK_BOOTTIME. A value.
public struct SystemBootClock: BootClock {
    /// The clock of this machine.
    public init() {}

    /// Nanoseconds since boot, suspended time included.
    public func nowNanoseconds() -> Int64 {
        var time = timespec()
        // Cannot fail for a clock that the kernel has; Linux has it since 2.6.39.
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
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
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
