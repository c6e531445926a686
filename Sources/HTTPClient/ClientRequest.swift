public import HTTPWire
public import NIOCore

/// One request. A value.
///
/// The client itself writes Host (unless `fields` has it), Content-Length and Transfer-Encoding; the latter two are
/// dropped from `fields`. Everything else is sent as it stands.
public struct ClientRequest: Sendable {
    /// The request's content.
    public enum Body: Sendable {
        /// No content. POST, PUT and PATCH say `Content-Length: 0` (RFC 9110, section 8.6).
        case none
        /// Bytes that are there already.
        case bytes(ByteBuffer)
        /// Pieces from an asynchronous sequence, read no faster than the server takes them. nil: chunked.
        case stream(length: UInt64?, BodySource)
        /// Pieces that the caller gives to ``ClientExchange/writeBody(_:)`` on the event loop. nil: chunked.
        case pushed(length: UInt64?)
    }

    /// Where it goes.
    public var endpoint: Endpoint
    /// "GET"; case-sensitive.
    public var method: String
    /// The request target in origin-form, encoded as it is sent: "/path?query".
    public var target: String
    /// Field lines, in order.
    public var fields: FieldList
    /// Its content.
    public var body: Body
    /// May it be repeated on a fresh connection when a reused one turns out dead?
    public var isIdempotent: Bool
    /// How long its parts may take.
    public var deadlines: ClientDeadlines

    /// A request; idempotent by its method (RFC 9110, section 9.2.2) unless told otherwise.
    public init(
        _ endpoint: Endpoint,
        method: String = "GET",
        target: String,
        fields: FieldList = .init(),
        body: Body = .none,
        isIdempotent: Bool? = nil,
        deadlines: ClientDeadlines = .init()
    ) {
        self.endpoint = endpoint
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.isIdempotent = isIdempotent ?? Method(method).isIdempotent
        self.deadlines = deadlines
    }
}

/// Makes the pieces of a request's body, anew for each attempt. A value.
public struct BodySource: Sendable {
    let pump: @Sendable (_ write: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void

    /// Pieces of a sequence that is made when the request is sent, and again should it be sent again.
    public init<Pieces: AsyncSequence & SendableMetatype>(
        _ make: @escaping @Sendable () -> Pieces
    ) where Pieces.Element == ByteBuffer, Pieces.AsyncIterator: SendableMetatype {
        pump = { write in
            for try await piece in make() { try await write(piece) }
        }
    }

    /// Pieces that `pump` writes; `write` returns when the connection can take more.
    public init(
        pump: @escaping @Sendable (_ write: @Sendable (ByteBuffer) async throws -> Void) async throws -> Void
    ) {
        self.pump = pump
    }
}
