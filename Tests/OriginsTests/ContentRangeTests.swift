import HTTPWire
import Origins
import Testing

/// Content-Range as RFC 9110, section 14.4 has it.
struct ContentRangeTests {
    @Test(
        arguments: [
            ("bytes 0-0/1", 0..<1, 1), ("bytes 2-4/9", 2..<5, 9), ("BYTES 2-4/*", 2..<5, nil), ("bytes */9", nil, 9),
            (
                "bytes 0-9223372036854775805/9223372036854775806", 0..<9_223_372_036_854_775_806,
                9_223_372_036_854_775_806
            ),
        ] as [(String, Range<UInt64>?, UInt64?)]
    )
    func parses(text: String, range: Range<UInt64>?, length: UInt64?) {
        #expect(ContentRange(text) == ContentRange(range: range, completeLength: length))
    }

    @Test(arguments: [
        "bytes 0-18446744073709551613/18446744073709551614", "bytes 0-9/9223372036854775807", "", "bytes", "bytes ",
        "bytes 1-2", "bytes=1-2/3", "items 1-2/3", "bytes 2-1/9", "bytes 0-9/9", "bytes -5/9",
        "bytes 1-/9", "bytes */*", "bytes 1-2/", "bytes 1-2/3/4", "bytes +1-2/9", "bytes 1-2-3/9", "bytes 0x1-2/9",
        "bytes 0-18446744073709551616/*", "bytes 0-18446744073709551615/*", "bytes 1-2/99999999999999999999999",
        "bytes  1-2/9", "bytes 1-2/9, bytes 3-4/9",
    ])
    func refuses(text: String) {
        #expect(ContentRange(text) == nil)
    }

    @Test func whatAnswersWhat() {
        let part = ContentRange(range: 2..<5, completeLength: 9)
        #expect(part.answers(.bytes(first: 2, last: 4)) && part.answers(.bytes(first: 2, last: nil)))
        // Less than was asked for, but from its beginning.
        #expect(part.answers(.bytes(first: 2, last: 8)))
        #expect(!part.answers(.bytes(first: 2, last: 3)) && !part.answers(.bytes(first: 1, last: 4)))
        #expect(!part.answers(.suffix(3)) && ContentRange(range: 6..<9, completeLength: 9).answers(.suffix(3)))
        #expect(ContentRange(range: 0..<9, completeLength: 9).answers(.suffix(100)))
        #expect(!ContentRange(range: nil, completeLength: 9).answers(.bytes(first: 2, last: 4)))
        #expect(!ContentRange(range: 6..<9, completeLength: nil).answers(.suffix(3)))
    }
}
