/// Cuts "512MiB" into "512" and "MiB". A value without state.
enum NumberAndUnit {
    /// - Returns: The leading decimal digits, nil if there are none, and what follows them after optional spaces.
    static func split(_ text: Substring) -> (digits: Substring?, unit: Substring) {
        let digits = text.prefix { "0"..."9" ~= $0 && $0.isASCII }
        guard !digits.isEmpty else { return (nil, text) }
        return (digits, text[digits.endIndex...].drop { $0 == " " })
    }
}
