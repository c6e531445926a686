import CachingRules
import HTTPClient
import HTTPWire
import Logging
import NIOCore
import NIOPosix
import Origins
import Settings

@testable import Edge

/// A site of an edge without anything around it.
func testSite(
    _ name: String = "site",
    hosts: [HostPattern] = [.any],
    isBucket: Bool = true,
    compress: Bool = true,
    change: (inout SiteSettings) -> Void = { _ in }
) -> Site {
    let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: 9)
    var settings = SiteSettings(
        name: name,
        hosts: hosts,
        origin: isBucket
            ? .s3(S3OriginSettings(endpoint: url, bucket: name)) : .http(HTTPOriginSettings(url: url)),
        compress: compress
    )
    change(&settings)
    let origin = OriginClient(
        .http(Endpoint(scheme: .http, host: "127.0.0.1", port: 9)),
        client: HTTPClient(group: MultiThreadedEventLoopGroup.singleton),
        node: "edge",
        version: "test",
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    return Site(settings, origin: origin)
}

/// A request's head as a connection gives it to the edge; nil: the parser refuses it.
func testRequest(_ text: String) -> RequestHead? {
    var head = RequestHead()
    var parser = HeadParser()
    let bytes = Array(text.utf8)
    guard case .complete = parser.parseRequest(bytes.span, into: &head) else { return nil }
    return head
}

func testFields(_ pairs: KeyValuePairs<String, String>) -> FieldList {
    var list = FieldList()
    for (name, value) in pairs { list.append(name: name, value) }
    return list
}

extension ByteBuffer {
    var text: String { String(decoding: readableBytesView, as: UTF8.self) }
}

let testFreshness = Freshness(lifetime: 60, correctedInitialAge: 0, responseTime: 1_700_000_000)
