import NIOCore

/// Bodies for tests: the same ones in every run. A value without state.
enum BodyMaker {
    /// Text with the repetitions of a style sheet.
    static func text(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var state: UInt64 = 1
        while bytes.count < count {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes += Array(".rule-\(state >> 50) { margin: \(state >> 60)px; color: #\(state >> 54) }\n".utf8)
        }
        return Array(bytes.prefix(count))
    }

    /// Bytes that no encoder can make shorter.
    static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 42
        var bytes = [UInt8](repeating: 0, count: count)
        for index in bytes.indices {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[index] = UInt8(truncatingIfNeeded: state >> 33)
        }
        return bytes
    }

    /// Cuts bytes into pieces whose lengths repeat; with one empty piece in between.
    static func pieces(_ bytes: [UInt8], lengths: [Int]) -> [ByteBuffer] {
        var pieces: [ByteBuffer] = []
        var start = 0
        var index = 0
        while start < bytes.count {
            let end = min(bytes.count, start + max(1, lengths[index % lengths.count]))
            pieces.append(ByteBuffer(bytes: bytes[start..<end]))
            if index == 0 { pieces.append(ByteBuffer()) }
            start = end
            index += 1
        }
        return pieces
    }

    static func bytes(_ pieces: [ByteBuffer]) -> [UInt8] {
        pieces.reduce(into: []) { $0 += $1.readableBytesView }
    }
}
