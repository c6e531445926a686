public import HTTPWire
public import NIOCore

/// A request that is under way at an origin. Loop-confined.
public protocol OriginExchange: AnyObject {
    /// Gives the request up; the delegate hears nothing more.
    func cancel()
    /// Stops reading the answer's body, and so the origin, until ``resumeReading()``.
    func pauseReading()
    /// Goes on with it.
    func resumeReading()
    /// Is there a connection that takes more of a pushed body now? If not, ``OriginDelegate/originMayWrite()`` tells when.
    var isWritable: Bool { get }
    /// Sends a piece of a pushed body. It is queued however much waits already: ask ``isWritable`` first.
    func writeBody(_ buffer: ByteBuffer)
    /// Ends a pushed body.
    func finishBody()
}

/// Hears what an origin answers. Loop-confined, called on the loop given to ``OriginClient/fetch(_:on:delegate:)``.
public protocol OriginDelegate: AnyObject {
    /// An interim answer (RFC 9110, section 15.2), such as 103; any number of them before the answer, and only from HTTP
    /// origins. Ignored by default.
    func originSentInterim(_ head: ResponseHead)
    /// The origin wants the body (100). It may also answer without having said so. Ignored by default.
    func originSaidContinue()
    /// The connection takes (more of) a pushed body. Ignored by default.
    func originMayWrite()
    /// The answer's head, as it may be stored and passed on. Once.
    func originAnswered(_ answer: OriginAnswer)
    /// A part of the body, after an answer `passed`.
    func originSent(_ body: ByteBuffer)
    /// The body is complete.
    func originFinished()
    /// There is no answer, or no more of it. Instead of `originFinished`.
    func originFailed(_ failure: OriginFailure)
}

extension OriginDelegate {
    /// Ignores it.
    public func originSentInterim(_ head: ResponseHead) {}
    /// Ignores it.
    public func originSaidContinue() {}
    /// Ignores it.
    public func originMayWrite() {}
}

/// An origin's answer without its body, with nothing in it that is the origin's own affair. A value.
public struct OriginAnswer: Sendable {
    /// Status and fields. Hop-by-hop fields are gone, and from buckets also everything of S3.
    public var head: ResponseHead
    /// Bytes of the body, when the origin has said so.
    public var length: UInt64?
    /// Tags by which the answer can be purged.
    public var tags: [String]
    /// The body is a bucket's XML error and must not reach anyone: it is left out, ``OriginDelegate/originSent(_:)``
    /// is not called for it.
    public var hidesBody: Bool
    /// The body's MD5 in hexadecimal, where the entity tag is one.
    public var md5: String?
    /// The part that a 206 carries, or the whole length that a 416 tells; nil when it does not say so, or what it says
    /// cannot be true: then a 206 is of no use to anyone but who has asked for just that.
    public var contentRange: ContentRange?
    /// The connection's end is all that will show the body's, and it may as well be an accident: what came cannot be known
    /// to be whole (RFC 9112, section 6.3).
    public var mayBeCut = false
}

/// Why an origin has not answered. A value.
public struct OriginFailure: Error, Sendable {
    /// What the client is told: 502, or 504 when time ran out.
    public var status: Int
    /// One word for Cache-Status, logs and metrics.
    public var detail: String
    /// One sentence.
    public var message: String

    /// The ``detail`` of a body that is not what its checksum says.
    public static let checksum = "origin-checksum"

    /// Every ``detail``.
    public static let details = [
        "origin-timeout", "origin-unreachable", "origin-tls", "origin-queue-full", "origin-broken", checksum,
    ]

    /// A failure as given.
    public init(status: Int, detail: String, message: String) {
        self.status = status
        self.detail = detail
        self.message = message
    }
}
