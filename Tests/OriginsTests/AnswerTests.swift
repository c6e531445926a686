import HTTPWire
import Origins
import TestSupport
import Testing

/// What of an origin's answer others get to see.
struct AnswerTests {
    private let md5 = "d41d8cd98f00b204e9800998ecf8427e"

    @Test func nothingOfS3ReachesAnyone() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in
            ScriptedAnswer(
                200,
                [
                    "x-amz-id-2": "a", "x-amz-request-id": "b", "X-Amz-Meta-Cache-Tag": "news, sport ,,front",
                    "x-amz-meta-author": "me", "Server": "AmazonS3", "ETag": "\"abc\"", "Cache-Control": "max-age=60",
                    "Content-Type": "text/css", "Connection": "keep-alive", "Keep-Alive": "timeout=5", "X-Own": "1",
                ],
                body: "x"
            )
        }
        let answer = try #require(try await bench.fetch("/a").answer)
        let names = answer.head.fields.fields.map { answer.head.fields.nameString($0).lowercased() }
        #expect(Set(names) == ["etag", "cache-control", "content-type", "content-length", "x-own"])
        #expect(answer.tags == ["news", "sport", "front"] && answer.length == 1 && !answer.hidesBody)
    }

    /// 403, 404, and the redirection that a wrong region gets: all XML.
    @Test(arguments: [301, 307, 400, 403, 404, 412, 416, 501])
    func errorBodiesOfBucketsStayHere(status: Int) async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in
            let xml = "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>"
            return ScriptedAnswer(
                status,
                [
                    "Content-Type": "application/xml", "Date": "Sun, 06 Nov 1994 08:49:37 GMT", "ETag": "\"x\"",
                    "Location": "/",
                ],
                body: xml,
                framing: .chunked
            )
        }
        let fetched = try await bench.fetch("/a")
        #expect(fetched.answer?.head.status == status && fetched.answer?.hidesBody == true && fetched.text.isEmpty)
        #expect(fetched.answer?.head.fields.count == 1 && fetched.answer?.head.fields[.date] != nil)
        #expect(bench.origin.requests.count == 1)
    }

    @Test func errorsOfServersPass() async throws {
        let bench = try await OriginBench()
        let answer = ScriptedAnswer(404, ["Server": "their", "Cache-Tag": "a,b", "Surrogate-Key": "c d"], body: "gone")
        bench.origin.on("/a", answer)
        let fetched = try await Fetched(bench.server, bench.request("/a"), on: bench.eventLoop).over()
        #expect(fetched.text == "gone" && fetched.answer?.head.status == 404)
        #expect(fetched.answer?.head.fields[.server] == "their")
        #expect(fetched.answer?.tags == ["a", "b", "c", "d"])
    }

    /// An entity tag is an MD5 only of a plain object that was uploaded in one piece.
    @Test func whichTagsAreAnMD5() async throws {
        let bench = try await OriginBench()
        let cases: [(KeyValuePairs<String, String>, Bool)] = [
            (["ETag": "\"\(md5)\""], true),
            (["ETag": "\"\(md5)\"", "x-amz-server-side-encryption": "AES256"], true),
            (["ETag": "\"\(md5)\"", "x-amz-server-side-encryption": "aws:kms"], false),
            (["ETag": "\"\(md5)\"", "x-amz-server-side-encryption": "aws:kms:dsse"], false),
            (["ETag": "\"\(md5)\"", "x-amz-server-side-encryption-customer-algorithm": "AES256"], false),
            (["ETag": "\"\(md5)-2\""], false), (["ETag": "W/\"\(md5)\""], false), (["ETag": "\"abc\""], false),
            ([:], false),
        ]
        for (fields, isMD5) in cases {
            bench.origin.onAnything { _ in ScriptedAnswer(200, fields, body: "") }
            #expect(try await bench.fetch("/a").answer?.md5 == (isMD5 ? md5 : nil), "\(fields)")
        }
        bench.origin.onAnything { [md5] _ in ScriptedAnswer(304, ["ETag": "\"\(md5)\""]) }
        #expect(try await bench.fetch("/a").answer?.md5 == nil)
    }

    @Test func lengths() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/length", ScriptedAnswer(body: "abc"))
        bench.origin.on("/site/chunked", ScriptedAnswer(body: "abc", framing: .chunked))
        bench.origin.on("/site/close", ScriptedAnswer(body: "abc", framing: .untilClose))
        for (path, length) in [("/length", 3), ("/chunked", nil), ("/close", nil)] as [(String, UInt64?)] {
            let fetched = try await bench.fetch(path)
            #expect(fetched.answer?.length == length && fetched.text == "abc", "\(path)")
        }
    }
}
