import HTTPWire
import NIOCore

extension ClientConnection {
    /// What is still to be sent of a request's body. A value.
    struct Upload {
        /// Bytes still owed; nil: chunked.
        var left: UInt64? = 0
        var isDone = true
        /// The rest of a `bytes` body.
        var rest: ByteBuffer?
    }

    func beginUpload(_ exchange: Exchange) {
        upload = Upload(left: exchange.request.length, isDone: false)
        switch exchange.request.body {
        case .none: endUpload(exchange)
        case .bytes(let buffer):
            upload.rest = buffer
            continueUpload(exchange)
        case .stream(_, let source):
            flush()
            exchange.uploadProgressed(isWritable: isWritable)
            exchange.startPump(source)
        case .pushed:
            flush()
            exchange.writabilityChanged(isWritable)
        }
    }

    /// Writes more of a `bytes` body, as much as the channel takes.
    func continueUpload(_ exchange: Exchange) {
        guard upload.rest != nil else { return }
        repeat {
            let count = min(upload.rest?.readableBytes ?? 0, ClientLimits.uploadPiece)
            guard count > 0, let piece = upload.rest?.readSlice(length: count) else {
                upload.rest = nil
                return endUpload(exchange)
            }
            write(piece)
        } while isWritable
        flush()
        // The flush may have found the connection dead.
        guard current === exchange else { return }
        if upload.rest?.readableBytes == 0 {
            upload.rest = nil
            endUpload(exchange)
        } else {
            exchange.uploadProgressed(isWritable: false)
        }
    }

    /// A piece of a `stream` or `pushed` body.
    func writeBody(_ buffer: ByteBuffer) {
        guard let exchange = current, !upload.isDone, buffer.readableBytes > 0 else { return }
        if let left = upload.left {
            guard UInt64(buffer.readableBytes) <= left else {
                return exchange.fail(ClientError(.uploadFailed, "the request's body is longer than it was declared"))
            }
            upload.left = left - UInt64(buffer.readableBytes)
            write(buffer)
        } else {
            var size: [UInt8] = []
            HeadWriter.hexadecimal(UInt64(buffer.readableBytes), into: &size)
            HeadWriter.lineEnd(into: &size)
            write(ByteBuffer(bytes: size))
            write(buffer)
            write(ByteBuffer(string: "\r\n"))
        }
        flush()
        exchange.uploadProgressed(isWritable: isWritable)
    }

    /// The end of a `stream` or `pushed` body.
    func finishBody() {
        guard let exchange = current, !upload.isDone else { return }
        if let left = upload.left, left > 0 {
            let message = "the request's body ended \(left) bytes before its declared length"
            return exchange.fail(ClientError(.uploadFailed, message))
        }
        if upload.left == nil { write(ByteBuffer(string: "0\r\n\r\n")) }
        endUpload(exchange)
    }

    private func endUpload(_ exchange: Exchange) {
        upload.isDone = true
        exchange.requestSent()
        flush()
    }
}
