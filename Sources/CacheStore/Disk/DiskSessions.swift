import NIOConcurrencyHelpers

/// The session that is running, as each disk's file says it. Lock inside, held for its own numbers only.
final class DiskSessions: Sendable {
    private struct State {
        var session: DiskSession
        /// Rises with every change.
        var version: UInt64 = 0
        /// By identity: the version in the disk's file.
        var written: [UInt64: UInt64] = [:]
    }

    private let state: NIOLockedValueBox<State>

    /// A session that is in every member's file already.
    init(_ session: DiskSession) {
        state = NIOLockedValueBox(State(session: session))
    }

    /// Whether a disk starts empty next time; false when that is said already. `isOut` is asked under the lock: of two
    /// calls, the later one knows what the earlier one knew.
    func setOut(_ identity: UInt64, _ isOut: () -> Bool) -> Bool {
        state.withLockedValue { state in
            let isOut = isOut()
            guard let place = state.session.members.firstIndex(where: { $0.identity == identity }),
                state.session.members[place].isOut != isOut
            else { return false }
            state.session.members[place].isOut = isOut
            state.version += 1
            return true
        }
    }

    /// Writes the disk's file if it is not as the session is. One thread a disk. Returns the milliseconds after which it
    /// is to be tried again; nil: it is written.
    func writeIfDue(_ tier: DiskTier) -> Int? {
        let (session, version) = state.withLockedValue { state -> (DiskSession?, UInt64) in
            guard state.written[tier.identity, default: 0] != state.version else { return (nil, 0) }
            var session = state.session
            session.identity = tier.identity
            return (session, state.version)
        }
        guard let session else { return nil }
        do throws(DiskError) {
            try tier.folder.write(session)
            state.withLockedValue { $0.written[tier.identity] = version }
            return nil
        } catch {
            return StoreLimits.sessionRetryMilliseconds
        }
    }
}
