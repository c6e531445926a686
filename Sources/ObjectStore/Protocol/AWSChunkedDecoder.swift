/// Takes the `aws-chunked` coding apart: chunks of `SIZE[;chunk-signature=…] CRLF data CRLF`, the last of size 0, then
/// trailer lines and an empty one. *Value*; sees bytes, knows no signatures.
struct AWSChunkedDecoder: Sendable {
    enum Step: Sendable, Equatable {
        /// The input is used up.
        case needMore
        /// A chunk begins; a size of 0 begins the trailer.
        case chunk(size: Int64, signature: String?)
        /// The chunk's next bytes are this part of the input.
        case data(Range<Int>)
        /// All of a chunk's bytes have come.
        case chunkEnd
    }

    private enum State: Equatable {
        case line
        case data(left: Int64)
        /// The CRLF behind a chunk's data.
        case dataEnd
        case trailer
        case end
    }

    /// Trailer fields, names in lower case, in the order in which they came.
    private(set) var trailer: [(name: String, value: String)] = []
    private var state = State.line
    private var line: [UInt8] = []
    private var trailerBytes = 0

    /// The next step from `position` on, which is moved behind what was read.
    mutating func next(_ input: Span<UInt8>, _ position: inout Int) throws(S3Error) -> Step {
        while position < input.count {
            switch state {
            case .data(let left):
                let count = Int(min(left, Int64(input.count - position)))
                guard count > 0 else {
                    state = .dataEnd
                    return .chunkEnd
                }
                let range = position..<position + count
                position += count
                state = .data(left: left - Int64(count))
                return .data(range)
            case .end:
                throw Self.malformed("bytes after its end")
            case .line, .dataEnd, .trailer:
                guard try takeLine(input, &position) else { continue }
                if let step = try readLine() { return step }
            }
        }
        if case .data(left: 0) = state {
            state = .dataEnd
            return .chunkEnd
        }
        return .needMore
    }

    /// Whether the body may end here. Some clients leave out the empty line behind the trailer.
    var isComplete: Bool { state == .end || (state == .trailer && line.isEmpty) }

    /// True when `line` holds a whole line, without its end.
    private mutating func takeLine(_ input: Span<UInt8>, _ position: inout Int) throws(S3Error) -> Bool {
        let limit = state == .trailer ? ObjectStoreLimits.chunkTrailerBytes : ObjectStoreLimits.chunkLineBytes
        while position < input.count {
            let byte = input[position]
            position += 1
            if byte == UInt8(ascii: "\n"), line.last == UInt8(ascii: "\r") {
                line.removeLast()
                return true
            }
            guard line.count < limit else { throw Self.malformed("a line of more than \(limit) bytes") }
            line.append(byte)
        }
        return false
    }

    private mutating func readLine() throws(S3Error) -> Step? {
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .dataEnd:
            guard line.isEmpty else { throw Self.malformed("a chunk longer than its size") }
            state = .line
            return nil
        case .trailer:
            try readTrailer()
            return nil
        default:
            let (size, signature) = try readChunkLine()
            state = size == 0 ? .trailer : .data(left: size)
            return .chunk(size: size, signature: signature)
        }
    }

    private func readChunkLine() throws(S3Error) -> (Int64, String?) {
        let parts = String(decoding: line, as: UTF8.self).split(separator: ";", omittingEmptySubsequences: false)
        let digits = parts[0]
        // Int64 would also take a sign.
        guard let size = Int64(digits, radix: 16), digits.allSatisfy(\.isHexDigit) else {
            throw Self.malformed("a chunk without its size")
        }
        // Sizes are added up.
        guard size <= ObjectStoreLimits.uploadBytes else { throw Self.malformed("a chunk larger than any object") }
        let prefix = "chunk-signature="
        let signature = parts.dropFirst().first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count)
        return (size, signature.map(String.init))
    }

    private mutating func readTrailer() throws(S3Error) {
        guard !line.isEmpty else {
            state = .end
            return
        }
        trailerBytes += line.count
        guard trailerBytes <= ObjectStoreLimits.chunkTrailerBytes,
            let colon = line.firstIndex(of: UInt8(ascii: ":"))
        else { throw Self.malformed("a trailer that cannot be read") }
        let value = String(decoding: line[(colon + 1)...], as: UTF8.self)
        trailer.append((String(decoding: line[..<colon], as: UTF8.self).lowercased(), value.trimmed))
    }

    private static func malformed(_ what: String) -> S3Error {
        S3Error(.invalidRequest, "The aws-chunked body is malformed: \(what).")
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
