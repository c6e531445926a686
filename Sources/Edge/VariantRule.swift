import CachingRules
import HTTPWire

/// Which request fields tell a response's variants apart. A namespace.
///
/// Accept-Encoding does not: a fill asks for identity, and the edge negotiates the coding itself.
enum VariantRule {
    /// The request's values of the fields that the response's `Vary` names; empty when it names none.
    static func variant(of response: FieldList, for request: FieldList) -> [UInt8] {
        let names = Vary.names(response).filter { $0 != "accept-encoding" }
        return names.isEmpty ? [] : Vary.selector(names: names, request: request)
    }

    /// What `request` would have where a stored response has `variant`.
    static func variant(like variant: [UInt8], for request: FieldList) -> [UInt8] {
        variant.isEmpty ? [] : Vary.selector(names: names(in: variant), request: request)
    }

    /// Whether the request selects the response stored with `variant`.
    static func selects(_ variant: [UInt8], _ request: borrowing RequestHead) -> Bool {
        variant.isEmpty || Vary.selector(names: names(in: variant), request: request.fields) == variant
    }

    private static func names(in variant: [UInt8]) -> [String] {
        variant.split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
        }
    }
}
