import CachingRules
import HTTPWire
import Testing

@Suite struct StoredHeadUpdateTests {
    private let stored = [
        ("Date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("Age", "5"), ("ETag", "\"a\""), ("Content-Length", "36"),
        ("Content-Encoding", "gzip"), ("X-Old", "1"), ("X-Two", "1"), ("X-Two", "2"), ("Cache-Control", "max-age=1"),
    ]

    private func text(_ list: FieldList) -> [String] {
        list.fields.map { list.nameString($0) + ": " + list.valueString($0) }
    }

    @Test("RFC 9111, 3.2: fields of the 304 take the place of the stored ones, with a few exceptions")
    func merging() {
        let merged = StoredHeadUpdate.merging(
            stored: fields(stored),
            notModified: fields([
                ("Date", date(0)), ("etag", "\"a\""), ("Content-Length", "10"), ("Content-Encoding", "br"),
                ("Content-Range", "bytes 0-0/1"), ("x-two", "3"), ("cache-control", "max-age=2"), ("X-New", "4"),
                ("Connection", "x-hop"), ("X-Hop", "5"), ("Transfer-Encoding", "chunked"), ("Proxy-Authenticate", "x"),
            ])
        )
        #expect(
            text(merged) == [
                "Content-Length: 36", "Content-Encoding: gzip", "X-Old: 1", "Date: \(date(0))", "etag: \"a\"",
                "x-two: 3",
                "cache-control: max-age=2", "X-New: 4",
            ]
        )
        #expect(CacheControl(merged).maxAge == 2)
    }

    @Test("RFC 9111, 4.2.3: the age of the old exchange does not survive it")
    func age() {
        let merged = StoredHeadUpdate.merging(stored: fields(stored), notModified: fields([]))
        #expect(merged[.age] == nil)
        #expect(merged[.date] == nil)
        #expect(merged[.etag] == "\"a\"")
        let aged = StoredHeadUpdate.merging(stored: fields(stored), notModified: fields([("Age", "7")]))
        #expect(aged.values(.age) == ["7"])
    }

    @Test("RFC 9111, 4.3.4: a 304 with another validator is about something else")
    func validators() {
        func applies(_ stored: [(String, String)], _ update: [(String, String)]) -> Bool {
            StoredHeadUpdate.applies(stored: fields(stored), notModified: fields(update))
        }
        #expect(applies([("ETag", "\"a\"")], [("ETag", "\"a\"")]))
        #expect(applies([("ETag", "\"a\"")], [("ETag", "W/\"a\"")]))
        #expect(!applies([("ETag", "\"a\"")], [("ETag", "\"b\"")]))
        #expect(!applies([], [("ETag", "\"b\"")]))
        #expect(applies([("ETag", "\"a\"")], []))
        #expect(applies([("Last-Modified", date(0))], [("Last-Modified", date(0))]))
        #expect(!applies([("Last-Modified", date(0))], [("Last-Modified", date(1))]))
        #expect(!applies([("ETag", "W/\"a\"")], [("ETag", "\"a\"")]))
        #expect(applies([("ETag", "W/\"a\"")], [("ETag", "W/\"a\"")]))
        #expect(!applies([("ETag", "\"a\"")], [("Last-Modified", date(0))]))
        let both = [("ETag", "\"a\""), ("Last-Modified", date(0))]
        #expect(applies(both, [("Last-Modified", date(0))]))
        #expect(applies(both, [("ETag", "\"a\""), ("Last-Modified", date(1))]))
        #expect(!applies(both, [("ETag", "\"b\""), ("Last-Modified", date(0))]))
        #expect(applies([("Last-Modified", "x")], [("Last-Modified", "x")]))
        #expect(!applies([("Last-Modified", "x")], [("Last-Modified", "y")]))
        #expect(applies([("ETag", "a\"")], [("ETag", "a\"")]))
        #expect(!applies([("ETag", "a\"")], [("ETag", "b\"")]))
    }

    @Test("RFC 9111, 4.1: an update that selects by other fields")
    func selecting() {
        func alike(_ stored: [(String, String)], _ update: [(String, String)]) -> Bool {
            StoredHeadUpdate.selectsAlike(stored: fields(stored), update: fields(update))
        }
        #expect(alike([("Vary", "Foo, bar")], [("Vary", "BAR"), ("Vary", "foo, Accept-Encoding")]))
        #expect(alike([("Vary", "Foo")], []))
        #expect(alike([], []))
        #expect(!alike([("Vary", "Foo")], [("Vary", "Foo, Bar")]))
        #expect(!alike([("Vary", "Foo")], [("Vary", "")]))
        #expect(!alike([], [("Vary", "Foo")]))
        #expect(!alike([], [("Vary", "*")]))
    }

    @Test("RFC 9111, 4.3.5: the answer to a HEAD updates what is the same, and outdates what is not")
    func head() {
        let stored = [("ETag", "\"a\""), ("Last-Modified", date(-9)), ("X", "1"), ("Y", "1"), ("Age", "3")]
        func outcome(_ answer: [(String, String)], status: Int = 200) -> StoredHeadUpdate.HeadOutcome {
            StoredHeadUpdate.afterHead(stored: fields(stored), bodyLength: 10, answer: response(status, answer))
        }
        let same = [("Date", date(0)), ("ETag", "\"a\""), ("Content-Length", "10"), ("X", "2")]
        guard case .update(let updated) = outcome(same) else {
            Issue.record("not updated")
            return
        }
        #expect(
            text(updated) == [
                "Last-Modified: \(date(-9))", "Y: 1", "Date: \(date(0))", "ETag: \"a\"", "X: 2",
            ]
        )
        #expect(outcome([]) == .update(fields([stored[0], stored[1], stored[2], stored[3]])))
        for status in [204, 206, 304, 404, 410, 500] { #expect(outcome(same, status: status) == .unchanged) }
        for other in [
            ("ETag", "\"b\""), ("Last-Modified", date(0)), ("Last-Modified", "x"), ("Content-Length", "11"),
            ("Content-Length", "x"), ("Content-Encoding", "gzip"),
        ] {
            #expect(outcome([("Date", date(0)), other]) == .invalidate, "\(other)")
        }
        let bare = StoredHeadUpdate.afterHead(
            stored: fields([("X", "1")]),
            bodyLength: 10,
            answer: response(200, [("ETag", "\"a\"")])
        )
        #expect(bare == .invalidate)
    }
}
