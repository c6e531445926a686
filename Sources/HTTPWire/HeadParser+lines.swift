extension HeadParser {
    /// request-line = method SP request-target SP HTTP-version (RFC 9112, section 3). Controls are out already.
    mutating func parseRequestLine(
        _ input: Span<UInt8>,
        _ line: Range<Int>,
        _ head: inout RequestHead
    ) throws(HeadError) {
        var index = line.lowerBound
        while index < line.upperBound, ASCII.isToken(input[index]) { index &+= 1 }
        let method = line.lowerBound..<index
        guard method.count <= limits.method else { throw HeadError(.methodTooLong, at: index) }
        guard !method.isEmpty, index < line.upperBound, input[index] == ASCII.space else {
            throw HeadError(.badRequestLine, at: index)
        }
        index &+= 1
        let targetStart = index
        while index < line.upperBound, input[index] > ASCII.space { index &+= 1 }
        let target = targetStart..<index
        guard target.count <= limits.target else { throw HeadError(.targetTooLong, at: index) }
        guard !target.isEmpty, index < line.upperBound, input[index] == ASCII.space else {
            throw HeadError(.badRequestLine, at: index)
        }
        head.version = try Self.parseVersion(input, index + 1..<line.upperBound, other: .badVersion)
        head.method = Method(input, method)
        head.methodRange = method
        head.target = target
        progress.framing.version = head.version
    }

    /// status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112, section 4); the SP before an empty
    /// reason is often forgotten.
    mutating func parseStatusLine(
        _ input: Span<UInt8>,
        _ line: Range<Int>,
        _ head: inout ResponseHead
    ) throws(HeadError) {
        let start = line.lowerBound
        guard line.count >= 12, input[start + 8] == ASCII.space else { throw HeadError(.badStatusLine, at: start) }
        head.version = try Self.parseVersion(input, start..<start + 8, other: .badStatusLine)
        progress.framing.version = head.version
        guard let status = input.decimal(start + 9..<start + 12), status >= 100 else {
            throw HeadError(.badStatusLine, at: start + 9)
        }
        head.status = Int(status)
        guard line.count > 12 else { return }
        guard input[start + 12] == ASCII.space else { throw HeadError(.badStatusLine, at: start + 12) }
        for index in start + 13..<line.upperBound {
            head.reason.unicodeScalars.append(Unicode.Scalar(input[index]))
        }
    }

    /// HTTP-version = "HTTP" "/" DIGIT "." DIGIT, case-sensitive (RFC 9112, section 2.3).
    private static func parseVersion(
        _ input: Span<UInt8>,
        _ range: Range<Int>,
        other: HeadError.Kind
    ) throws(HeadError) -> HTTPVersion {
        let start = range.lowerBound
        guard range.count == 8,
            input[start] == 0x48, input[start + 1] == 0x54, input[start + 2] == 0x54, input[start + 3] == 0x50,
            input[start + 4] == ASCII.slash, input[start + 6] == ASCII.dot,
            ASCII.isDigit(input[start + 5]), ASCII.isDigit(input[start + 7])
        else { throw HeadError(other, at: start) }
        guard input[start + 5] == 0x31 else { throw HeadError(.unsupportedVersion, at: start) }
        return input[start + 7] == ASCII.zero ? .http10 : .http11
    }

    /// field-line = field-name ":" OWS field-value OWS (RFC 9112, section 5). Controls are out already.
    static func parseFieldLine(_ input: Span<UInt8>, _ line: Range<Int>) throws(HeadError) -> FieldList.Field {
        var index = line.lowerBound
        if ASCII.isBlank(input[index]) { throw HeadError(.obsFold, at: index) }
        while index < line.upperBound, ASCII.isToken(input[index]) { index &+= 1 }
        guard index < line.upperBound else { throw HeadError(.missingColon, at: index) }
        guard input[index] == ASCII.colon, index > line.lowerBound else {
            throw HeadError(ASCII.isBlank(input[index]) ? .spaceBeforeColon : .badFieldName, at: index)
        }
        let name = line.lowerBound..<index
        let value = input.trimmingBlanks(index + 1..<line.upperBound)
        return FieldList.Field(
            name: FieldName(input, name),
            nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
            nameEnd: UInt32(truncatingIfNeeded: name.upperBound),
            valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
            valueEnd: UInt32(truncatingIfNeeded: value.upperBound)
        )
    }
}
