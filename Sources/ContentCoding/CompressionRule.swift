internal import CachingRules
public import HTTPWire

/// Which bodies are worth compressing. A value without state.
public enum CompressionRule {
    /// Whether forms of this response are to be made: a body of a kind that shrinks, neither too short nor too long, not
    /// encoded already, and nothing forbids it (`no-transform`, RFC 9111, section 5.2.2.6).
    /// - Parameters:
    ///   - fields: The response's fields; its status must be 200.
    ///   - length: Bytes of the identity form.
    public static func worthCompressing(_ fields: FieldList, length: UInt64) -> Bool {
        worthCompressing(
            contentType: fields[.contentType],
            length: length,
            contentEncoding: fields.combined(.contentEncoding),
            // Neither of the two fields takes back what the other forbids.
            noTransform: CacheControl(fields).noTransform || CacheControl.ofResponse(fields).noTransform
        )
    }

    /// The same from single values.
    /// - Parameters:
    ///   - contentType: The value of Content-Type; without one nothing is assumed.
    ///   - length: Bytes of the identity form.
    ///   - contentEncoding: The value of Content-Encoding; `identity` counts as none.
    ///   - noTransform: Whether Cache-Control says `no-transform`.
    public static func worthCompressing(
        contentType: String?,
        length: UInt64,
        contentEncoding: String?,
        noTransform: Bool
    ) -> Bool {
        guard !noTransform, let contentType,
            (ContentCodingLimits.minimumBodyBytes...ContentCodingLimits.maximumBodyBytes).contains(length)
        else { return false }
        let encoding = (contentEncoding ?? "").filter { $0 != " " && $0 != "\t" }.lowercased()
        guard encoding.isEmpty || encoding == "identity" else { return false }
        return isCompressible(contentType: contentType)
    }

    /// Whether bodies of this media type shrink. Parameters and case do not matter.
    public static func isCompressible(contentType: String) -> Bool {
        let essence = contentType.prefix { $0 != ";" && $0 != "," }.lowercased().filter { $0 != " " && $0 != "\t" }
        if types.contains(essence) { return true }
        // An endless stream: it would be held back until a block is full.
        if essence == "text/event-stream" { return false }
        return essence.hasPrefix("text/") || essence.hasSuffix("+json") || essence.hasSuffix("+xml")
            || essence.hasSuffix("+text") || essence.hasSuffix("+yaml")
    }

    /// What is text under another name, and the few binary kinds without compression of their own. Not among them:
    /// images but uncompressed ones, woff and woff2, audio, video, archives, PDF.
    private static let types: Set<String> = [
        "application/javascript", "application/x-javascript", "application/ecmascript", "application/json",
        "application/xml", "application/xml-dtd", "application/wasm", "application/yaml", "application/x-yaml",
        "application/toml", "application/graphql", "application/sql", "application/x-ndjson", "application/jsonlines",
        "application/json-seq", "application/rtf", "application/postscript", "application/x-sh", "application/x-tex",
        "application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl",
        "font/ttf", "font/otf", "font/sfnt", "font/collection", "application/vnd.ms-fontobject",
        "application/x-font-ttf", "application/x-font-otf", "application/x-font-truetype",
        "application/x-font-opentype", "application/font-sfnt",
        "image/bmp", "image/x-bmp", "image/x-ms-bmp", "image/x-icon", "image/vnd.microsoft.icon",
    ]
}
