public import ControlPlane

/// The web console: static pages that ask for a token and use control's JSON API. A namespace.
///
/// The pages hold nothing secret and are served to everyone; what they show is what the token allows.
public enum ConsolePages {
    /// Only what control itself serves, no frames, no forms that a browser sends by itself, no markup from text.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'
        """

    /// The pages, for ``ControlServer``.
    public static var all: [ControlPage] {
        [
            page("/", "text/html; charset=utf-8", PackageResources.index_html),
            page("/console/console.css", "text/css; charset=utf-8", PackageResources.console_css),
            page("/console/console.js", "text/javascript; charset=utf-8", PackageResources.console_js),
            page("/console/mark.svg", "image/svg+xml", PackageResources.mark_svg),
        ]
    }

    private static func page(_ path: String, _ contentType: String, _ bytes: [UInt8]) -> ControlPage {
        ControlPage(
            path: path,
            contentType: contentType,
            bytes: bytes,
            fields: [
                ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Opener-Policy", "same-origin"),
                ("Cross-Origin-Resource-Policy", "same-origin"),
            ]
        )
    }
}
