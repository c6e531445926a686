/// What a ``ScriptedOrigin`` sends in answer to one request. A value.
///
/// Nothing is added that is not asked for, except the framing field that fits ``Framing``.
public struct ScriptedAnswer: Sendable {
    /// How the body's end is shown.
    public enum Framing: Sendable {
        /// Content-Length is the body's length.
        case length
        /// Content-Length is what is given here, whatever the body's length: for answers that lie.
        case declared(Int)
        /// Transfer-Encoding: chunked, one chunk a piece.
        case chunked
        /// Nothing; the connection closes after the body.
        case untilClose
    }

    /// One thing that happens on the connection.
    public enum Step: Sendable {
        /// These bytes are sent.
        case send([UInt8])
        /// Nothing happens for that long.
        case wait(Duration)
        /// Nothing happens until the test opens the latch.
        case hold(Latch)
        /// The connection is closed after what was sent.
        case close
        /// The connection is closed with RST.
        case reset
    }

    var status: Int
    var fields: [(name: String, value: String)]
    var body: [UInt8]
    var framing: Framing
    var beforeHead: [Step] = []
    var pieceSize = 16 * 1024
    var pieceInterval: Duration?
    var holds: [(offset: Int, latch: Latch)] = []
    var cut: (offset: Int, reset: Bool)?
    var rawSteps: [Step]?
    var waitsForBody = true
    var bodyGate: Latch?

    /// An answer with a body of bytes.
    public init(
        _ status: Int = 200,
        _ fields: KeyValuePairs<String, String> = [:],
        bytes: [UInt8],
        framing: Framing = .length
    ) {
        self.status = status
        self.fields = fields.map { (name: $0.key, value: $0.value) }
        self.body = bytes
        self.framing = framing
    }

    /// An answer with a body of text.
    public init(
        _ status: Int = 200,
        _ fields: KeyValuePairs<String, String> = [:],
        body: String = "",
        framing: Framing = .length
    ) {
        self.init(status, fields, bytes: Array(body.utf8), framing: framing)
    }

    /// Exactly these steps, head and all; also in answer to HEAD.
    public static func raw(_ steps: Step...) -> ScriptedAnswer {
        var answer = ScriptedAnswer()
        answer.rawSteps = steps
        return answer
    }

    /// Exactly this text, head and all, then the connection stays open unless `thenClose`.
    public static func raw(_ text: String, thenClose: Bool = false) -> ScriptedAnswer {
        thenClose ? .raw(.send(Array(text.utf8)), .close) : .raw(.send(Array(text.utf8)))
    }

    /// These steps, and then one more; only for answers made by ``raw(_:)-(Step...)``.
    public func then(_ step: Step) -> ScriptedAnswer {
        changing { $0.rawSteps?.append(step) }
    }

    /// The connection is closed instead of an answer.
    public static let closing = ScriptedAnswer.raw(.close)
    /// The connection is reset instead of an answer.
    public static let resetting = ScriptedAnswer.raw(.reset)

    /// With one more field.
    public func adding(_ name: String, _ value: String) -> ScriptedAnswer {
        changing { $0.fields.append((name, value)) }
    }

    /// The head is sent that much later.
    public func delayingHead(by delay: Duration) -> ScriptedAnswer {
        changing { $0.beforeHead.append(.wait(delay)) }
    }

    /// The head is sent when the latch opens.
    public func holdingHead(_ latch: Latch) -> ScriptedAnswer {
        changing { $0.beforeHead.append(.hold(latch)) }
    }

    /// The body goes out in pieces of that size, with a pause before each but the first.
    public func inPieces(of size: Int, every interval: Duration? = nil) -> ScriptedAnswer {
        changing {
            $0.pieceSize = max(1, size)
            $0.pieceInterval = interval
        }
    }

    /// After that many bytes of the body nothing is sent until the latch opens.
    public func holdingBody(after offset: Int, _ latch: Latch) -> ScriptedAnswer {
        changing { $0.holds.append((offset, latch)) }
    }

    /// After that many bytes of the body the connection is closed, with RST if `reset`.
    public func cutting(after offset: Int, reset: Bool = false) -> ScriptedAnswer {
        changing { $0.cut = (offset, reset) }
    }

    /// The answer starts as soon as the request's head is there, and the request's body is read but not recorded.
    /// With a latch, the body is not even read until it opens.
    public func beforeBody(readingAfter gate: Latch? = nil) -> ScriptedAnswer {
        changing {
            $0.waitsForBody = false
            $0.bodyGate = gate
        }
    }

    /// The request's body is not read until the latch opens; the answer comes after it.
    public func readingBody(after gate: Latch) -> ScriptedAnswer {
        changing { $0.bodyGate = gate }
    }

    /// The same answer with another status.
    public func withStatus(_ status: Int) -> ScriptedAnswer { changing { $0.status = status } }

    /// The same answer with another body.
    public func withBody(_ body: [UInt8]) -> ScriptedAnswer { changing { $0.body = body } }

    /// The same answer with another framing of its body.
    public func framed(_ framing: Framing) -> ScriptedAnswer { changing { $0.framing = framing } }

    /// This text is sent before the head: interim answers, each with its empty line.
    public func afterInterim(_ heads: String) -> ScriptedAnswer {
        changing { $0.beforeHead.append(.send(Array(heads.utf8))) }
    }

    /// Adds a field after those that are there.
    public mutating func add(name: String, value: String) { fields.append((name: name, value: value)) }

    private func changing(_ change: (inout ScriptedAnswer) -> Void) -> ScriptedAnswer {
        var copy = self
        change(&copy)
        return copy
    }
}
