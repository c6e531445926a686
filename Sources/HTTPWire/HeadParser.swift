/// Parses heads of HTTP/1 messages, strictly, in one pass. A value that a connection keeps between calls.
///
/// The caller passes all bytes that it has from the head's first one on, and passes them again with more appended as
/// long as the answer is `needMore`; the parser remembers what it has done, so a head that trickles in costs no more
/// than one that comes at once, and the answer does not depend on how it was cut into pieces. Nothing is allocated
/// once the head's arrays have their size.
///
/// RFC 9112 lets a recipient be lenient in places where two recipients may then see different messages (request
/// smuggling, section 11.2). This parser never is.
public struct HeadParser: Sendable {
    /// What is accepted.
    public let limits: HeadLimits
    var progress = Progress()

    /// A parser for one connection.
    public init(limits: HeadLimits = .init()) { self.limits = limits }

    /// What is known of a head that is not complete yet. A value.
    struct Progress: Sendable {
        /// The first byte that was not looked at.
        var scanned = 0
        /// The first byte of the line that is not complete.
        var lineStart = 0
        var isBegun = false
        var hasStartLine = false
        var emptyLines = 0
        var framing = FramingFields()
    }

    /// Parses a request's head (RFC 9112, sections 2.2, 3 and 5) into `head`.
    ///
    /// After `complete` and `failed` the parser is ready for the next head.
    public mutating func parseRequest(_ input: Span<UInt8>, into head: inout RequestHead) -> HeadParseResult {
        do {
            guard try advanceRequest(input, &head) else { return .needMore }
            let length = progress.lineStart
            try progress.framing.applyToRequest(&head)
            head.fields.bytes.append(input, 0..<length)
            progress = Progress()
            return .complete(length: length)
        } catch {
            progress = Progress()
            return .failed(error)
        }
    }

    /// Parses a response's head (RFC 9112, sections 4 and 5) into `head`; the request's method decides about the body.
    ///
    /// After `complete` and `failed` the parser is ready for the next head.
    public mutating func parseResponse(
        _ input: Span<UInt8>,
        requestMethod: Method,
        into head: inout ResponseHead
    ) -> HeadParseResult {
        do {
            guard try advanceResponse(input, &head) else { return .needMore }
            let length = progress.lineStart
            try progress.framing.applyToResponse(&head, requestMethod: requestMethod)
            head.fields.bytes.append(input, 0..<length)
            progress = Progress()
            return .complete(length: length)
        } catch {
            progress = Progress()
            return .failed(error)
        }
    }

    private mutating func advanceRequest(_ input: Span<UInt8>, _ head: inout RequestHead) throws(HeadError) -> Bool {
        if !progress.isBegun {
            head.clear()
            progress.isBegun = true
        }
        while !progress.hasStartLine {
            // Seen from its first byte, what is no HTTP (a TLS handshake, say) need not wait for a line end.
            if progress.lineStart < input.count, !canBeginRequest(input[progress.lineStart]) {
                throw HeadError(.badRequestLine, at: progress.lineStart)
            }
            let limit = min(limits.bytes, progress.lineStart + limits.requestLine + 2)
            guard let line = try nextLine(input, limit: limit) else { return false }
            if line.isEmpty {
                progress.emptyLines += 1
                if progress.emptyLines > limits.leadingEmptyLines {
                    throw HeadError(.tooManyEmptyLines, at: line.lowerBound)
                }
            } else {
                try parseRequestLine(input, line, &head)
                progress.hasStartLine = true
            }
        }
        return try advanceFields(input, &head.fields)
    }

    private mutating func advanceResponse(_ input: Span<UInt8>, _ head: inout ResponseHead) throws(HeadError) -> Bool {
        if !progress.isBegun {
            head.clear()
            progress.isBegun = true
        }
        if !progress.hasStartLine {
            if progress.lineStart < input.count, input[progress.lineStart] != UInt8(ascii: "H") {
                throw HeadError(.badStatusLine, at: progress.lineStart)
            }
            guard let line = try nextLine(input, limit: limits.bytes) else { return false }
            try parseStatusLine(input, line, &head)
            progress.hasStartLine = true
        }
        return try advanceFields(input, &head.fields)
    }

    /// Parses field lines up to the empty line; true when that was found.
    private mutating func advanceFields(_ input: Span<UInt8>, _ fields: inout FieldList) throws(HeadError) -> Bool {
        while let line = try nextLine(input, limit: limits.bytes) {
            if line.isEmpty { return true }
            guard fields.count < limits.fields else { throw HeadError(.tooManyFields, at: line.lowerBound) }
            let field = try Self.parseFieldLine(input, line)
            try progress.framing.note(field, input)
            fields.note(field)
        }
        return false
    }

    private func canBeginRequest(_ byte: UInt8) -> Bool {
        ASCII.isToken(byte) || byte == ASCII.carriageReturn || byte == ASCII.lineFeed
    }

    /// The next line without its CRLF; nil when it has not come whole. `limit`: where it has to end at the latest.
    private mutating func nextLine(_ input: Span<UInt8>, limit: Int) throws(HeadError) -> Range<Int>? {
        let end = min(input.count, limit)
        // Fewer bytes than before: a caller's mistake, which must not be a trap.
        guard end >= progress.scanned else { return nil }
        var stop = input.firstControl(from: progress.scanned, to: end)
        if stop < end, input[stop] == ASCII.carriageReturn {
            if stop + 1 < end {
                guard input[stop + 1] == ASCII.lineFeed else { throw HeadError(.bareCarriageReturn, at: stop) }
                let line = progress.lineStart..<stop
                progress.lineStart = stop + 2
                progress.scanned = stop + 2
                return line
            }
        } else if stop < end {
            throw HeadError(input[stop] == ASCII.lineFeed ? .bareLineFeed : .controlCharacter, at: stop)
        } else {
            stop = end
        }
        guard end < limit else { throw overlong(input, limit: limit) }
        progress.scanned = stop
        return nil
    }

    private func overlong(_ input: Span<UInt8>, limit: Int) -> HeadError {
        guard !progress.hasStartLine, limit < limits.bytes else { return HeadError(.tooLarge, at: limit) }
        for index in progress.lineStart..<limit where input[index] == ASCII.space {
            let methodIsTooLong = index - progress.lineStart > limits.method
            return HeadError(methodIsTooLong ? .methodTooLong : .targetTooLong, at: limit)
        }
        return HeadError(.methodTooLong, at: limit)
    }
}
