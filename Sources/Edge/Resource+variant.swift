import CacheStore
import CachingRules
import HTTPWire

/// Variants (RFC 9111, section 4.1): responses of one key that request fields choose among.
extension Resource {
    /// The newest variant that answers a request with these fields, as a resource with that identity; nil: none does.
    ///
    /// Makes nothing unless an older variant is chosen.
    func selected(by request: borrowing RequestHead) -> Resource? {
        if identity.variant.isEmpty { return self }
        for form in representations where form.coding == .identity {
            guard VariantRule.selects(form.variant, request) else { continue }
            return form === identity ? self : view(of: form)
        }
        return nil
    }

    /// The variant with that body.
    func variant(generation: UInt64) -> Resource? {
        if identity.generation == generation { return self }
        return representations.first { $0.coding == .identity && $0.generation == generation }.map(view)
    }

    private func view(of form: Representation) -> Resource {
        let derived = representations.filter { $0.coding != .identity && $0.generation == form.generation }
        return Resource(key: key, identity: form, derived: derived)
    }
}
