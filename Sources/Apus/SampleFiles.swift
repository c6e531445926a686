/// One file of the sample site that `apus up` puts into a new bucket. *value*
struct SampleFile: Sendable {
    /// The object's key in the bucket.
    let name: String
    let contentType: String
    /// What the bucket tells edges and browsers. The page itself is short-lived, so that a changed site is seen soon even
    /// by a browser that never asks again for what it has.
    let cacheControl: String
    let bytes: [UInt8]

    /// Every file of the folder `SampleSite`, which the build embeds in the program.
    static let all: [SampleFile] = [
        .init("index.html", "text/html; charset=utf-8", PackageResources.index_html, maxAge: 60),
        .init("app.css", "text/css; charset=utf-8", PackageResources.app_css),
        .init("app.js", "text/javascript; charset=utf-8", PackageResources.app_js),
        .init("observe.js", "text/javascript; charset=utf-8", PackageResources.observe_js),
        .init("sky.js", "text/javascript; charset=utf-8", PackageResources.sky_js),
        .init("ascent.svg", "image/svg+xml", PackageResources.ascent_svg),
        .init("edges.svg", "image/svg+xml", PackageResources.edges_svg),
        .init("favicon.svg", "image/svg+xml", PackageResources.favicon_svg),
        .init("plate.svg", "image/svg+xml", PackageResources.plate_svg),
        .init("roofs.svg", "image/svg+xml", PackageResources.roofs_svg),
        .init("swift.svg", "image/svg+xml", PackageResources.swift_svg),
        .init("touch-icon.png", "image/png", PackageResources.touch_icon_png),
        .init("garamond.woff2", "font/woff2", PackageResources.garamond_woff2),
        .init("garamond-italic.woff2", "font/woff2", PackageResources.garamond_italic_woff2),
        .init("garamond-licence.txt", "text/plain; charset=utf-8", PackageResources.garamond_licence_txt),
    ]

    private init(_ name: String, _ contentType: String, _ bytes: [UInt8], maxAge: Int = 600) {
        self.name = name
        self.contentType = contentType
        self.cacheControl = "public, max-age=\(maxAge)"
        self.bytes = bytes
    }
}
