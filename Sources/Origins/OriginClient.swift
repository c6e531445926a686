public import HTTPClient
public import Logging
public import NIOCore
import SignatureV4

/// Asks one origin. Immutable; safe from every event loop.
///
/// For a bucket the request is built **from the key alone**: nothing of the client's request reaches it, so that what is
/// stored cannot depend on anything that is not in the key.
public final class OriginClient: Sendable {
    let configuration: OriginConfiguration
    let client: HTTPClient
    let logger: Logger
    let endpoint: Endpoint
    let signer: RequestSigner?
    let userAgent: String
    /// A token, by which this edge knows itself in Via and CDN-Loop.
    let node: String
    let deadlines: ClientDeadlines

    /// - Parameters:
    ///   - node: the edge's name as a token, for `Via` and `CDN-Loop`.
    ///   - version: for `User-Agent` at buckets.
    public init(
        _ configuration: OriginConfiguration,
        client: HTTPClient,
        node: String,
        version: String,
        deadlines: ClientDeadlines = ClientDeadlines(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.client = client
        self.logger = logger
        self.deadlines = deadlines
        endpoint = configuration.endpoint
        userAgent = "apus/\(version)"
        self.node = node
        if case .s3(let bucket) = configuration, let credentials = bucket.credentials {
            signer = RequestSigner(credentials: credentials, region: bucket.region)
        } else {
            signer = nil
        }
    }

    var isBucket: Bool { configuration.isBucket }

    /// The host, with a port where it needs one, that it is asked by.
    public var authority: String { endpoint.authority }

    /// Sends the request, again if it failed before an answer began and the failure may pass. Call on `eventLoop`.
    public func fetch(
        _ request: OriginRequest,
        on eventLoop: any EventLoop,
        delegate: any OriginDelegate
    ) -> any OriginExchange {
        let attempt = OriginAttempt(self, request, on: eventLoop, delegate: delegate)
        attempt.start()
        return attempt
    }
}
