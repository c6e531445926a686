internal import HTTPWire
internal import NIOCore

/// An answer, before it is sent. *Value*.
struct S3Answer: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// The first piece was read already, so that damage there is still a clean error.
        case object(first: ByteBuffer, rest: ObjectReader, length: Int64)
    }

    var status: Int
    var fields = FieldList()
    var body = Body.none

    init(_ status: Int, fields: FieldList = FieldList(), body: Body = .none) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    static func xml(_ body: ByteBuffer, status: Int = 200) -> S3Answer {
        var answer = S3Answer(status, body: .bytes(body))
        answer.fields.append(.contentType, "application/xml")
        return answer
    }

    static func error(_ error: S3Error, request id: String, resource: String) -> S3Answer {
        guard error.code != .notModified else { return S3Answer(304) }
        var answer = S3Answer.xml(
            XMLWriter.plainDocument("Error") { xml in
                xml.element("Code", error.code.rawValue)
                xml.element("Message", error.message)
                for detail in error.details { xml.element(detail.name, detail.value) }
                xml.element("Resource", resource)
                xml.element("RequestId", id)
            },
            status: error.code.status
        )
        // RFC 9110, section 14.4.
        if error.code == .invalidRange, let size = error.details.first(where: { $0.name == "ActualObjectSize" }) {
            answer.fields.append(.contentRange, "bytes */\(size.value)")
        }
        return answer
    }
}
