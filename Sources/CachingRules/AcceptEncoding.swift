public import HTTPWire

/// Content negotiation by Accept-Encoding (RFC 9110, section 12.5.3). A namespace.
public enum AcceptEncoding {
    /// The coding to answer with, out of those available; allocates nothing.
    ///
    /// The greatest weight wins; of equal weights br, then zstd, gzip, identity. Identity counts as the least wanted
    /// unless it is named, and as acceptable unless it is excluded. Without the field the answer is identity: "any
    /// coding" is what the RFC allows then, but clients that say nothing often cannot decode. A malformed field
    /// counts as absent.
    ///
    /// nil: nothing available is acceptable (identity is excluded, and none of the others is there).
    public static func preferred(_ value: Span<UInt8>?, available: CodingSet) -> Coding? {
        var weights = Weights()
        if let value {
            guard weights.read(value, 0..<value.count) else { return .identity }
        }
        return weights.best(available)
    }

    /// The same for a request's fields, of which several lines may be Accept-Encoding.
    public static func preferred(_ request: FieldList, available: CodingSet) -> Coding? {
        var weights = Weights()
        let bytes = request.bytes.span
        if request.contains(.acceptEncoding) {
            for field in request.fields where field.name == .acceptEncoding {
                guard weights.read(bytes, field.valueRange) else { return .identity }
            }
        }
        return weights.best(available)
    }

    /// What a field says about each coding, in thousandths; -1: nothing. A value.
    private struct Weights {
        var identity = -1
        var gzip = -1
        var br = -1
        var zstd = -1
        var others = -1

        /// Reads `coding [;q=weight], …`; false when it is malformed. The first mention of a coding counts.
        mutating func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
            var start = range.lowerBound
            while start <= range.upperBound {
                var end = start
                while end < range.upperBound, bytes[end] != ASCII.comma { end += 1 }
                let member = bytes.trimmingBlanks(start..<end)
                start = end + 1
                if !member.isEmpty, !readMember(bytes, member) { return false }
            }
            return true
        }

        private mutating func readMember(_ bytes: Span<UInt8>, _ member: Range<Int>) -> Bool {
            var end = member.lowerBound
            while end < member.upperBound, ASCII.isToken(bytes[end]) { end += 1 }
            let coding = member.lowerBound..<end
            guard !coding.isEmpty, let weight = AcceptEncoding.weight(bytes, end..<member.upperBound) else {
                return false
            }
            func note(_ place: inout Int) { if place < 0 { place = weight } }
            if bytes.matches(coding, lowercase: "gzip") || bytes.matches(coding, lowercase: "x-gzip") {
                note(&gzip)
            } else if bytes.matches(coding, lowercase: "br") {
                note(&br)
            } else if bytes.matches(coding, lowercase: "zstd") {
                note(&zstd)
            } else if bytes.matches(coding, lowercase: "identity") {
                note(&identity)
            } else if bytes.matches(coding, lowercase: "*") {
                note(&others)
            }
            return true
        }

        func best(_ available: CodingSet) -> Coding? {
            var best: Coding?
            var bestWeight = 0
            func consider(_ coding: Coding, _ weight: Int) {
                let known = weight >= 0 ? weight : others
                if known > bestWeight, available.contains(coding) {
                    best = coding
                    bestWeight = known
                }
            }
            consider(.br, br)
            consider(.zstd, zstd)
            consider(.gzip, gzip)
            consider(.identity, identity)
            if best == nil, identity != 0, !(identity < 0 && others == 0), available.contains(.identity) {
                return .identity
            }
            return best
        }
    }

    /// `[ OWS ";" OWS "q=" qvalue ]` in thousandths (RFC 9110, section 12.4.2); 1000 for nothing, nil if malformed.
    private static func weight(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
        var rest = bytes.trimmingBlanks(range)
        guard !rest.isEmpty else { return 1000 }
        guard bytes[rest.lowerBound] == ASCII.semicolon else { return nil }
        rest = bytes.trimmingBlanks(rest.lowerBound + 1..<rest.upperBound)
        guard (3...7).contains(rest.count), bytes.matches(rest.lowerBound..<rest.lowerBound + 2, lowercase: "q=") else {
            return nil
        }
        var index = rest.lowerBound + 2
        let whole = bytes[index]
        guard whole == ASCII.zero || whole == ASCII.zero + 1 else { return nil }
        index += 1
        var thousandths = 0
        if index < rest.upperBound {
            guard bytes[index] == ASCII.dot else { return nil }
            index += 1
            var unit = 100
            while index < rest.upperBound {
                guard ASCII.isDigit(bytes[index]) else { return nil }
                thousandths += Int(bytes[index] - ASCII.zero) * unit
                unit /= 10
                index += 1
            }
        }
        if whole == ASCII.zero { return thousandths }
        return thousandths == 0 ? 1000 : nil
    }
}
