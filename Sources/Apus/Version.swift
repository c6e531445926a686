/// The program's version. A namespace.
enum Version {
    static let text = "0.1.0"
}
