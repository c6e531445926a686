import Glibc

/// The wall clock in whole seconds, as HTTP's dates and ages count. A namespace.
enum UnixClock {
    /// Seconds since 1970. The coarse clock is read without a system call and is at most a tick late.
    static func seconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }
}
