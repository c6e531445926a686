import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reads the XML of ListObjectsV2 and of S3's errors. Used once per document, by one thread.
final class ListingReader: NSObject, XMLParserDelegate {
    private(set) var objects: [RemoteObject] = []
    private(set) var continuation: String?
    private(set) var isTruncated = false
    private(set) var errorCode: String?
    private(set) var errorMessage: String?

    private var text = ""
    private var path: [String] = []
    private var object = RemoteObject(key: "", size: 0, etag: "")

    /// False: not well-formed.
    func read(_ bytes: [UInt8]) -> Bool {
        let parser = XMLParser(data: Data(bytes))
        parser.shouldResolveExternalEntities = false
        parser.delegate = self
        return parser.parse()
    }

    func parser(
        _ parser: XMLParser,
        didStartElement element: String,
        namespaceURI: String?,
        qualifiedName: String?,
        attributes: [String: String]
    ) {
        path.append(element)
        text = ""
        if element == "Contents" { object = RemoteObject(key: "", size: 0, etag: "") }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
    }

    func parser(_ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?) {
        path.removeLast()
        switch (path.last, element) {
        case ("Contents", "Key"): object.key = text.removingPercentEncoding ?? text
        case ("Contents", "Size"): object.size = UInt64(text) ?? 0
        case ("Contents", "ETag"): object.etag = text.filter { $0 != "\"" }
        case ("ListBucketResult", "Contents"): objects.append(object)
        case ("ListBucketResult", "IsTruncated"): isTruncated = text == "true"
        case ("ListBucketResult", "NextContinuationToken"): continuation = text
        case ("Error", "Code"): errorCode = text
        case ("Error", "Message"): errorMessage = text
        default: break
        }
        text = ""
    }
}
