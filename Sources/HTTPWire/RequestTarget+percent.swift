extension RequestTarget {
    /// The bytes that a percent-encoded text stands for; nil for a malformed encoding. "+" stays "+".
    public static func percentDecode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var bytes = [UInt8]()
        bytes.reserveCapacity(text.count)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            guard byte == ASCII.percent else {
                bytes.append(byte)
                continue
            }
            guard let first = iterator.next(), let high = ASCII.hexValue(first),
                let second = iterator.next(), let low = ASCII.hexValue(second)
            else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    /// Everything but A-Z a-z 0-9 - . _ ~ percent-encoded with upper-case digits, as Signature Version 4 wants it.
    public static func percentEncode(_ bytes: some Collection<UInt8>, keepSlash: Bool) -> String {
        var text = [UInt8]()
        text.reserveCapacity(bytes.count)
        for byte in bytes {
            if ASCII.isUnreserved(byte) || (keepSlash && byte == ASCII.slash) {
                text.append(byte)
            } else {
                text.append(ASCII.percent)
                text.append(ASCII.hexDigit(byte >> 4))
                text.append(ASCII.hexDigit(byte & 15))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
