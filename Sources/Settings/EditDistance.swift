/// "Did you mean …". A value without state.
enum EditDistance {
    /// The candidate that a slip of the finger is most likely to have turned into `word`; nil when none is near.
    ///
    /// `accessKey` and `access-key` are as near to `access_key` as can be.
    static func nearest(to word: String, in candidates: some Sequence<String>) -> String? {
        let folded = fold(word)
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let other = fold(candidate)
            let distance = distance(folded, other, atMost: max(1, min(folded.count, other.count) / 3))
            guard let distance, distance < best?.distance ?? Int.max else { continue }
            best = (candidate, distance)
        }
        return best?.candidate
    }

    private static func fold(_ word: String) -> [UInt8] {
        // Longer words are nobody's keys, and the table below is quadratic.
        word.lowercased().utf8.prefix(64).filter { $0 != 0x5F && $0 != 0x2D && $0 != 0x20 }
    }

    /// Insertions, deletions, substitutions and swaps of neighbours; nil above the limit.
    static func distance(_ left: [UInt8], _ right: [UInt8], atMost limit: Int) -> Int? {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var cost = min(
                    previous[column + 1] + 1,
                    current[column] + 1,
                    previous[column] + (byte == other ? 0 : 1)
                )
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == other {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        let distance = previous[right.count]
        return distance <= limit ? distance : nil
    }
}
