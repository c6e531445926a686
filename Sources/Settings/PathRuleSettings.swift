/// What holds for some paths of a site. A value.
public struct PathRuleSettings: Sendable, Equatable {
    /// Which paths: `*` stands for characters within a folder, `**` across folders, `?` for one character. A pattern
    /// without `/` is that of a file's name.
    public var match: String
    /// How long an object is fresh that says nothing itself; nil: what the site says.
    public var defaultTTL: TimeSpan?
    /// How long an object is fresh whatever it says; nil: what it says.
    public var forceTTL: TimeSpan?
    /// Fields that answers get and lose, beside those of the site; where both name a field, this one holds.
    public var headers: HeaderChanges

    /// Makes a rule.
    public init(
        match: String,
        defaultTTL: TimeSpan? = nil,
        forceTTL: TimeSpan? = nil,
        headers: HeaderChanges = HeaderChanges()
    ) {
        self.match = match
        self.defaultTTL = defaultTTL
        self.forceTTL = forceTTL
        self.headers = headers
    }
}

/// Fields that answers get and lose on their way out. A value.
public struct HeaderChanges: Sendable, Equatable {
    /// Set, whatever the origin says in them; no name twice.
    public var add: [HeaderField]
    /// Names of those that are left out.
    public var remove: [String]

    /// Makes changes; without arguments, none.
    public init(add: [HeaderField] = [], remove: [String] = []) {
        self.add = add
        self.remove = remove
    }

    /// Nothing changes.
    public var isEmpty: Bool { add.isEmpty && remove.isEmpty }
}

/// A header field. A value.
public struct HeaderField: Sendable, Equatable {
    /// Its name, as it is written to answers.
    public var name: String
    /// Its value.
    public var value: String

    /// Makes a field.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
