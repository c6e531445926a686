import CachingRules
import HTTPWire
import Testing

@testable import ContentCoding

/// What is compressed, and what a form's tag is.
@Suite struct CompressionRuleTests {
    @Test(arguments: [
        "text/html", "TEXT/CSS; charset=utf-8", "text/javascript", "application/javascript", " application/json ;x=y",
        "application/manifest+json", "image/svg+xml", "application/wasm", "font/ttf", "font/otf",
        "application/vnd.ms-fontobject", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
        "application/xhtml+xml",
    ])
    func theseShrink(type: String) {
        #expect(CompressionRule.isCompressible(contentType: type))
    }

    @Test(arguments: [
        "image/png", "image/jpeg", "image/webp", "image/avif", "image/gif", "font/woff", "font/woff2", "video/mp4",
        "audio/mpeg", "application/zip", "application/gzip", "application/pdf", "application/octet-stream",
        "text/event-stream", "", ";", "texts/html", "multipart/byteranges",
    ])
    func theseDoNot(type: String) {
        #expect(!CompressionRule.isCompressible(contentType: type))
    }

    private func fields(_ pairs: [(String, String)]) -> FieldList {
        var list = FieldList()
        for (name, value) in pairs { list.append(name: name, value) }
        return list
    }

    @Test(arguments: [(255, false), (256, true), (64 << 20, true), ((64 << 20) + 1, false), (0, false)])
    func lengthsHaveBounds(length: UInt64, isWorthIt: Bool) {
        #expect(CompressionRule.worthCompressing(fields([("Content-Type", "text/css")]), length: length) == isWorthIt)
    }

    /// RFC 9111, section 5.2.2.6.
    @Test(arguments: ["no-transform", "max-age=60, No-Transform", "no-transform=1"])
    func noTransformIsObeyed(value: String) {
        let list = fields([("Content-Type", "text/css"), ("Cache-Control", "public"), ("Cache-Control", value)])
        #expect(!CompressionRule.worthCompressing(list, length: 1000))
    }

    @Test(arguments: [
        ("gzip", false), ("br", false), ("identity", true), ("", true), ("Identity ", true), ("identity, gzip", false),
    ])
    func encodedBodiesStayAsTheyAre(encoding: String, isWorthIt: Bool) {
        let list = fields([("Content-Type", "text/css"), ("Content-Encoding", encoding)])
        #expect(CompressionRule.worthCompressing(list, length: 1000) == isWorthIt)
    }

    @Test func withoutATypeNothingIsAssumed() {
        #expect(!CompressionRule.worthCompressing(fields([]), length: 1000))
    }

    /// RFC 9110, section 8.8.3.3.
    @Test func formsHaveTagsOfTheirOwn() {
        let tag = EntityTag(opaque: "abc")
        #expect(tag.derived(coding: .br, level: 5).text == "\"abc-br5\"")
        #expect(tag.derived(coding: .gzip, level: 6).text == "\"abc-gzip6\"")
        #expect(tag.derived(coding: .br, level: 11) != tag.derived(coding: .br, level: 5))
        #expect(tag.derived(coding: .identity, level: 0) == tag)
        #expect(EntityTag(opaque: "abc", isWeak: true).derived(coding: .br, level: 5).text == "W/\"abc-br5\"")
    }
}
