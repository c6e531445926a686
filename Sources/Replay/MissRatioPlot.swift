/// The miss ratio curve as an SVG picture: share of requests, and of bytes, that miss, over the size of the cache. A value.
public struct MissRatioPlot: Sendable {
    /// One curve. A value.
    public struct Curve: Sendable {
        /// In the legend.
        public var name: String
        /// Cache sizes as a share of all distinct bytes, rising; what misses of requests and of bytes, as fractions.
        public var points: [(share: Double, objects: Double, bytes: Double)]

        /// A curve with a name.
        public init(name: String, points: [(share: Double, objects: Double, bytes: Double)]) {
            self.name = name
            self.points = points
        }
    }

    /// The sizes that are worth a point, as shares of all distinct bytes.
    public static let shares: [Double] = [
        0.001, 0.0015, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7,
        1,
    ]

    private let title: String
    private let subtitle: String
    private let curves: [Curve]

    private static let width = 860.0
    private static let height = 520.0
    private static let left = 72.0
    private static let right = 34.0
    private static let top = 112.0
    private static let bottom = 62.0
    /// Told apart also by those who do not see all colours (Okabe and Ito).
    private static let colours = ["#0072b2", "#d55e00", "#009e73"]

    /// A picture of `curves`; `subtitle` says what the trace is.
    public init(title: String, subtitle: String, curves: [Curve]) {
        self.title = title
        self.subtitle = subtitle
        self.curves = curves
    }

    /// The file's text.
    public var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.text(Self.width)) \(Self.text(Self.height))" \
        width="\(Self.text(Self.width))" height="\(Self.text(Self.height))" \
        font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" fill="#333">
        <rect width="100%" height="100%" fill="#fff"/>
        <text x="\(Self.text(Self.left))" y="30" font-size="18" font-weight="600" fill="#111">\(Self.escape(title))</text>
        <text x="\(Self.text(Self.left))" y="51" fill="#666">\(Self.escape(subtitle))</text>
        \(legend)
        \(axes)
        \(curves.enumerated().map { lines($1, Self.colours[$0 % Self.colours.count]) }.joined(separator: "\n"))
        </svg>

        """
    }

    /// A colour for each policy, and what the two kinds of line are.
    private var legend: String {
        var x = Self.left
        var parts: [String] = []
        func add(_ label: String, _ colour: String, _ dash: String = "") {
            parts.append(
                """
                <line x1="\(Self.text(x))" y1="76" x2="\(Self.text(x + 26))" y2="76" stroke="\(colour)" \
                stroke-width="2.5"\(dash)/>
                <text x="\(Self.text(x + 33))" y="80.5">\(Self.escape(label))</text>
                """
            )
            x += 56 + 7.5 * Double(label.count)
        }
        for (number, curve) in curves.enumerated() { add(curve.name, Self.colours[number % Self.colours.count]) }
        x += 24
        add("of requests", "#666")
        add("of bytes", "#666", " stroke-dasharray=\"6 4\"")
        return parts.joined(separator: "\n")
    }

    private var axes: String {
        var parts: [String] = []
        for tenth in stride(from: 0, through: 10, by: 2) {
            let y = Self.y(Double(tenth) / 10)
            parts.append(
                """
                <line x1="\(Self.text(Self.left))" y1="\(y)" x2="\(Self.text(Self.width - Self.right))" y2="\(y)" \
                stroke="\(tenth == 0 ? "#888" : "#e4e4e4")"/>
                <text x="\(Self.text(Self.left - 10))" y="\(y)" dy="4.5" text-anchor="end">\(tenth * 10) %</text>
                """
            )
        }
        let bottom = Self.text(Self.height - Self.bottom)
        for (share, label) in Self.ticks {
            let x = Self.x(share)
            parts.append(
                """
                <line x1="\(x)" y1="\(Self.text(Self.top))" x2="\(x)" y2="\(bottom)" stroke="#f0f0f0"/>
                <line x1="\(x)" y1="\(bottom)" x2="\(x)" y2="\(Self.text(Self.height - Self.bottom + 5))" stroke="#888"/>
                <text x="\(x)" y="\(Self.text(Self.height - Self.bottom + 21))" text-anchor="middle">\(label)</text>
                """
            )
        }
        let middle = Self.text((Self.left + Self.width - Self.right) / 2)
        let centre = Self.text((Self.top + Self.height - Self.bottom) / 2)
        parts.append(
            """
            <text x="\(middle)" y="\(Self.text(Self.height - 16))" text-anchor="middle">size of the cache, as a share of \
            all distinct bytes (logarithmic)</text>
            <text transform="translate(18 \(centre)) rotate(-90)" text-anchor="middle">miss ratio</text>
            """
        )
        return parts.joined(separator: "\n")
    }

    private static let ticks: [(Double, String)] = [
        (0.001, "0.1 %"), (0.002, "0.2 %"), (0.005, "0.5 %"), (0.01, "1 %"), (0.02, "2 %"), (0.05, "5 %"),
        (0.1, "10 %"), (0.2, "20 %"), (0.5, "50 %"), (1, "100 %"),
    ]

    private func lines(_ curve: Curve, _ colour: String) -> String {
        let objects = curve.points.map { "\(Self.x($0.share)),\(Self.y($0.objects))" }.joined(separator: " ")
        let bytes = curve.points.map { "\(Self.x($0.share)),\(Self.y($0.bytes))" }.joined(separator: " ")
        return """
            <polyline points="\(objects)" fill="none" stroke="\(colour)" stroke-width="2.5" stroke-linejoin="round"/>
            <polyline points="\(bytes)" fill="none" stroke="\(colour)" stroke-width="2" stroke-linejoin="round" \
            stroke-dasharray="6 4"/>
            """
    }

    private static func x(_ share: Double) -> String {
        // Three decades.
        let part = (logarithm(share) - logarithm(shares[0])) / (0 - logarithm(shares[0]))
        return text(left + part * (width - left - right))
    }

    private static func y(_ ratio: Double) -> String {
        text(top + (1 - ratio) * (height - top - bottom))
    }

    /// One decimal.
    private static func text(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(abs(tenths % 10))"
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            // Control characters do not exist in XML.
            case "\u{0}"..<" ": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
