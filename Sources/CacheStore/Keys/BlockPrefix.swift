/// What stands before an object's key in the key of one of its blocks. A namespace.
///
/// `0x01 | number u32 | length of the tag u16 | tag`, most significant byte first. The tag is the strong entity tag of the
/// bytes, so that the blocks of two versions of an object never share a key.
enum BlockPrefix {
    /// No site id begins with it: those are made of text.
    static let mark: UInt8 = 1
    static let fixedBytes = 7

    /// The key's bytes; nil when the tag is too long.
    static func bytes(number: UInt32, etag: [UInt8], before key: [UInt8]) -> [UInt8]? {
        guard etag.count <= StoreLimits.blockTagBytes else { return nil }
        return [UInt8](unsafeUninitializedCapacity: fixedBytes + etag.count + key.count) { buffer, count in
            buffer[0] = mark
            for index in 0..<4 { buffer[1 + index] = UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * index)) }
            buffer[5] = UInt8(truncatingIfNeeded: etag.count >> 8)
            buffer[6] = UInt8(truncatingIfNeeded: etag.count)
            count = fixedBytes
            for byte in etag {
                buffer[count] = byte
                count += 1
            }
            for byte in key {
                buffer[count] = byte
                count += 1
            }
        }
    }

    /// Where the prefix ends and the site begins: 0 without a prefix; nil when it is cut off.
    static func end(in bytes: [UInt8]) -> Int? {
        guard bytes.first == mark else { return 0 }
        guard bytes.count >= fixedBytes else { return nil }
        let end = fixedBytes + Int(bytes[5]) << 8 + Int(bytes[6])
        return end <= bytes.count ? end : nil
    }
}
