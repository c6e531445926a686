import HTTPWire

/// Cuts whole responses from what a ``RawClient`` has received. A namespace.
enum ResponseCutter {
    /// What cannot be a response. A value.
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    /// The first response in `state.received`, taken out; nil while it is not whole.
    static func cut(_ state: inout RawClient.State, requestMethod: Method) throws -> RawClient.Response? {
        var head = ResponseHead()
        var parser = HeadParser(limits: HeadLimits(bytes: 1 << 20, fields: 1000))
        let length: Int
        switch parser.parseResponse(state.received.span, requestMethod: requestMethod, into: &head) {
        case .needMore:
            if let ending = state.ending { throw Malformed(description: "\(ending) before a whole head") }
            return nil
        case .failed(let error): throw Malformed(description: "malformed response head: \(error.message)")
        case .complete(let bytes): length = bytes
        }
        guard let (body, end) = try body(head.framing, state, from: length) else { return nil }
        state.received.removeFirst(end)
        return RawClient.Response(head: head, body: body)
    }

    private static func body(
        _ framing: BodyFraming,
        _ state: RawClient.State,
        from start: Int
    ) throws -> (body: [UInt8], end: Int)? {
        let received = state.received
        switch framing {
        case .none: return ([], start)
        case .length(let length):
            let end = start + Int(length)
            guard received.count >= end else {
                if let ending = state.ending {
                    throw Malformed(description: "\(ending) after \(received.count - start) of \(length) bytes")
                }
                return nil
            }
            return (Array(received[start..<end]), end)
        case .untilClose:
            guard let ending = state.ending else { return nil }
            guard ending == .closed else {
                throw Malformed(description: "reset in a body that ends with the connection")
            }
            return (Array(received[start...]), received.count)
        case .chunked: return try chunks(state, from: start)
        }
    }

    private static func chunks(_ state: RawClient.State, from start: Int) throws -> (body: [UInt8], end: Int)? {
        var decoder = ChunkedDecoder()
        var body: [UInt8] = []
        var position = start
        while true {
            switch decoder.next(state.received.span.extracting(position...)) {
            case .needMore:
                if let ending = state.ending { throw Malformed(description: "\(ending) before the last chunk") }
                return nil
            case .data(let skip, let count):
                body.append(contentsOf: state.received[(position + skip)..<(position + skip + count)])
                position += skip + count
            case .end(let consumed): return (body, position + consumed)
            case .failed(let error): throw Malformed(description: "malformed chunks: \(error.message)")
            }
        }
    }
}
