import CachingRules
import ContentCoding
import Glibc
import HTTPWire
import NIOCore
import TestSupport

/// Bodies and dates that scenarios use. A namespace.
enum Texts {
    /// About `count` bytes of a style sheet, which compress well. Different for each seed.
    static func css(_ count: Int, seed: Int = 0) -> String {
        var text = "/* \(seed) */\n"
        var number = seed
        while text.utf8.count < count {
            number &+= 7919
            text += ".c\(number % 100_003) { margin: \(number % 97)px; padding: \(number % 13)em }\n"
        }
        return text
    }

    /// A date as HTTP writes it.
    static func date(secondsAgo: Int64 = 0) -> String {
        HTTPDate.format(Int64(time(nil)) - secondsAgo)
    }

    /// What a coded body stands for.
    static func decoded(_ response: RawClient.Response) throws -> String {
        guard let coding = response["Content-Encoding"].flatMap({ Coding(token: $0) }) else { return response.text }
        let pieces = try Compressor.decode([ByteBuffer(bytes: response.body)], coding: coding, limit: 64 << 20)
        return String(decoding: pieces.flatMap { Array($0.readableBytesView) }, as: UTF8.self)
    }
}
