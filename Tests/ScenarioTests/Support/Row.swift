import Testing

/// A scenario of two requests as a row of a table: the origin answers with these fields, and the second request must
/// come out so. A value.
struct Row: Sendable, CustomTestStringConvertible {
    let rule: String
    let answer: [String]
    var status = 200
    /// What the first and the second request carry.
    var first: [String] = []
    var second: [String] = []
    let outcome: [Expectation]

    init(
        _ rule: String,
        _ answer: [String],
        status: Int = 200,
        first: [String] = [],
        second: [String] = [],
        _ outcome: Expectation...
    ) {
        self.rule = rule
        self.answer = answer
        self.status = status
        self.first = first
        self.second = second
        self.outcome = outcome
    }

    var testDescription: String { rule }

    /// Plays it against a server; the first request must reach the origin.
    func play(site: String = "", at location: SourceLocation = #_sourceLocation) async throws {
        try await ScenarioTests.play(site: site) { stage in
            stage.origin("/a", status: status, fields: answer)
            try await stage.get("/a", fields: first).expect(.fetched, .status(status), at: location)
            let answer = try await stage.get("/a", fields: second)
            answer.message.check(outcome, at: location)
        }
    }
}
