import Glibc

/// Which disk a key belongs to: rendezvous hashing, weighted by the disks' sizes. A value.
///
/// Every disk gets a score for the key, and the best one has it. A disk that joins therefore takes its share evenly from all
/// others and moves nothing between them; one that leaves gives its share to all. With scores of `-ln(u) / weight`,
/// `u` evenly spread over (0, 1), the shares are as the weights (Schindler and Karakoyunlu's weighted form).
struct DiskPlacement: Sendable, Equatable {
    /// A disk as it counts here. A value.
    struct Member: Sendable, Equatable {
        /// Random, made with the folder, and the same wherever it is mounted.
        var identity: UInt64
        /// Its size, in bytes: its share of the keys is its share of the sum.
        var weight: Double
    }

    let members: [Member]

    init(_ members: [Member]) {
        self.members = members
    }

    /// The place of the key's disk in ``members``. Allocates nothing; 0 where there is one disk or none.
    func home(_ hash: UInt128) -> Int {
        guard members.count > 1 else { return 0 }
        let word = UInt64(truncatingIfNeeded: hash >> 64)
        var best = 0
        var bestScore = Double.infinity
        for place in members.indices {
            let member = members[place]
            let score = -log(Self.fraction(word ^ member.identity)) / member.weight
            if score < bestScore {
                best = place
                bestScore = score
            }
        }
        return best
    }

    /// Whether the key belongs to the disk of this identity.
    func isHome(_ hash: UInt128, of identity: UInt64) -> Bool {
        members.indices.contains(home(hash)) && members[home(hash)].identity == identity
    }

    /// A number above 0 and below 1 from well mixed bits: two rounds of multiplication, each bit depends on all.
    private static func fraction(_ word: UInt64) -> Double {
        var word = word
        word = (word ^ (word >> 32)) &* 0xD6E8_FEB8_6659_FD93
        word = (word ^ (word >> 32)) &* 0xD6E8_FEB8_6659_FD93
        word ^= word >> 32
        return (Double(word >> 11) + 0.5) * 0x1p-53
    }
}
