/// The bytes that may be written to a disk in a day: a token bucket that fills evenly over 24 hours and holds one hour's
/// share. A value; ``DiskTier`` locks it.
///
/// Whoever asks is let in as long as anything is left, and everything written is taken off, so that a record larger than
/// what is left makes a debt that the next ones wait for. So the bound holds over a day, but for one burst and one record.
struct WriteAllowance: Sendable {
    private static let day: Double = 86_400_000

    private let bytesPerDay: Double
    private let burst: Double
    private var left: Double
    private var time: Int64

    /// `bytesPerDay` nil: no bound. `now`: monotonic milliseconds.
    init(bytesPerDay: Int?, now: Int64) {
        self.bytesPerDay = bytesPerDay.map(Double.init) ?? .infinity
        burst = bytesPerDay.map { Double($0) / Double(StoreLimits.writeBurstShare) } ?? .infinity
        left = burst
        time = now
    }

    var isBounded: Bool { bytesPerDay.isFinite }

    /// Whether anything is left for what comes now when `waiting` bytes are on their way already.
    mutating func admits(waiting: Int, now: Int64) -> Bool {
        guard isBounded else { return true }
        if now > time {
            left = min(burst, left + bytesPerDay * Double(now - time) / Self.day)
            time = now
        }
        return left > Double(waiting)
    }

    mutating func spend(_ bytes: Int) {
        if isBounded { left -= Double(bytes) }
    }
}
