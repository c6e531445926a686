import NIOConcurrencyHelpers

@testable import ControlPlane

/// A clock that stands until the test moves it. Protected by its lock.
final class ManualClock: BootClock {
    private let now = NIOLockedValueBox<Int64>(0)

    func nowNanoseconds() -> Int64 { now.withLockedValue { $0 } }
    func set(_ nanoseconds: Int64) { now.withLockedValue { $0 = nanoseconds } }
}
