/// How long to wait before the next attempt: doubling, with chance, so that a hundred edges do not come back at once. A value.
struct Backoff: Sendable {
    /// The first wait, in seconds.
    var first = 0.1
    /// The longest wait, in seconds: well below a lease, or a short absence of control would cost one.
    var longest = 2.0
    private var attempts = 0

    init(first: Double = 0.1, longest: Double = 2) {
        self.first = first
        self.longest = longest
    }

    /// Seconds to wait, between half of the step and all of it. `chance` is from 0 to 1.
    mutating func next(chance: Double = .random(in: 0...1)) -> Double {
        var step = first
        for _ in 0..<min(attempts, 16) where step < longest { step *= 2 }
        attempts += 1
        return min(step, longest) * (0.5 + chance / 2)
    }

    /// It worked.
    mutating func reset() {
        attempts = 0
    }
}
