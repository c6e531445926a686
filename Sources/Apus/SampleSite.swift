import BucketClient
import NIOCore
import ObjectStore

/// The page that `apus up` puts into its bucket on the first start; its files are built into the program. A namespace.
enum SampleSite {
    static var files: [SeedFile] {
        contents.map { name, bytes in
            SeedFile(
                key: name,
                bytes: ByteBuffer(bytes: bytes),
                contentType: ContentType.of(name),
                cacheControl: name.hasSuffix(".html") ? "max-age=60" : "max-age=300"
            )
        }
    }

    private static var contents: [(String, [UInt8])] {
        [
            ("index.html", PackageResources.index_html),
            ("app.css", PackageResources.app_css),
            ("app.js", PackageResources.app_js),
            ("observe.js", PackageResources.observe_js),
            ("sky.js", PackageResources.sky_js),
            ("ascent.svg", PackageResources.ascent_svg),
            ("edges.svg", PackageResources.edges_svg),
            ("favicon.svg", PackageResources.favicon_svg),
            ("plate.svg", PackageResources.plate_svg),
            ("roofs.svg", PackageResources.roofs_svg),
            ("swift.svg", PackageResources.swift_svg),
            ("touch-icon.png", PackageResources.touch_icon_png),
            ("garamond.woff2", PackageResources.garamond_woff2),
            ("garamond-italic.woff2", PackageResources.garamond_italic_woff2),
            ("garamond-licence.txt", PackageResources.garamond_licence_txt),
        ]
    }
}
