extension ScriptedAnswer {
    /// The answer as steps on the connection.
    func steps(method: String) -> [Step] {
        if let rawSteps { return rawSteps }
        let hasBody = method != "HEAD" && status >= 200 && status != 204 && status != 304
        var steps = beforeHead
        steps.append(.send(headBytes(hasBody: hasBody)))
        guard hasBody else { return steps }
        for (index, piece) in pieces().enumerated() {
            if let cut, piece.lowerBound >= cut.offset { break }
            for hold in holds where hold.offset == piece.lowerBound { steps.append(.hold(hold.latch)) }
            if index > 0, let pieceInterval { steps.append(.wait(pieceInterval)) }
            steps.append(.send(framed(body[piece])))
        }
        if let cut {
            // A reset overtakes what the peer has not read yet, so the bytes are given a moment.
            if cut.reset { steps.append(.wait(.milliseconds(50))) }
            steps.append(cut.reset ? .reset : .close)
            return steps
        }
        for hold in holds where hold.offset >= body.count { steps.append(.hold(hold.latch)) }
        switch framing {
        case .chunked: steps.append(.send(Array("0\r\n\r\n".utf8)))
        case .untilClose: steps.append(.close)
        case .length, .declared: break
        }
        return steps
    }

    private func headBytes(hasBody: Bool) -> [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        switch framing {
        case .length where status >= 200 && status != 204 && status != 304:
            text += "Content-Length: \(body.count)\r\n"
        case .declared(let count): text += "Content-Length: \(count)\r\n"
        case .chunked: text += "Transfer-Encoding: chunked\r\n"
        case .untilClose: text += "Connection: close\r\n"
        case .length: break
        }
        return Array((text + "\r\n").utf8)
    }

    /// The body's ranges in the order they are sent: cut at the piece size, at every hold and at the cut.
    private func pieces() -> [Range<Int>] {
        var edges: Set<Int> = [0, body.count]
        for hold in holds where hold.offset < body.count { edges.insert(hold.offset) }
        if let cut, cut.offset < body.count { edges.insert(cut.offset) }
        for edge in stride(from: 0, to: body.count, by: pieceSize) { edges.insert(edge) }
        let sorted = edges.sorted()
        return zip(sorted, sorted.dropFirst()).map { $0..<$1 }
    }

    private func framed(_ piece: ArraySlice<UInt8>) -> [UInt8] {
        guard case .chunked = framing else { return Array(piece) }
        return Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 206: "Partial Content"
        case 304: "Not Modified"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: "Scripted"
        }
    }
}
