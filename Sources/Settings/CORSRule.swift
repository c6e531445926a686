/// Which answers say `Access-Control-Allow-Origin: *`, so that pages of other sites may use them. A value.
public enum CORSRule: String, Sendable, CaseIterable {
    /// Those that say so themselves.
    case none
    /// Fonts as well, which browsers take from another host only with it.
    case fonts
    /// All.
    case all
}
