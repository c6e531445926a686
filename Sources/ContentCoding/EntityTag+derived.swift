public import CachingRules
public import HTTPWire

extension EntityTag {
    /// The tag of a form that was made of the one with this tag (RFC 9110, section 8.8.3.3: forms that differ in bytes
    /// have strong tags that differ): `"abc"` becomes `"abc-br5"`. Weak stays weak; identity keeps its tag.
    /// - Parameters:
    ///   - coding: The form's coding.
    ///   - level: Part of the tag, because the fast and the best form of one coding differ in bytes.
    public func derived(coding: Coding, level: Int) -> EntityTag {
        coding == .identity ? self : EntityTag(opaque: "\(opaque)-\(coding.token)\(level)", isWeak: isWeak)
    }
}
