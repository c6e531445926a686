import CachePolicy
import Glibc
import NIOConcurrencyHelpers

extension DiskTier {
    /// Whether a body goes to the disk. A value.
    enum Admission {
        case now, onSecondRequest, never
    }

    /// Decides about a form that has come from the origin.
    func admission(_ hash: UInt128, bodyLength: UInt64) -> Admission {
        guard bodyLength <= UInt64(max(0, recordLimit - RecordHeader.bytes)) else { return .never }
        if bodyLength < UInt64(admitAtOnceBelow) { return .now }
        return state.withLockedValue { state in
            if state.filter.recordAndTest(hash) { return .now }
            state.figures.notAdmitted += 1
            return .onSecondRequest
        }
    }

    /// The filter's size and the day's allowance, from the configuration.
    func setUpAdmission(_ configuration: DiskConfiguration) {
        let keys = DiskRules.filterKeys(disk: configuration.bytes, memory: memory.budget.limit)
        state.withLockedValue { state in
            state.filter = SecondRequestFilter(keysPerGeneration: keys)
            state.allowance = WriteAllowance(bytesPerDay: configuration.writesPerDay, now: Self.milliseconds)
        }
    }

    /// Monotonic milliseconds.
    static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension DiskTier.State {
    /// Whether one more record may be written today; counts when not. What is carried over is spent, but never asked about.
    mutating func mayWriteToday(now: Int64) -> Bool {
        guard allowance.isBounded else { return true }
        let coming = streams.values.reduce(0) { $0 + ($1.isCancelled ? 0 : max(0, $1.bytesToCome)) }
        guard allowance.admits(waiting: queueBytes + coming, now: now) else {
            figures.beyondDailyWrites += 1
            return false
        }
        return true
    }
}
