import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import ObjectStore

/// XML, queries and keys, without a socket.
struct ProtocolTests {
    @Test("XML: elements, text, references, CDATA, comments, namespaces, attributes")
    func xml() throws {
        let text = """
            \u{FEFF}<?xml version="1.0"?><!-- c --><s3:Delete xmlns:s3="x" a='>'>
            <Object ><Key>a &amp;&#38;&#x26; b</Key></Object><Object><Key><![CDATA[<&>]]> </Key><Empty/></Object>
            <?pi?><!-- > --></s3:Delete >
            """
        let root = try XMLElement.parse(Array(text.utf8))
        #expect(root.name == "Delete")
        #expect(root.children.map { $0["Key"] } == ["a &&& b", "<&> "])
        #expect(root.children[1]["Empty"] == "")
        #expect(root.children[1]["None"] == nil)
    }

    @Test(
        "XML that is refused",
        arguments: [
            "", " ", "text", "<a>", "<a></b>", "<a", "<a b></a>", "<a b=c></a>", "<a>&nope;</a>", "<a>&#xD800;</a>",
            "<a>&amp</a>", "<a></a><b></b>", "<a/>x", "<a><![CDATA[</a>", "<!-- <a/>", "<a b=\"></a>", "</a>", "<1/>x<",
            "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "<a><!ENTITY b \"c\"></a>",
            String(repeating: "<a>", count: 100) + String(repeating: "</a>", count: 100),
            "<a>" + String(repeating: "<b/>", count: 60_001) + "</a>",
        ]
    )
    func badXML(text: String) {
        #expect(throws: S3Error.malformedXML) { try XMLElement.parse(Array(text.utf8)) }
        #expect(throws: S3Error.malformedXML) { try XMLElement.parse([0xFF] + Array(text.utf8)) }
    }

    @Test("XML cut or changed at any byte is refused or read, and never more")
    func fuzzedXML() {
        let text = Array("<?xml v?><A x=\"y\"><B>&lt;</B><!-- c --><C><![CDATA[d]]></C></A>".utf8)
        for index in text.indices {
            _ = try? XMLElement.parse(Array(text[..<index]))
            for byte in [0, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), UInt8(ascii: "\""), 0xFF] {
                var changed = text
                changed[index] = byte
                _ = try? XMLElement.parse(changed)
            }
        }
    }

    @Test("Damaged requests of every kind are refused or read, and never more")
    func damaged() {
        var random = SeededGenerator(seed: 12)
        let tokens = [
            "%", "%2", "&", "=", "//", "?", "..", "\u{FF}", "#", "-", ",", "9223372036854775807", "<", ">", "]]>",
            "&#x;",
        ]
        let xml = Array("<Delete><Object><Key>a&amp;b</Key></Object><Quiet>true</Quiet><![CDATA[d]]></Delete>".utf8)
        let target = Array("/bucket/a%20key/b?list-type=2&max-keys=7&prefix=%C3%A4&continuation-token=k6162&x".utf8)
        let range = Array("bytes=0-99,5-,-7".utf8)
        for _ in 0..<3_000 {
            _ = try? XMLElement.parse(random.damage(xml, with: tokens))
            let text = String(decoding: random.damage(target, with: tokens), as: UTF8.self)
            _ = ObjectKey(Array(text.utf8))
            if let query = try? S3Query(String(text.drop { $0 != "?" }.dropFirst())) {
                _ = try? ListParameters(query, isV2: true)
                _ = try? ListParameters(query, isV2: false)
            }
            let ranges = ByteRangeSet.parse(String(decoding: random.damage(range, with: tokens), as: UTF8.self))
            for part in ranges?.resolve(length: 50) ?? [] { #expect(part.upperBound <= 50 && !part.isEmpty) }
        }
    }

    @Test("Written XML is read back the same")
    func writtenXML() throws {
        let odd = "<&>\"' \t\r\n\u{1} ä 😀"
        let document = XMLWriter.document("Root") { $0.element("Key", odd) }
        #expect(try XMLElement.parse(Array(buffer: document))["Key"] == odd)
    }

    @Test("Queries: decoding, bare parameters, numbers in bounds")
    func query() throws {
        let query = try S3Query("uploads&prefix=a%2Fb+c&empty=&x=%C3%A4&&x=2")
        #expect(query.contains("uploads"))
        #expect(query["prefix"] == "a/b c")
        #expect(query["empty"] == "")
        #expect(query["x"] == "ä")
        #expect(query.parameters.map(\.isBare) == [true, false, false, false, false])
        #expect(try query.number("absent", in: 0...1) == nil)
        #expect(throws: S3Error.self) { try query.number("prefix", in: 0...1) }
        #expect(throws: S3Error.self) { try S3Query("a=%ff") }
        #expect(throws: S3Error.self) { try S3Query("a=%4") }
        #expect(try S3Query("").parameters.isEmpty)
    }

    @Test("Keys: 1 to 1,024 bytes of UTF-8, ordered by them")
    func keys() {
        #expect(ObjectKey("") == nil)
        #expect(ObjectKey([0xFF]) == nil)
        #expect(ObjectKey(String(repeating: "ä", count: 513)) == nil)
        #expect(ObjectKey(String(repeating: "ä", count: 512)) != nil)
        let keys = ["b", "a", "ä", "B", "😀", "\u{FFFD}"].compactMap { ObjectKey($0) }
        #expect(keys.sorted().map(\.text) == ["B", "a", "b", "ä", "\u{FFFD}", "😀"])
    }
}
