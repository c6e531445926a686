public import NIOCore

/// An HTTP/1.1 client for origins, control and the command line. An immutable snapshot: a table of event loops, each of
/// which has pools of its own.
///
/// Connections are kept per event loop and endpoint, so no lock is ever taken for one. What may be repeated safely is
/// repeated by itself in one case only: an idempotent request that went out on a connection which had served before and
/// which ended without a byte in answer; it goes out once more, on a new connection. Redirects are not followed.
public final class HTTPClient: Sendable {
    private let group: any EventLoopGroup
    private let trust: TrustStore
    private let configuration: ClientConfiguration
    private let loops: [ObjectIdentifier: NIOLoopBoundBox<LoopClient?>]

    /// A client on the event loops of `group`, which the caller shuts down after the client. Nothing is opened or read.
    public init(group: any EventLoopGroup, configuration: ClientConfiguration = .init()) {
        self.group = group
        self.configuration = configuration
        trust = TrustStore(configuration.trust)
        var loops: [ObjectIdentifier: NIOLoopBoundBox<LoopClient?>] = [:]
        for eventLoop in group.makeIterator() {
            loops[ObjectIdentifier(eventLoop)] = NIOLoopBoundBox.makeEmptyBox(
                valueType: LoopClient.self,
                eventLoop: eventLoop
            )
        }
        self.loops = loops
    }

    /// Sends a request on `eventLoop`, which must be one of the client's group and the one that runs now.
    ///
    /// The delegate hears what comes of it on that event loop, after this call has returned.
    public func execute(
        _ request: ClientRequest,
        on eventLoop: any EventLoop,
        delegate: any ClientResponseDelegate
    ) -> any ClientExchange {
        eventLoop.assertInEventLoop()
        return part(on: eventLoop).execute(request, delegate)
    }

    /// Reads the certificate authorities now, so that a wrong file is found at start and not by the first request.
    /// Throws a ``ClientError`` of kind `tls`.
    public func checkTrust() async throws {
        _ = try await trust.context(on: group.any()).get()
    }

    /// Closes every connection; exchanges under way fail with kind `shutDown`, as do later ones.
    public func shutdown() async {
        for (_, box) in loops {
            let eventLoop = box.eventLoop
            try? await eventLoop.submit { self.part(on: eventLoop).shutDown() }.get()
        }
    }

    /// An event loop for a request that does not care which.
    var nextEventLoop: any EventLoop { group.next() }

    private func part(on eventLoop: any EventLoop) -> LoopClient {
        let box = loops[ObjectIdentifier(eventLoop)]
        if let part = box?.value { return part }
        let part = LoopClient(eventLoop: eventLoop, configuration: configuration, trust: trust)
        // An event loop that is not the group's gets a part for this one request.
        box?.value = part
        return part
    }
}
