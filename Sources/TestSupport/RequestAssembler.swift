/// Cuts a byte stream into requests, with a parser that is not the one under test. A value.
///
/// It is lenient where that does no harm: a test that wants to see what was sent looks at the recorded head.
struct RequestAssembler {
    enum Event {
        case head(RecordedRequest)
        case body(ArraySlice<UInt8>)
        case end
        case malformed(String)
    }

    private enum State {
        case head
        case counted(Int)
        case chunkSize
        case chunk(Int)
        case trailer
    }

    private var state = State.head
    private var buffer: [UInt8] = []
    private let connection: Int

    init(connection: Int) {
        self.connection = connection
    }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// The next event that the bytes so far contain.
    mutating func next() -> Event? {
        switch state {
        case .head: return nextHead()
        case .counted(let left):
            if left == 0 { return ended() }
            return nextBody(left) { .counted($0) }
        case .chunk(let left):
            if left == 0 {
                guard buffer.count >= 2 else { return nil }
                buffer.removeFirst(2)
                state = .chunkSize
                return next()
            }
            return nextBody(left) { .chunk($0) }
        case .chunkSize:
            guard let line = takeLine() else { return nil }
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { return .malformed("chunk size \(line)") }
            state = size == 0 ? .trailer : .chunk(size)
            return next()
        case .trailer:
            guard let line = takeLine() else { return nil }
            return line.isEmpty ? ended() : next()
        }
    }

    private mutating func nextHead() -> Event? {
        guard let end = Self.endOfHead(buffer) else { return nil }
        let bytes = Array(buffer[..<end])
        buffer.removeFirst(end)
        guard let request = RecordedRequest(head: bytes, connection: connection) else {
            return .malformed("request line")
        }
        if request["Transfer-Encoding"]?.lowercased() == "chunked" {
            state = .chunkSize
        } else {
            state = .counted(request["Content-Length"].flatMap { Int($0) } ?? 0)
        }
        return .head(request)
    }

    private mutating func nextBody(_ left: Int, _ then: (Int) -> State) -> Event? {
        guard !buffer.isEmpty else { return nil }
        let count = min(left, buffer.count)
        let piece = buffer[..<count]
        state = then(left - count)
        buffer = Array(buffer[count...])
        return .body(piece)
    }

    private mutating func ended() -> Event {
        state = .head
        return .end
    }

    private mutating func takeLine() -> String? {
        guard let feed = buffer.firstIndex(of: 0x0A) else { return nil }
        let line = String(decoding: buffer[..<feed], as: UTF8.self)
        buffer.removeFirst(feed + 1)
        return line.hasSuffix("\r\n") ? String(line.dropLast()) : line.filter { $0 != "\r" }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 3..<bytes.count
        where bytes[index] == 0x0A && bytes[index - 1] == 0x0D && bytes[index - 2] == 0x0A && bytes[index - 3] == 0x0D {
            return index + 1
        }
        return nil
    }
}
