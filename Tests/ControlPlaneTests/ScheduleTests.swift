import Testing

@testable import ControlPlane

/// A small, fast generator with a seed that a failure can name. A value.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

/// Control's membership and a few edges, with a network that delays, loses and reorders, crashes on both sides, and clocks that do
/// not run at the same speed. One thread, one seed, time in steps.
private struct Schedule {
    /// An edge's process, as it is, whatever control believes. It lives on when its id is taken by another.
    struct Process {
        var id: String
        var instance: String
        var applied: UInt64
        /// How fast its clock runs.
        var rate: Double
        /// In real time.
        var deadline: Int64 = 0
        var isRegistered = false
        /// Cut off or stopped until then; it serves all the same.
        var silentUntil: Int64 = 0
    }

    struct Message {
        var process: Int
        var sentAt: Int64
        var applied: UInt64
        var arrives: Int64
        var isGrant = false
    }

    static let millisecond: Int64 = 1_000_000
    static let lease = 5_000 * millisecond
    var random: SeededGenerator
    var now: Int64 = 0
    var last: UInt64 = 0
    var control: Membership
    /// What the store has.
    var registry: [String: EdgeRecord] = [:]
    var processes: [Process] = []
    var network: [Message] = []
    var done: Set<UInt64> = []
    var proofs = 0
    var proofsWithoutAnEdge = 0

    init(seed: UInt64) {
        random = SeededGenerator(state: seed)
        control = Self.control([], 0, 0)
        for id in 0..<3 { start("edge-\(id)", applied: 0) }
    }

    static func control(_ records: [EdgeRecord], _ last: UInt64, _ now: Int64) -> Membership {
        Membership(
            timing: .init(
                leaseNanoseconds: lease,
                marginNanoseconds: 1_000 * millisecond,
                lagNanoseconds: 1_000 * millisecond
            ),
            records: records,
            lastNumber: last,
            mayHaveStrangers: false,
            now: now
        )
    }

    mutating func start(_ id: String, applied: UInt64) {
        processes.append(
            Process(
                id: id,
                instance: "i\(processes.count)",
                applied: applied,
                rate: Double.random(in: 0.9...1.1, using: &random)
            )
        )
    }

    mutating func step() {
        now += Int64.random(in: 1...600, using: &random) * Self.millisecond
        deliver()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20:
            last += 1
            control.published(last, now: now)
        case 20..<28:
            // As if it were killed, or cut off: the old process goes on, the new one has what was on disk.
            let old = Int.random(in: 0..<processes.count, using: &random)
            if processes.count < 12 {
                processes[old].silentUntil = now + Int64.random(in: 1...9_000, using: &random) * Self.millisecond
                start(processes[old].id, applied: UInt64.random(in: 0...processes[old].applied, using: &random))
            }
        case 28..<32:
            control = Self.control(Array(registry.values), last, now)
        case 32..<35:
            _ = control.remove(id: "edge-\(Int.random(in: 0..<3, using: &random))").map { registry[$0.instance] = $0 }
        case 35..<38:
            leave(Int.random(in: 0..<processes.count, using: &random))
        default:
            break
        }
        for index in processes.indices { act(index) }
        prove()
    }

    /// A process applies, registers and renews, or does nothing for a while.
    private mutating func act(_ index: Int) {
        guard now >= processes[index].silentUntil, Int.random(in: 0..<4, using: &random) > 0 else { return }
        if Int.random(in: 0..<25, using: &random) == 0 {
            processes[index].silentUntil = now + Int64.random(in: 1...9_000, using: &random) * Self.millisecond
        }
        if !processes[index].isRegistered { register(index) }
        guard processes[index].isRegistered else { return }
        if Bool.random(using: &random) {
            processes[index].applied = UInt64.random(in: processes[index].applied...last, using: &random)
        }
        send(Message(process: index, sentAt: now, applied: processes[index].applied, arrives: 0))
    }

    private mutating func send(_ message: Message) {
        guard Int.random(in: 0..<10, using: &random) > 0 else { return }
        var message = message
        message.arrives = now + Int64.random(in: 1...3_000, using: &random) * Self.millisecond
        network.append(message)
    }

    private mutating func register(_ index: Int) {
        let process = processes[index]
        let record = EdgeRecord(
            id: process.id,
            instance: process.instance,
            onLostControl: .revalidate,
            applied: process.applied
        )
        guard case .accepted(let save, let delete) = control.register(.init(record: record), limit: 100, now: now)
        else {
            return
        }
        for instance in delete { registry[instance] = nil }
        for record in save { registry[record.instance] = record }
        processes[index].isRegistered = true
    }

    private mutating func leave(_ index: Int) {
        processes[index].deadline = 0
        processes[index].isRegistered = false
        registry[processes[index].instance] = nil
        _ = control.leave(processes[index].instance)
        // Grants on their way find it closed.
        network.removeAll { $0.process == index }
    }

    private mutating func deliver() {
        let due = network.filter { $0.arrives <= now }.sorted { $0.arrives < $1.arrives }
        network.removeAll { $0.arrives <= now }
        for message in due {
            if message.isGrant {
                let lasts = Int64(Double(Self.lease) / processes[message.process].rate)
                processes[message.process].deadline = max(
                    processes[message.process].deadline,
                    message.sentAt + lasts
                )
                continue
            }
            let instance = processes[message.process].instance
            switch control.renew(instance, applied: message.applied, wallMilliseconds: 0, now: now) {
            case .granted:
                var grant = message
                grant.isGrant = true
                send(grant)
            case .unknown, .superseded, .removed:
                processes[message.process].isRegistered = false
            case .behind, .mustCatchUp, .ahead:
                break
            }
        }
    }

    /// Asks about some purges, old ones too.
    private mutating func prove() {
        for record in control.reap(now: now) { registry[record.instance] = nil }
        guard last > 0, Bool.random(using: &random) else { return }
        let number = UInt64.random(in: max(1, last > 5 ? last - 5 : 1)...last, using: &random)
        let evaluation = control.evaluate(number, now: now)
        guard evaluation.isDone, done.insert(number).inserted else { return }
        proofs += 1
        if evaluation.states.values.contains(.leaseLost) { proofsWithoutAnEdge += 1 }
    }

    /// The promise: what was reported done is not served unasked by anyone who has not applied it.
    var broken: (process: Process, number: UInt64)? {
        for process in processes where process.deadline > now {
            if let number = done.filter({ $0 > process.applied }).max() { return (process, number) }
        }
        return nil
    }
}

@Suite struct ScheduleTests {
    @Test func afterAPurgeWasReportedDoneNoEdgeServesOlderBytesInAnySchedule() {
        var proofs = 0
        var proofsWithoutAnEdge = 0
        for seed in UInt64(1)...300 {
            var schedule = Schedule(seed: seed)
            for step in 0..<150 {
                schedule.step()
                if let (process, number) = schedule.broken {
                    Issue.record(
                        """
                        seed \(seed), step \(step): \(process.instance) of \(process.id) has applied \(process.applied) and serves \
                        unasked, but purge \(number) was reported done
                        """
                    )
                    return
                }
            }
            proofs += schedule.proofs
            proofsWithoutAnEdge += schedule.proofsWithoutAnEdge
        }
        // Otherwise the schedules prove nothing.
        #expect(proofs > 1_000 && proofsWithoutAnEdge > 100, "\(proofs), \(proofsWithoutAnEdge)")
    }
}
