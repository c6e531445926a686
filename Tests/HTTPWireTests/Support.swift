import HTTPWire

/// Parses a request given whole.
func parseRequest(
    _ text: String,
    limits: HeadLimits = .init()
) -> (result: HeadParseResult, head: RequestHead) {
    var parser = HeadParser(limits: limits)
    var head = RequestHead()
    let bytes = Array(text.utf8)
    let result = parser.parseRequest(bytes.span, into: &head)
    return (result, head)
}

/// Parses a response given whole.
func parseResponse(
    _ text: String,
    to method: HTTPWire.Method = .get
) -> (result: HeadParseResult, head: ResponseHead) {
    var parser = HeadParser()
    var head = ResponseHead()
    let bytes = Array(text.utf8)
    let result = parser.parseResponse(bytes.span, requestMethod: method, into: &head)
    return (result, head)
}

/// What is wrong with a request, or nil.
func requestError(_ text: String, limits: HeadLimits = .init()) -> HeadError.Kind? {
    guard case .failed(let error) = parseRequest(text, limits: limits).result else { return nil }
    return error.kind
}

/// What is wrong with a response, or nil.
func responseError(_ text: String, to method: HTTPWire.Method = .get) -> HeadError.Kind? {
    guard case .failed(let error) = parseResponse(text, to: method).result else { return nil }
    return error.kind
}
