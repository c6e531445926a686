public import CachingRules

/// All stored forms of one key. An immutable snapshot; a change makes a new one and replaces it whole.
///
/// Without `Vary` there is one variant: an identity form and the coded forms derived from it. With it, there is one
/// identity form for each combination of selecting fields, each with its own derived forms.
public final class Resource: Sendable {
    /// The whole key.
    public let key: CacheKey
    /// One form at least. Identity forms of different variants, the newest first, each followed by its derived forms.
    public let representations: [Representation]
    /// Bytes of memory it takes, about, all forms' bodies included: what a policy weighs, and what one object may not exceed.
    let memoryBytes: Int
    /// Those of them that the bodies' pieces have been charged for themselves; the rest is charged while it is in the tier.
    let countedBytes: Int
    /// What the tier is charged with.
    var ownBytes: Int { memoryBytes - countedBytes }

    init?(key: CacheKey, representations: [Representation]) {
        guard let first = representations.first, first.coding == .identity else { return nil }
        self.key = key
        self.representations = representations
        memoryBytes = representations.reduce(288 + key.bytes.capacity) { $0 + 16 + $1.memoryBytes }
        countedBytes = representations.reduce(0) { $0 + $1.body.countedBytes }
    }

    /// A resource that is in no store, such as the answer of a fill that was refused there.
    public init(key: CacheKey, identity: Representation, derived: [Representation] = []) {
        self.key = key
        representations = [identity] + derived
        memoryBytes = 0
        countedBytes = 0
    }

    /// The identity form: the only one, or with `Vary` the one stored last.
    public var identity: Representation { representations[0] }

    /// The forms derived from ``identity``.
    public var derived: [Representation] {
        let identity = identity
        return representations.filter { $0.coding != .identity && $0.generation == identity.generation }
    }

    /// The form of ``identity``'s variant with this coding. Allocates nothing.
    public func representation(for coding: Coding) -> Representation? {
        representation(for: coding, variant: identity.variant)
    }

    /// The form of this variant with this coding. Allocates nothing.
    public func representation(for coding: Coding, variant: [UInt8]) -> Representation? {
        for form in representations where form.coding == coding && form.variant == variant { return form }
        return nil
    }
}

extension Resource {
    /// With a new identity form: it takes the place of its variant and of what was derived from that. A form without
    /// `Vary` takes the place of everything, and one with it of a form without.
    func inserting(_ identity: Representation) -> Resource? {
        var forms = [identity]
        if !identity.variant.isEmpty {
            forms += representations.filter { $0.variant != identity.variant && !$0.variant.isEmpty }
        }
        return Resource(key: key, representations: Self.bounded(forms))
    }

    /// With a derived form, if its parent is still the variant's identity form.
    func attaching(_ form: Representation) -> Resource? {
        guard form.coding != .identity,
            let parent = representation(for: .identity, variant: form.variant), parent.generation == form.generation
        else { return nil }
        // The parent may have been freshened since: the form takes the mark of its present head.
        let form = form.mark == parent.mark ? form : form.freshened(head: form.head, mark: parent.mark)
        var forms = representations.filter { $0.coding != form.coding || $0.variant != form.variant }
        guard let place = forms.firstIndex(where: { $0 === parent }) else { return nil }
        forms.insert(form, at: place + 1)
        return Resource(key: key, representations: forms)
    }

    /// With other heads for one generation's forms; forms for which `newForm` gives nil are left out.
    func replacing(generation: UInt64, _ newForm: (Representation) -> Representation?) -> Resource? {
        let forms = representations.compactMap { $0.generation == generation ? newForm($0) : $0 }
        return Resource(key: key, representations: forms)
    }

    /// Without the forms of some variants' identities.
    func keeping(_ isKept: (Representation) -> Bool) -> Resource? {
        let dropped = Set(representations.filter { $0.coding == .identity && !isKept($0) }.map(\.generation))
        return Resource(key: key, representations: representations.filter { !dropped.contains($0.generation) })
    }

    private static func bounded(_ forms: [Representation]) -> [Representation] {
        var variants = 0
        return forms.filter { form in
            if form.coding == .identity { variants += 1 }
            return variants <= StoreLimits.variantsPerResource
        }
    }
}
