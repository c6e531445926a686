import NIOConcurrencyHelpers
public import NIOCore

/// The body of a form on its way to the disk, piece by piece, for what is too large for memory. Lock inside.
///
/// Nothing of it can be found before ``finish()`` and before its last byte is written. A disk that cannot follow ends it:
/// the answer itself goes on uncached. A fill that is let go of without an end is aborted.
public final class DiskFill: Sendable {
    private enum Phase {
        case filling(appended: UInt64)
        case over
    }

    private let tier: DiskTier
    private let id: UInt64
    /// All of the body, in bytes.
    public let length: UInt64
    private let phase = NIOLockedValueBox(Phase.filling(appended: 0))

    init(tier: DiskTier, id: UInt64, length: UInt64) {
        self.tier = tier
        self.id = id
        self.length = length
    }

    deinit { abort() }

    /// Hands over the next bytes. False: it is over, because the disk does not keep up or refuses, or because there are
    /// more bytes than were promised.
    @discardableResult
    public func append(_ buffer: ByteBuffer) -> Bool {
        let goesOn = phase.withLockedValue { phase in
            guard case .filling(let appended) = phase else { return false }
            let sum = appended + UInt64(buffer.readableBytes)
            guard sum <= length, tier.append(buffer, toStream: id) else { return false }
            phase = .filling(appended: sum)
            return true
        }
        if !goesOn { abort() }
        return goesOn
    }

    /// All bytes have come and are right. With fewer than were promised it is aborted.
    public func finish() {
        end { $0 == length }
    }

    /// The body broke off, or is not to be kept.
    public func abort() {
        end { _ in false }
    }

    private func end(_ isWhole: (UInt64) -> Bool) {
        phase.withLockedValue { phase in
            guard case .filling(let appended) = phase else { return }
            phase = .over
            tier.endStream(id, isWhole: isWhole(appended))
        }
    }
}
