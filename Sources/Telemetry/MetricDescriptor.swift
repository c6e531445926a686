/// What a metric is called and what it means, by the conventions of Prometheus. A value.
///
/// Several rows may share a ``name`` and differ in ``labels``: they are one family, whose HELP and TYPE come once.
public struct MetricDescriptor: Sendable, Equatable {
    /// One label and its value, e.g. `result="hit"`. A value.
    public struct Label: Sendable, Equatable {
        /// The label's name: `[a-zA-Z_][a-zA-Z0-9_]*`.
        public let name: String
        /// Any text; it is escaped when written.
        public let value: String

        /// Makes a label from its two parts.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `apus_…`, in base units; counters end in `_total`.
    public let name: String
    /// One sentence for a person who reads the dashboard.
    public let help: String
    /// What tells this row from the others of its family.
    public let labels: [Label]

    /// Makes a row of a table.
    public init(_ name: String, help: String, labels: [Label] = []) {
        self.name = name
        self.help = help
        self.labels = labels
    }

    /// Makes a row of a table that has one label.
    public init(_ name: String, _ label: String, _ value: String, help: String) {
        self.init(name, help: help, labels: [Label(label, value)])
    }
}
