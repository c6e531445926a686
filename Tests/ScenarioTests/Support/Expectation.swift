import Testing

/// A message's head and body, of a client's answer or of a request at the origin. A value.
struct Message: Sendable {
    /// The status, or method and target.
    let start: String
    let fields: [(name: String, value: String)]
    let body: [UInt8]
    var status: Int?
    /// For an answer: how many requests for this target the origin got meanwhile; nil when that is not known.
    var questions: Int?

    /// All lines of a field, joined; nil when there is none.
    func value(_ name: String) -> String? {
        let wanted = name.lowercased()
        let values = fields.filter { $0.name.lowercased() == wanted }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    var cacheStatus: String { value("Cache-Status") ?? "" }

    func check(_ expectations: [Expectation], at location: SourceLocation) {
        for expectation in expectations {
            guard let wrong = expectation.failure(self) else { continue }
            let head = fields.map { "    \($0.name): \($0.value)\n" }.joined()
            let text = String(decoding: body.prefix(80), as: UTF8.self)
            let asked = questions.map { ", origin asked \($0) times" } ?? ""
            Issue.record("\(wrong)\n    \(start)\(asked)\n\(head)    \(text)", sourceLocation: location)
        }
    }
}

/// Something that a message must be. A value.
///
/// A number is a status; a text is a field: "Name: value" with exactly that value (lines joined by ", "), or "Name"
/// with any.
struct Expectation: Sendable, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral {
    /// What is wrong; nil when the message is as expected.
    let failure: @Sendable (Message) -> String?

    init(_ failure: @escaping @Sendable (Message) -> String?) { self.failure = failure }

    init(_ what: String, _ holds: @escaping @Sendable (Message) -> Bool) {
        failure = { holds($0) ? nil : "expected: \(what)" }
    }

    init(integerLiteral status: Int) {
        self.init("status \(status)") { $0.status == status }
    }

    init(stringLiteral field: String) {
        let name = field.before(":")
        guard field.contains(":") else {
            self.init("a field \(name)") { $0.value(name) != nil }
            return
        }
        let value = field.after(":").trimmed
        self.init("\(name): \(value)") { $0.value(name) == value }
    }

    static func status(_ status: Int) -> Expectation { Expectation(integerLiteral: status) }
    static func field(_ field: String) -> Expectation { Expectation(stringLiteral: field) }
    /// The field is not there.
    static func no(_ name: String) -> Expectation { Expectation("no field \(name)") { $0.value(name) == nil } }
    /// The field is there and contains that text.
    static func field(_ name: String, has part: String) -> Expectation {
        Expectation("\(part) in \(name)") { $0.value(name)?.contains(part) ?? false }
    }
    /// The field is not there or does not contain that text.
    static func field(_ name: String, lacks part: String) -> Expectation {
        Expectation("no \(part) in \(name)") { !($0.value(name)?.contains(part) ?? false) }
    }
    static func body(_ text: String) -> Expectation {
        Expectation("body '\(text)'") { $0.body == Array(text.utf8) }
    }
    static func bytes(_ bytes: some Collection<UInt8> & Sendable) -> Expectation {
        Expectation("a body of \(bytes.count) bytes, each right") { $0.body.elementsEqual(bytes) }
    }
    static func age(_ range: ClosedRange<Int>) -> Expectation {
        Expectation("Age in \(range)") { $0.value("Age").flatMap { Int($0) }.map(range.contains) ?? false }
    }
    static func method(_ method: String) -> Expectation { Expectation(method) { $0.start.hasPrefix(method + " ") } }
}

/// What the cache did. The number of requests at the origin is the proof, Cache-Status (RFC 9211) what is said of it.
extension Expectation {
    /// From the store, and the origin heard nothing.
    static let hit = Expectation("a hit without a request to the origin") {
        $0.cacheStatus.contains("; hit") && ($0.questions ?? 0) == 0
    }
    /// From the origin, because there was nothing to reuse.
    static let miss = Expectation("a miss and one request to the origin") {
        $0.isForwarded("uri-miss") && $0.hasAskedOnce
    }
    /// From the origin, because none of the stored variants fits.
    static let varyMiss = Expectation("a miss for its Vary and one request to the origin") {
        $0.isForwarded("vary-miss") && $0.hasAskedOnce
    }
    /// From the origin, whatever the reason.
    static let fetched = Expectation("one request to the origin") {
        $0.cacheStatus.contains("; fwd=") && $0.hasAskedOnce
    }
    /// From the store, after the origin has confirmed it with a 304.
    static let validated = Expectation("an entry that the origin has confirmed") {
        $0.cacheStatus.contains("; fwd-status=304") && $0.hasAskedOnce
    }
    /// From the store, although stale.
    static let stale = Expectation("a stale answer") {
        $0.cacheStatus.hasPrefix("edge; ") && ($0.value("Age").flatMap { Int($0) } != nil)
    }
    static let stored = Expectation("stored") { $0.cacheStatus.contains("; stored") }
    static let notStored = Expectation("not stored") { !$0.cacheStatus.contains("; stored") }
    static let collapsed = Expectation("collapsed") { $0.cacheStatus.contains("; collapsed") }
    /// From the origin, for that reason.
    static func forwarded(_ reason: String) -> Expectation {
        Expectation("fwd=\(reason)") { $0.isForwarded(reason) }
    }
    static func cacheStatus(_ part: String) -> Expectation { .field("Cache-Status", has: part) }
}

extension Message {
    fileprivate func isForwarded(_ reason: String) -> Bool { (cacheStatus + ";").contains("; fwd=\(reason);") }
    fileprivate var hasAskedOnce: Bool { (questions ?? 1) == 1 }
}
