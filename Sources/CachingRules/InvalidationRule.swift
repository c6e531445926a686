public import HTTPWire

/// Which answers make stored responses invalid, and of which URLs (RFC 9111, section 4.4)? A namespace.
public enum InvalidationRule {
    /// An unsafe method, also an unknown one, that was answered without an error (2xx or 3xx): it invalidates what is
    /// stored for its URL, and for ``otherTargets(request:response:)``.
    public static func invalidates(method: Method, status: Int) -> Bool {
        !method.isSafe && (200..<400).contains(status)
    }

    /// The other URLs of the same origin that Location and Content-Location name, each as path and query in the form of
    /// `RequestTarget.normalise`; at most two.
    ///
    /// References are resolved against the request's target (RFC 3986, section 5.2). Whether a request came by http or
    /// https is no matter here: behind a proxy that ends TLS nobody knows, and what is stored is the same.
    public static func otherTargets(request: borrowing RequestHead, response: FieldList) -> [[UInt8]] {
        guard response.contains(.location) || response.contains(.contentLocation),
            let base = URLReference.Base(of: request)
        else { return [] }
        var targets = [[UInt8]]()
        for name in [FieldName.location, .contentLocation] {
            guard let range = response.range(of: name),
                let target = URLReference.resolve(response.bytes.span, range, against: base),
                target != base.target, !targets.contains(target)
            else { continue }
            targets.append(target)
        }
        return targets
    }
}
