import Glibc
import NIOCore
import NIOSSL

/// One connection of a ``ScriptedOrigin``: assembles requests and plays their answers one after the other.
/// Loop-confined; the steps are played by one task a connection.
final class ScriptedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private struct Incoming {
        var request: RecordedRequest
        var index: Int
        var answer: ScriptedAnswer?
        var isAnswered = false
    }

    private weak var origin: ScriptedOrigin?
    private var assembler: RequestAssembler
    private var incoming: Incoming?
    private let jobs: AsyncStream<[ScriptedAnswer.Step]>.Continuation
    private let jobStream: AsyncStream<[ScriptedAnswer.Step]>
    private var player: Task<Void, Never>?

    init(origin: ScriptedOrigin, number: Int) {
        self.origin = origin
        assembler = RequestAssembler(connection: number)
        (jobStream, jobs) = AsyncStream.makeStream()
    }

    func channelActive(context: ChannelHandlerContext) {
        player = ScriptPlayer(channel: context.channel).start(jobStream)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        jobs.finish()
        player?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        assembler.append(unwrapInboundIn(data).readableBytesView)
        while let event = assembler.next() {
            switch event {
            case .head(let request): received(request, on: context.channel)
            case .body(let piece): incoming?.request.body.append(contentsOf: piece)
            case .end: ended()
            case .malformed(let what):
                jobs.yield([.send(Array("HTTP/1.1 400 Scripted\r\nX-Why: \(what)\r\n\r\n".utf8)), .close])
                return
            }
        }
    }

    private func received(_ request: RecordedRequest, on channel: any Channel) {
        guard let origin else { return }
        incoming = Incoming(request: request, index: origin.record(request))
        guard let answer = origin.answerAtHead(request) else { return }
        incoming?.answer = answer
        let hasBody = (request["Content-Length"].map { $0 != "0" } ?? false) || request["Transfer-Encoding"] != nil
        guard hasBody else { return }
        if let gate = answer.bodyGate {
            channel.setOption(.autoRead, value: false).whenComplete { _ in }
            Task {
                await gate.wait()
                try? await channel.setOption(.autoRead, value: true).get()
            }
        }
        if !answer.waitsForBody {
            incoming?.isAnswered = true
            jobs.yield(answer.steps(method: request.method))
        }
    }

    private func ended() {
        guard let finished = incoming, let origin else { return }
        incoming = nil
        origin.recordBody(finished.request.body, at: finished.index)
        guard !finished.isAnswered else { return }
        let answer = finished.answer ?? origin.answerAtEnd(finished.request)
        jobs.yield(answer.steps(method: finished.request.method))
    }
}

/// Plays the answers of one connection in order. A value.
private struct ScriptPlayer: Sendable {
    let channel: any Channel

    func start(_ jobs: AsyncStream<[ScriptedAnswer.Step]>) -> Task<Void, Never> {
        Task {
            for await steps in jobs { await play(steps) }
        }
    }

    private func play(_ steps: [ScriptedAnswer.Step]) async {
        for step in steps {
            if Task.isCancelled { return }
            await play(step)
        }
    }

    private func play(_ step: ScriptedAnswer.Step) async {
        switch step {
        case .send(let bytes): try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
        case .wait(let time): try? await Task.sleep(for: time)
        case .hold(let latch): await latch.wait()
        case .close: try? await channel.close().get()
        case .reset:
            // Linger 0 makes close(2) send RST instead of FIN.
            let provider = channel as? any SocketOptionProvider
            try? await provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            try? await channel.eventLoop.submit { [channel] in
                // Past the TLS handler, which would say goodbye.
                let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
                if let tls { tls.close(promise: nil) } else { channel.close(promise: nil) }
            }.get()
        }
    }
}
