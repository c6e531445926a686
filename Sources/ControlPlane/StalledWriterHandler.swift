import NIOCore

/// Closes a connection whose peer takes nothing for too long. Loop-confined.
///
/// A follower that was stopped, or whose machine is gone, would otherwise hold its stream's task for ever.
final class StalledWriterHandler: ChannelInboundHandler, RemovableChannelHandler {
    // Whatever it is, it passes unread.
    typealias InboundIn = NIOAny

    private let limit: TimeAmount
    private var alarm: Scheduled<Void>?

    init(seconds: Int64) {
        limit = .seconds(seconds)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            alarm?.cancel()
            alarm = nil
        } else if alarm == nil {
            let channel = context.channel
            alarm = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        alarm = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        alarm?.cancel()
        alarm = nil
    }
}
