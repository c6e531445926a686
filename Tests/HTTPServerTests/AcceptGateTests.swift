import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPServer

@Suite("the gate of a full server")
struct AcceptGateTests {
    @Test("however often accepting stops and goes on, idle connections are looked for at one pace")
    func onePace() throws {
        let budget = ConnectionBudget(limit: 1)
        var looks = 0
        let gate = AcceptGate(budget: budget, logger: .quiet, counters: ServerCounters().makeLoop()) { looks += 1 }
        let channel = EmbeddedChannel(handler: gate)
        for _ in 0..<2 { budget.take() }
        for _ in 0..<50 {
            channel.read()
            budget.release()
            channel.embeddedEventLoop.run()
            budget.take()
        }
        channel.read()
        let before = looks
        channel.embeddedEventLoop.advanceTime(by: Tuning.makeRoomAgain)
        #expect(looks <= before + 1)
        channel.embeddedEventLoop.advanceTime(by: Tuning.makeRoomAgain)
        #expect(looks > before)
        _ = try? channel.finish()
    }
}
