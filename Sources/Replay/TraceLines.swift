/// Cuts the bytes of a trace into requests, however they come. A value.
///
/// A line is `time,key,size`. The key is what stands between the first and the last comma, any bytes; the time is not looked
/// at. Empty lines, and a first line that names the columns, are passed over.
struct TraceLines {
    private let path: String
    private var line = 0
    private var requestedBytes = 0
    /// The beginning of a line whose end has not come yet.
    private var rest: [UInt8] = []

    private static let newline = UInt8(ascii: "\n")
    private static let comma = UInt8(ascii: ",")

    init(path: String) {
        self.path = path
    }

    /// Appends the requests of the lines that end in `bytes`.
    mutating func read(_ bytes: Span<UInt8>, into requests: inout [TraceRequest]) throws(TraceError) {
        var start = 0
        for end in bytes.indices where bytes[end] == Self.newline {
            if rest.isEmpty {
                try take(bytes.extracting(start..<end), &requests)
            } else {
                append(bytes.extracting(start..<end))
                try takeRest(&requests)
            }
            start = end + 1
        }
        guard rest.count + bytes.count - start <= Limits.lineBytes else {
            throw bad("a line of at most \(Limits.lineBytes) bytes", rest.span, line: line + 1)
        }
        append(bytes.extracting(start..<bytes.count))
    }

    /// The last line may have no end.
    mutating func finish(into requests: inout [TraceRequest]) throws(TraceError) {
        if !rest.isEmpty { try takeRest(&requests) }
    }

    private mutating func append(_ bytes: Span<UInt8>) {
        for index in bytes.indices { rest.append(bytes[index]) }
    }

    private mutating func takeRest(_ requests: inout [TraceRequest]) throws(TraceError) {
        let whole = rest
        rest.removeAll(keepingCapacity: true)
        try take(whole.span, &requests)
    }

    private mutating func take(_ line: Span<UInt8>, _ requests: inout [TraceRequest]) throws(TraceError) {
        self.line += 1
        var end = line.count
        if end > 0, line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard end > 0 else { return }
        var last = end - 1
        var size = 0
        var factor = 1
        while last >= 0, line[last] != Self.comma {
            let digit = Int(line[last]) - 48
            guard (0...9).contains(digit), factor < Limits.objectBytes else { break }
            size += digit * factor
            factor *= 10
            last -= 1
        }
        guard last >= 0, line[last] == Self.comma, last < end - 1, size <= Limits.objectBytes else {
            if self.line == 1, isHeader(line.extracting(0..<end)) { return }
            throw bad("time,key,size with a size in bytes", line.extracting(0..<end), line: self.line)
        }
        var first = 0
        while line[first] != Self.comma { first += 1 }
        guard first < last else {
            throw bad("time,key,size, three columns", line.extracting(0..<end), line: self.line)
        }
        requestedBytes += size
        guard requestedBytes <= Limits.requestedBytes else {
            throw bad("sizes of less than 2 EiB together", line.extracting(0..<end), line: self.line)
        }
        let key = line.extracting((first + 1)..<last)
        requests.append(TraceRequest(hash: ObjectHash.hash(key, size: size), size: size))
    }

    private func isHeader(_ line: Span<UInt8>) -> Bool { text(line).lowercased().hasSuffix(",size") }

    private func text(_ bytes: Span<UInt8>) -> String {
        var characters: [UInt8] = []
        for index in 0..<min(bytes.count, 60) { characters.append(bytes[index]) }
        // What is shown must not steer a terminal.
        return String(
            String(decoding: characters, as: UTF8.self).map { $0.isASCII && $0 >= " " && $0 <= "~" ? $0 : "?" }
        )
            + (bytes.count > 60 ? "…" : "")
    }

    private func bad(_ expected: String, _ found: Span<UInt8>, line: Int) -> TraceError {
        .badLine(path: path, line: line, expected: expected, found: text(found))
    }
}
