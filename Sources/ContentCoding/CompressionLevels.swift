public import CachingRules

/// How hard to compress. A value.
public struct CompressionLevels: Sendable, Hashable {
    /// zlib's, 1 to 9.
    public let gzip: Int
    /// Brotli's, 2 to 11.
    ///
    /// 0 and 1 are left out: they compress what each call happens to bring by itself, so their output depends on how the
    /// bytes arrived, and one strong entity tag would stand for different bytes.
    public let brotli: Int

    /// Makes a pair of levels, each brought into its range.
    public init(gzip: Int, brotli: Int) {
        self.gzip = min(max(gzip, 1), 9)
        self.brotli = min(max(brotli, 2), 11)
    }

    /// For an answer that somebody waits for.
    public static let fast = CompressionLevels(gzip: 6, brotli: 5)
    /// For a form that is made once and served often.
    public static let best = CompressionLevels(gzip: 9, brotli: 11)

    /// The level of a coding; 0 where there are no levels.
    public func level(for coding: Coding) -> Int {
        switch coding {
        case .gzip: gzip
        case .br: brotli
        case .identity, .zstd: 0
        }
    }
}
