import HTTPWire

extension CacheControl {
    /// Notes the field names in `no-cache="…"` or `private="…"` (RFC 9111, sections 5.2.2.4 and 5.2.2.7).
    ///
    /// Where one is no name, or that of a field without which the rest would be wrong, the whole response is meant:
    /// restricting more than was asked for is always allowed.
    mutating func noteNames(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ flag: WritableKeyPath<CacheControl, Bool>,
        _ names: WritableKeyPath<CacheControl, [String]>
    ) {
        var found = [String]()
        var members = ListMembers(range)
        while let name = members.next(bytes) {
            guard Self.mayBeLeftOut(bytes, name) else {
                found = []
                break
            }
            found.append(bytes.latin1(name).lowercased())
        }
        if found.isEmpty {
            self[keyPath: flag] = true
        } else {
            self[keyPath: names] += found
        }
    }

    private static func mayBeLeftOut(_ bytes: Span<UInt8>, _ name: Range<Int>) -> Bool {
        for index in name where !ASCII.isToken(bytes[index]) { return false }
        switch FieldName(bytes.extracting(name)) {
        case .age, .cacheControl, .cdnCacheControl, .contentEncoding, .contentLength, .contentRange, .contentType,
            .date, .etag, .expires, .lastModified, .vary:
            return false
        default:
            return true
        }
    }
}
