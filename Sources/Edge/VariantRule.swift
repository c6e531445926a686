import CachingRules
import HTTPWire

/// Which request fields tell a response's variants apart. A namespace.
///
/// Accept-Encoding does not: a fill asks for identity, and the edge negotiates the coding itself.
enum VariantRule {
    /// The request's values of the fields that the response's `Vary` names; empty when it names none.
    static func variant(of response: FieldList, for request: FieldList) -> [UInt8] {
        VarySelector(response: response, request: request, acceptEncoding: false).bytes
    }

    /// What `request` would have where a stored response has `variant`.
    static func variant(like variant: [UInt8], for request: FieldList) -> [UInt8] {
        VarySelector(bytes: variant).like(request).bytes
    }

    /// Whether the request selects the response stored with `variant`; allocates nothing.
    static func selects(_ variant: [UInt8], _ request: borrowing RequestHead) -> Bool {
        VarySelector.matches(variant, request.fields)
    }
}
