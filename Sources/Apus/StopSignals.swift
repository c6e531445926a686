import Dispatch
import Glibc

/// SIGINT and SIGTERM as something to wait for. A namespace; its pipe is made once and never closed.
///
/// A dispatch source for the signals themselves is registered a moment after it was asked for: a signal in between is
/// lost, and the process never stops. A handler is there at once, and what it writes waits in the pipe.
enum StopSignals {
    private static let numbers = [SIGINT, SIGTERM]
    /// Both ends; the handler writes into the second, which never blocks.
    private static let ends: (read: Int32, write: Int32) = {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return (-1, -1) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
        return (ends[0], ends[1])
    }()

    /// From here on the signals are kept for ``wait()`` and end nothing. To be called before anyone is told that the
    /// process is there.
    static func keep() {
        // Made here, not in the handler: there it is only read, and write(2) may be called by a handler.
        guard ends.write >= 0 else { return }
        for number in numbers {
            signal(number) { _ in
                let error = errno
                var byte: UInt8 = 0
                _ = write(StopSignals.ends.write, &byte, 1)
                errno = error
            }
        }
    }

    /// Returns on the first of the signals since ``keep()``. A second one ends the process at once.
    static func wait() async {
        keep()
        let (signals, continuation) = AsyncStream<Void>.makeStream()
        let source = DispatchSource.makeReadSource(fileDescriptor: ends.read, queue: .global())
        source.setEventHandler { continuation.yield() }
        source.resume()
        for await _ in signals { break }
        source.cancel()
        for number in numbers { signal(number, SIG_DFL) }
    }
}
