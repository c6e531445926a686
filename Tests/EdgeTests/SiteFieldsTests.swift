import HTTPWire
import NIOCore
import Settings
import Testing

@testable import Edge

@Suite("Fields that a site adds and removes")
struct SiteFieldsTests {
    static func changes(_ add: KeyValuePairs<String, String>, remove: [String] = []) -> HeaderChanges {
        HeaderChanges(add: add.map { HeaderField(name: $0, value: $1) }, remove: remove)
    }

    /// All lines of the answer, sorted after the status line.
    static func lines(
        _ head: String,
        _ fields: SiteFields,
        isSecure: Bool = false,
        isFont: Bool = false
    ) -> [String] {
        let text = head.replacing("\n", with: "\r\n") + "\r\n"
        let answer = FieldDresser.Answer(isSecure: isSecure, isFont: isFont)
        let dresser = FieldDresser()
        // Twice: nothing of an answer is left in the next.
        _ = dresser.dressed(ByteBuffer(string: text), ByteBuffer(), fields, answer)
        let (first, extra) = dresser.dressed(ByteBuffer(string: text), ByteBuffer(string: "Via: e\r\n"), fields, answer)
        return (first.text + extra.text).split(separator: "\r\n").map(String.init).filter { $0 != "Via: e" }
    }

    @Test("what is added replaces what the origin says, in any case, and appears once")
    func replaces() {
        let fields = SiteFields([Self.changes(["X-A": "new", "B": "2"])], cors: .none, security: false)
        #expect(
            Self.lines("HTTP/1.1 200 OK\nx-a: old\nC: 3\nX-a: older\nX-AB: stays", fields)
                == ["HTTP/1.1 200 OK", "C: 3", "X-AB: stays", "B: 2", "X-A: new"]
        )
    }

    @Test("what is removed is gone; a rule's word goes before the site's")
    func precedence() {
        let site = Self.changes(["A": "site", "B": "site", "X-Frame-Options": "DENY"], remove: ["C", "D"])
        let rule = Self.changes(["A": "rule", "C": "rule"], remove: ["b"])
        let fields = SiteFields([site, rule], cors: .none, security: false)
        #expect(
            Self.lines("HTTP/1.1 200 OK\nA: o\nB: o\nC: o\nD: o\nE: o", fields)
                == ["HTTP/1.1 200 OK", "E: o", "A: rule", "C: rule", "X-Frame-Options: DENY"]
        )
    }

    @Test("a Cache-Control that is set is for what succeeds, and not over private or no-store")
    func cacheControl() {
        let fields = SiteFields([Self.changes(["Cache-Control": "max-age=9", "X": "y"])], cors: .none, security: false)
        #expect(
            Self.lines("HTTP/1.1 200 OK\nCache-Control: max-age=1", fields)
                == ["HTTP/1.1 200 OK", "Cache-Control: max-age=9", "X: y"]
        )
        for own in ["Private", "max-age=1, no-store", "private=\"set-cookie\""] {
            #expect(
                Self.lines("HTTP/1.1 200 OK\nCache-Control: \(own)", fields)
                    == ["HTTP/1.1 200 OK", "Cache-Control: \(own)", "X: y"]
            )
        }
        #expect(Self.lines("HTTP/1.1 404 Not Found", fields) == ["HTTP/1.1 404 Not Found", "X: y"])
        #expect(
            Self.lines("HTTP/1.1 502 Bad Gateway\nCache-Control: no-store", fields)
                == ["HTTP/1.1 502 Bad Gateway", "Cache-Control: no-store", "X: y"]
        )
        #expect(
            Self.lines("HTTP/1.1 304 Not Modified\nCache-Control: max-age=1", fields)
                == ["HTTP/1.1 304 Not Modified", "Cache-Control: max-age=9", "X: y"]
        )
    }

    @Test("a 304 says nothing of a body (RFC 9110 15.4.5)")
    func notModified() {
        let added = Self.changes(["Content-Language": "de", "Content-Security-Policy": "default-src 'self'"])
        let fields = SiteFields([added], cors: .none, security: false)
        #expect(
            Self.lines("HTTP/1.1 304 Not Modified", fields)
                == ["HTTP/1.1 304 Not Modified", "Content-Security-Policy: default-src 'self'"]
        )
    }

    @Test("security fields: where the answer has none, and Strict-Transport-Security through TLS only")
    func security() {
        let fields = SiteFields([Self.changes([:], remove: ["X-Frame-Options"])], cors: .none, security: true)
        let all = ["X-Content-Type-Options: nosniff", "Referrer-Policy: strict-origin-when-cross-origin"]
        #expect(Self.lines("HTTP/1.1 200 OK", fields) == ["HTTP/1.1 200 OK"] + all)
        #expect(
            Self.lines("HTTP/1.1 404 Not Found", fields, isSecure: true)
                == ["HTTP/1.1 404 Not Found"] + all + ["Strict-Transport-Security: max-age=31536000"]
        )
        #expect(
            Self.lines("HTTP/1.1 200 OK\nreferrer-policy: no-referrer", fields)
                == ["HTTP/1.1 200 OK", "referrer-policy: no-referrer", all[0]]
        )
    }

    @Test("a Strict-Transport-Security of the operator's own is for TLS alone, too (RFC 6797 7.2)")
    func ownTransportSecurity() {
        let own = "Strict-Transport-Security: max-age=1; includeSubDomains"
        let fields = SiteFields(
            [Self.changes(["Strict-Transport-Security": "max-age=1; includeSubDomains"])],
            cors: .none,
            security: true
        )
        #expect(!Self.lines("HTTP/1.1 200 OK", fields).contains { $0.hasPrefix("Strict") })
        #expect(Self.lines("HTTP/1.1 200 OK", fields, isSecure: true).filter { $0.hasPrefix("Strict") } == [own])
    }

    @Test("CORS: fonts by name or type, or all; an origin's own word stands")
    func cors() {
        let star = "Access-Control-Allow-Origin: *"
        let fonts = SiteFields([], cors: .fonts, security: false)
        let all = SiteFields([], cors: .all, security: false)
        let own = "HTTP/1.1 200 OK\nAccess-Control-Allow-Origin: https://a.example"
        for type in [
            "font/woff2", "Application/Font-woff", "application/x-font-ttf; a=b", "application/vnd.ms-fontobject",
        ] {
            #expect(Self.lines("HTTP/1.1 200 OK\ncontent-type: \(type)", fonts).last == star)
        }
        for type in ["text/css", "image/font", "fonts/a", "application/octet-stream"] {
            #expect(!Self.lines("HTTP/1.1 200 OK\nContent-Type: \(type)", fonts).contains(star))
        }
        #expect(Self.lines("HTTP/1.1 304 Not Modified", fonts, isFont: true).last == star)
        #expect(Self.lines("HTTP/1.1 404 Not Found", all).last == star)
        for fields in [fonts, all] {
            #expect(!Self.lines(own, fields, isFont: true).contains(star))
        }
        let set = SiteFields(
            [Self.changes(["Access-Control-Allow-Origin": "https://b.example"])],
            cors: .all,
            security: false
        )
        #expect(Self.lines(own, set) == ["HTTP/1.1 200 OK", "Access-Control-Allow-Origin: https://b.example"])
    }

    @Test("before it is stored, only what the edge does not need itself is removed")
    func strip() {
        let names = ["Server", "X-A", "Cache-Control", "ETag", "Set-Cookie", "Expires"]
        let fields = SiteFields([Self.changes([:], remove: names)], cors: .none, security: false)
        var list = testFields([
            "server": "s", "x-a": "1", "Cache-Control": "no-cache", "ETag": "\"e\"", "Set-Cookie": "a", "Expires": "0",
            "X-B": "2",
        ])
        fields.strip(&list)
        #expect(list.fields.map { list.nameString($0) } == ["Cache-Control", "ETag", "Expires", "X-B"])
        #expect(
            Self.lines("HTTP/1.1 200 OK\nETag: \"e\"\nExpires: 0\nX-B: 2", fields) == ["HTTP/1.1 200 OK", "X-B: 2"]
        )
    }

    @Test("the fields of a site that has none of all this are not looked at")
    func nothing() {
        #expect(testSite(isBucket: false).rules == nil)
        #expect(testSite { $0.cors = .none }.rules == nil)
        #expect(testSite().rules != nil)
    }
}
