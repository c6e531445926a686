import Testing

@testable import Edge

@Suite("A fill whose clients have all left")
struct LeavingRuleTests {
    private static let mebibyte: UInt64 = 1 << 20

    @Test(
        "goes on when more than half has come, or less than 1 MiB is missing",
        arguments: [
            (0, 0, true), (0, mebibyte - 1, true), (0, mebibyte, false), (1, mebibyte, true),
            (mebibyte, 2 * mebibyte, false), (mebibyte + 1, 2 * mebibyte, true),
            (0, 100 * mebibyte, false), (50 * mebibyte, 100 * mebibyte, false),
            (50 * mebibyte + 1, 100 * mebibyte, true),
            (0, .max, false), (.max / 2 + 1, .max, true), (.max, .max, true), (7, 3, true),
        ] as [(UInt64, UInt64, Bool)]
    )
    func known(received: UInt64, length: UInt64, isFinished: Bool) {
        #expect(LeavingRule.isFinished(received: received, length: length) == isFinished)
    }

    @Test(
        "of an unknown length: while less than 1 MiB has come",
        arguments: [(0, true), (mebibyte - 1, true), (mebibyte, false), (.max, false)] as [(UInt64, Bool)]
    )
    func unknown(received: UInt64, isFinished: Bool) {
        #expect(LeavingRule.isFinished(received: received, length: nil) == isFinished)
    }

    @Test("what comes later never turns a fill that goes on into one that is given up")
    func onlyBetter() {
        for length in stride(from: UInt64(0), through: 8 << 20, by: 300_007) {
            var goesOn = false
            for received in stride(from: UInt64(0), through: length, by: 100_003) {
                let now = LeavingRule.isFinished(received: received, length: length)
                #expect(now || !goesOn)
                goesOn = now
            }
        }
    }
}
