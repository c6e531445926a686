import Testing

@testable import HTTPServer

@Suite("the timer wheel")
struct TimerWheelTests {
    private func advance(_ wheel: inout TimerWheel, by ticks: UInt64) -> [UInt64: [Int]] {
        var result: [UInt64: [Int]] = [:]
        var due: [TimerWheel.Entry] = []
        for _ in 0..<ticks {
            wheel.advance(into: &due)
            if !due.isEmpty { result[wheel.now] = due.sorted() }
            due.removeAll()
        }
        return result
    }

    @Test("entries come at their tick, also those whole turns away and those that share a slot")
    func comesDue() {
        var wheel = TimerWheel()
        let ticks: [UInt64] = [1, 5, 5, 1023, 1024, 1025, 1029, 2053, 10_000]
        let entries = ticks.map { tick in
            let entry = wheel.add()
            wheel.place(entry, at: tick)
            return entry
        }
        let come = advance(&wheel, by: 10_001)
        var expected: [UInt64: [Int]] = [:]
        for (tick, entry) in zip(ticks, entries) { expected[tick, default: []].append(entry) }
        #expect(come == expected)
    }

    @Test("a tick that has passed comes with the next one")
    func past() {
        var wheel = TimerWheel()
        _ = advance(&wheel, by: 100)
        let entry = wheel.add()
        wheel.place(entry, at: 3)
        #expect(advance(&wheel, by: 2) == [101: [entry]])
    }

    @Test("moved and removed entries do not come at their old tick; names are used again")
    func movesAndRemoves() {
        var wheel = TimerWheel()
        let entries = (0..<4).map { _ in wheel.add() }
        for entry in entries { wheel.place(entry, at: 7) }
        wheel.place(entries[1], at: 9)
        wheel.remove(entries[2])
        #expect(wheel.tick(of: entries[1]) == 9)
        #expect(wheel.count == 3)
        let again = wheel.add()
        #expect(again == entries[2])
        #expect(advance(&wheel, by: 20) == [7: [entries[0], entries[3]], 9: [entries[1]]])
        #expect(wheel.tick(of: entries[1]) == nil)
    }

    @Test("against a plain list, with random places, moves and removals")
    func random() {
        var random = SystemRandomNumberGenerator()
        var wheel = TimerWheel()
        var model: [Int: UInt64] = [:]
        for _ in 0..<5000 {
            switch UInt8.random(in: 0..<4, using: &random) {
            case 0:
                let entry = wheel.add()
                let tick = wheel.now + UInt64.random(in: 1..<3000, using: &random)
                wheel.place(entry, at: tick)
                model[entry] = tick
            case 1:
                guard let entry = model.keys.randomElement(using: &random) else { continue }
                let tick = wheel.now + UInt64.random(in: 1..<3000, using: &random)
                wheel.place(entry, at: tick)
                model[entry] = tick
            case 2:
                guard let entry = model.keys.randomElement(using: &random) else { continue }
                wheel.remove(entry)
                model[entry] = nil
            default:
                var due: [TimerWheel.Entry] = []
                wheel.advance(into: &due)
                let expected = model.filter { $0.value <= wheel.now }.map(\.key)
                #expect(due.sorted() == expected.sorted())
                for entry in due {
                    wheel.remove(entry)
                    model[entry] = nil
                }
            }
        }
        #expect(wheel.count == model.count)
    }
}
