import HTTPWire
import Testing

@Suite struct FieldListTests {
    @Test("RFC 9110, 5.1 and 5.2: order, case, several lines")
    func basics() {
        var list = FieldList()
        #expect(list.isEmpty)
        list.append(.cacheControl, "no-cache")
        list.append(name: "x-custom", " one ")
        list.append(name: "CACHE-control", "max-age=1")
        list.append(name: "X-Custom", "two")
        #expect(list.count == 4)
        #expect(list[.cacheControl] == "no-cache")
        #expect(list.values(.cacheControl) == ["no-cache", "max-age=1"])
        #expect(list.combined(.cacheControl) == "no-cache, max-age=1")
        #expect(list["X-CUSTOM"] == "one")
        #expect(list.values(name: "x-custom") == ["one", "two"])
        #expect(list.combined(name: "x-custom") == "one, two")
        #expect(list.combined(.age) == nil)
        #expect(list.nameString(list.fields[2]) == "CACHE-control")
        #expect(list.contains(.cacheControl))
        #expect(!list.contains(.age))
        #expect(list.contains(name: "X-custom"))
    }

    @Test("set replaces all lines of a name where the first stood; remove leaves none")
    func setAndRemove() {
        var list = FieldList()
        list.append(.age, "1")
        list.append(.vary, "a")
        list.append(.age, "2")
        list.append(name: "x", "1")
        list.append(.age, "3")
        list.set(.age, "9")
        #expect(list.values(.age) == ["9"])
        #expect(list.fields.map { list.valueString($0) } == ["9", "a", "1"])
        list.set(.age, "10")
        list.set(.etag, "\"x\"")
        list.set(name: "X", "2")
        list.set(name: "y", "3")
        #expect(list.fields.map { list.valueString($0) } == ["10", "a", "2", "\"x\"", "3"])
        list.remove(.age)
        #expect(list[.age] == nil)
        #expect(!list.contains(.age))
        list.remove(name: "X")
        list.remove(name: "vary")
        #expect(list.fields.map { list.nameString($0) } == ["ETag", "y"])
        list.removeAll()
        #expect(list.isEmpty)
        #expect(!list.contains(.etag))
    }

    @Test("RFC 9110, 5.5: no line end gets in, and names are tokens")
    func injection() {
        var list = FieldList()
        list.append(.location, "/a\r\nSet-Cookie: x=1\r\n\r\n")
        list.append(name: "Evil\r\nX", "1")
        list.append(name: "", "1")
        list.append(.other, "1")
        list.append(.server, [0x61, 0x00, 0x7F, 0x09, 0x62])
        #expect(list.count == 2)
        var bytes = [UInt8]()
        HeadWriter.fields(list, into: &bytes)
        #expect(
            String(decoding: bytes, as: UTF8.self) == "Location: /a  Set-Cookie: x=1\r\nServer: a  \tb\r\n"
        )
    }

    @Test("RFC 9110, 5.5: obs-text goes through untouched")
    func latin1() {
        var list = FieldList()
        list.append(name: "a", "caf\u{e9}")
        #expect(Array(list.bytes[list.fields[0].valueRange]) == [0x63, 0x61, 0x66, 0xE9])
        #expect(list["a"] == "caf\u{e9}")
        let raw = (UInt8(0x80)...0xFF).map { $0 }
        list.append(nameBytes: "b".utf8, raw)
        var copy = FieldList()
        copy.append(name: "b", list["b"] ?? "")
        #expect(Array(copy.bytes[copy.fields[0].valueRange]) == raw)
    }

    @Test("equal means the same fields, however they are laid out")
    func equality() {
        let parsed = parseRequest("GET / HTTP/1.1\r\nHOST:   a\r\nB: c\r\n\r\n").head.fields
        var built = FieldList()
        built.append(.host, "a")
        built.append(name: "b", "c")
        #expect(parsed == built)
        built.append(name: "b", "d")
        #expect(parsed != built)
        built.remove(name: "b")
        built.append(name: "b", "C")
        #expect(parsed != built)
    }

    @Test("RFC 9110, 5.6.1: list members")
    func tokens() {
        var list = FieldList()
        list.append(.connection, "keep-alive,  , Upgrade")
        list.append(.connection, "CLOSE ")
        #expect(list.hasToken(.connection, "close"))
        #expect(list.hasToken(.connection, "upgrade"))
        #expect(list.hasToken(.connection, "keep-alive"))
        #expect(!list.hasToken(.connection, "keep"))
        #expect(!list.hasToken(.te, "close"))
        #expect(!list.hasToken(.connection, ""))
    }

    @Test("RFC 9110, 7.6.1: hop-by-hop fields go, and those that Connection names")
    func hopByHop() {
        var list = FieldList()
        for (name, value) in [
            ("Connection", "x-One, KEEP-alive,host"), ("X-one", "1"), ("X-Two", "2"), ("Keep-Alive", "5"),
            ("Host", "a"),
            ("TE", "trailers"), ("Trailer", "x"), ("Transfer-Encoding", "chunked"), ("Upgrade", "h2c"),
            ("Proxy-Connection", "close"), ("Proxy-Authorization", "x"), ("connection", "cache-control, x-three"),
            ("X-Three", "3"), ("Cache-Control", "no-store"), ("Content-Length", "5"), ("X-One", "4"),
        ] { list.append(name: name, value) }
        list.removeHopByHop()
        #expect(list.fields.map { list.nameString($0) } == ["X-Two", "Host", "Cache-Control", "Content-Length"])
        #expect(list[.transferEncoding] == nil)
    }

    @Test("a changed copy leaves the original alone")
    func copies() {
        let original = parseRequest("GET / HTTP/1.1\r\nHost: a\r\nAge: 1\r\n\r\n").head
        var copy = original
        copy.fields.set(.age, "22222")
        copy.fields.removeAll { field, list in list.nameString(field) == "Host" }
        #expect(original.fields[.age] == "1")
        #expect(original.fields[.host] == "a")
        #expect(copy.fields[.age] == "22222")
        #expect(copy.targetString == "/")
    }

    @Test("one test tells whether there can be a condition or a range")
    func preconditions() {
        var list = FieldList()
        list.append(.accept, "*/*")
        list.append(.ifRange, "\"v1\"")
        list.append(name: "X-Range", "1")
        #expect(!list.mayHavePreconditions)
        for name in ["Range", "If-Match", "if-none-match", "If-Modified-Since", "IF-UNMODIFIED-SINCE"] {
            var other = list
            other.append(name: name, "x")
            #expect(other.mayHavePreconditions)
        }
    }
}
