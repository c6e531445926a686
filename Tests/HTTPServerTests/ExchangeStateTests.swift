import HTTPWire
import NIOCore
import Testing

@testable import HTTPServer

@Suite("the state of an exchange")
struct ExchangeStateTests {
    private func begun(_ change: (inout RequestFacts) -> Void = { _ in }, mayStay: Bool = true) -> ExchangeState {
        var facts = RequestFacts()
        change(&facts)
        var state = ExchangeState()
        state.begin(facts, mayStay: mayStay)
        return state
    }

    private func plan(
        _ state: inout ExchangeState,
        _ status: Int = 200,
        length: UInt64? = 5,
        inputWaiting: Bool = false
    ) -> ExchangeState.HeadPlan? {
        state.planHead(status: status, bodyLength: length, drainBytes: 100, inputWaiting: inputWaiting)
    }

    private func finish(_ state: inout ExchangeState, inputWaiting: Bool = false) -> ExchangeState.Ending {
        state.finish(drainBytes: 100, inputWaiting: inputWaiting)
    }

    private func take(_ state: inout ExchangeState, _ count: Int) -> ExchangeState.PieceVerdict {
        state.takePiece(count)
    }

    private func ask(_ state: inout ExchangeState) -> ExchangeState.BodyStart { state.askForBody() }
    private func drained(_ state: inout ExchangeState, _ count: Int) -> Bool { state.drained(count) }
    private func ended(_ state: inout ExchangeState) -> Bool { state.bodyEnded() }

    @Test("a complete answer with a known length leaves the connection open")
    func plain() {
        var state = begun()
        #expect(plan(&state) == .init(connection: .none, framing: .length(left: 5), mayHaveLength: true))
        #expect(plan(&state) == nil)
        #expect(take(&state, 2) == .send)
        #expect(take(&state, 3) == .send)
        #expect(take(&state, 1) == .overflow)
        #expect(finish(&state) == .nextRequest)
        #expect(!state.isActive)
    }

    @Test("an answer that is short, or that never began, is broken")
    func short() {
        var state = begun()
        _ = plan(&state)
        _ = take(&state, 4)
        #expect(finish(&state) == .broken)
        var unbegun = begun()
        #expect(finish(&unbegun) == .broken)
    }

    @Test("RFC 9112 6.3: framing of an answer by method, status, version and length")
    func framing() {
        var unknown = begun()
        #expect(plan(&unknown, length: nil)?.framing == .chunked)
        var old = begun { $0.isHTTP10 = true }
        #expect(plan(&old, length: nil) == .init(connection: .close, framing: .untilClose, mayHaveLength: true))
        #expect(finish(&old) == .close(lingering: true))
        var head = begun { $0.isHead = true }
        #expect(plan(&head)?.framing == .noBody)
        #expect(take(&head, 3) == .drop)
        #expect(finish(&head) == .nextRequest)
        for status in [204, 304] {
            var state = begun()
            let plan = plan(&state, status)
            #expect(plan?.framing == .noBody)
            #expect(plan?.mayHaveLength == (status == 304))
            #expect(finish(&state) == .nextRequest)
        }
    }

    @Test("RFC 9112 9.3: Connection is close when either side wants it, keep-alive only for HTTP/1.0")
    func persistence() {
        var wish = begun { $0.keepAlive = false }
        #expect(plan(&wish, length: 0)?.connection == .close)
        #expect(finish(&wish) == .close(lingering: false))
        var server = begun(mayStay: false)
        #expect(plan(&server, length: 0)?.connection == .close)
        // The client did not ask for it and may have sent more.
        #expect(finish(&server) == .close(lingering: true))
        var old = begun { $0.isHTTP10 = true }
        #expect(plan(&old, length: 0)?.connection == .keepAlive)
        #expect(finish(&old) == .nextRequest)
        var late = begun()
        _ = plan(&late, length: 0)
        late.stopKeepingAlive()
        #expect(finish(&late) == .close(lingering: true))
    }

    @Test("an unread body: drained when it is small or in chunks, else the connection closes and says so")
    func unreadBody() {
        for framing in [BodyFraming.length(100), .chunked] {
            var state = begun { $0.framing = framing }
            #expect(plan(&state, length: 0)?.connection == ExchangeState.ConnectionField.none)
            #expect(finish(&state) == .drain)
            #expect(drained(&state, 60))
            #expect(drained(&state, 40))
            var full = state
            #expect(!drained(&full, 1))
            #expect(ended(&state))
        }
        var large = begun { $0.framing = .length(101) }
        #expect(plan(&large, length: 0)?.connection == .close)
        #expect(finish(&large) == .close(lingering: true))
        // A large body that somebody has begun to read may be nearly over.
        var begun = begun { $0.framing = .length(101) }
        #expect(ask(&begun) == .begin(sendContinue: false))
        #expect(plan(&begun, length: 0)?.connection == ExchangeState.ConnectionField.none)
        #expect(finish(&begun) == .drain)
    }

    @Test("a body that has ended is not drained")
    func readBody() {
        var state = begun { $0.framing = .length(1000) }
        #expect(ask(&state) == .begin(sendContinue: false))
        #expect(ask(&state) == .already)
        #expect(!ended(&state))
        #expect(ask(&state) == .ended)
        _ = plan(&state, length: 0)
        #expect(finish(&state) == .nextRequest)
        #expect(ask(&state) == .already)
    }

    @Test("RFC 9110 10.1.1: 100 Continue once, never after a head, never to HTTP/1.0 or without a body")
    func continues() {
        func expecting(_ change: (inout RequestFacts) -> Void = { _ in }) -> ExchangeState {
            begun {
                $0.framing = .length(5)
                $0.expectsContinue = true
                change(&$0)
            }
        }
        var usual = expecting()
        #expect(ask(&usual) == .begin(sendContinue: true))
        #expect(!usual.owesContinue)
        var late = expecting()
        _ = plan(&late)
        #expect(ask(&late) == .begin(sendContinue: false))
        var old = expecting { $0.isHTTP10 = true }
        #expect(ask(&old) == .begin(sendContinue: false))
        var empty = expecting { $0.framing = .none }
        #expect(!empty.owesContinue)
        #expect(ask(&empty) == .ended)

        var refused = expecting()
        #expect(plan(&refused, 403, length: 0)?.connection == .close)
        #expect(finish(&refused) == .close(lingering: true))
        var didNotWait = expecting()
        #expect(plan(&didNotWait, 403, length: 0, inputWaiting: true)?.connection == ExchangeState.ConnectionField.none)
        #expect(finish(&didNotWait, inputWaiting: true) == .drain)
    }
}

@Suite("what a serialised head says")
struct HeadScanTests {
    private func scan(_ text: String) -> HeadScan { HeadScan(ByteBuffer(string: text).readableBytesUInt8Span) }

    @Test("status, Date and Content-Length, in any case and place")
    func finds() {
        #expect(scan("HTTP/1.1 404 Not Found\r\n") == HeadScan(status: 404, hasDate: false, contentLength: nil))
        #expect(
            scan("HTTP/1.1 200 OK\r\ncontent-LENGTH:  42\r\nDATE: x\r\n")
                == HeadScan(status: 200, hasDate: true, contentLength: 42)
        )
        #expect(
            scan("HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length:0\r\n")
                == HeadScan(status: 200, hasDate: true, contentLength: 0)
        )
    }

    @Test("not in values, and not names that only begin so")
    func doesNotFind() {
        let nothing = HeadScan(status: 200, hasDate: false, contentLength: nil)
        #expect(scan("HTTP/1.1 200 OK\r\nX: date: content-length: 5\r\nDated: x\r\nContent-Lengths: 5\r\n") == nothing)
        #expect(scan("HTTP/1.1 200 OK\r\nContent-Length: x\r\nLast-Date: 1\r\n") == nothing)
        #expect(scan("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n") == nothing)
        #expect(scan("").status == 500)
        #expect(scan("HTTP/1.1 2x0 OK\r\n").status == 500)
    }
}

@Suite("which protocol a connection speaks")
struct ProtocolDetectorTests {
    private func detect(_ text: String) -> ProtocolDetector.Answer { ProtocolDetector.detect(Array(text.utf8).span) }

    @Test("RFC 9113 3.4: the preface in pieces, and methods that begin like it")
    func detects() {
        let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        for count in 0..<preface.count { #expect(detect(String(preface.prefix(count))) == .needMore) }
        #expect(detect(preface) == .http2)
        #expect(detect(preface + "more") == .http2)
        for text in ["GET / HTTP/1.1", "PUT / HTTP/1.1", "PR", "PROPFIND / HTTP/1.1", "PRI * HTTP/1.1\r\n"] {
            #expect(detect(text) == (text == "PR" ? .needMore : .http1))
        }
    }
}
