import Testing

/// One request and what must come out, as a row of a table; what is there before is the test's affair. A value.
struct Case: Sendable, CustomTestStringConvertible {
    let rule: String
    /// The origin's fields, where the test takes them from here.
    let answer: [String]
    /// The request's fields.
    let request: [String]
    let expected: [Expectation]

    init(_ rule: String, answer: [String] = [], _ request: [String], _ expected: [Expectation]) {
        self.rule = rule
        self.answer = answer
        self.request = request
        self.expected = expected
    }

    var testDescription: String { rule }
}
