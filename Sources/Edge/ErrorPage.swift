import HTTPWire
import Settings

/// An object of a site that is sent in the place of an error. Immutable snapshot.
struct ErrorPage: Sendable {
    let statuses: ClosedRange<Int>
    /// What asks for it: nothing of a client's request is in it.
    let request: RequestHead

    /// nil: its path is none that a request could have.
    init?(_ document: ErrorDocument) {
        var parser = HeadParser()
        var request = RequestHead()
        let text = Array("GET \(document.path) HTTP/1.1\r\nHost: error.document\r\n\r\n".utf8)
        guard case .complete = parser.parseRequest(text.span, into: &request) else { return nil }
        statuses = document.statuses
        self.request = request
    }
}
