public import HTTPWire

/// Which answers make stored responses of the same URL invalid (RFC 9111, section 4.4)? A namespace.
public enum InvalidationRule {
    /// An unsafe method, also an unknown one, that was answered without an error (2xx or 3xx).
    public static func invalidates(method: Method, status: Int) -> Bool {
        !method.isSafe && (200..<400).contains(status)
    }
}
