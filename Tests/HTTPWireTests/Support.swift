import HTTPWire

/// A small generator with a fixed seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

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
