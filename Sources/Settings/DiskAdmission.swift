/// Which of the larger bodies go to a disk when they come from the origin. A value.
public enum DiskAdmission: String, Sendable, CaseIterable {
    /// Those that are asked for a second time.
    case secondRequest = "second-request"
    /// All.
    case always
}
