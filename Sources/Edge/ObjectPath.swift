import HTTPWire

/// The path of a bucket's object in a key: one path for one object, however a client encodes it. A namespace.
///
/// `/a%2Fb` and `/a/b` name the same object, so that a purge of one must reach the other. Everything is decoded but `%`
/// itself, which stays `%25`, and `?`, which stays `%3F` because it ends a key's path.
enum ObjectPath {
    /// Changes a normalised path in place. Most paths have no `%` and stay as they are.
    static func canonicalise(_ path: inout [UInt8]) {
        guard var read = path.firstIndex(of: percent) else { return }
        var write = read
        while read < path.count {
            var byte = path[read]
            var width = 1
            if byte == percent, read + 2 < path.count, let high = digit(path[read + 1]), let low = digit(path[read + 2])
            {
                let decoded = high << 4 | low
                if decoded != percent, decoded != UInt8(ascii: "?") {
                    byte = decoded
                    width = 3
                }
            }
            path[write] = byte
            write += 1
            read += width
        }
        path.removeSubrange(write...)
    }

    /// The same for the path of a purge.
    static func canonical(_ path: String) -> [UInt8] {
        var bytes = Array(path.utf8)
        canonicalise(&bytes)
        return bytes
    }

    private static let percent = UInt8(ascii: "%")

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
