public import HTTPClient
public import SignatureV4

/// Where a site's files come from. A value.
public enum OriginConfiguration: Sendable {
    /// A bucket of an S3-style store.
    case s3(Bucket)
    /// Any HTTP server.
    case http(Endpoint)

    /// An S3-style bucket. A value.
    public struct Bucket: Sendable {
        /// The store's address.
        public var endpoint: Endpoint
        /// The region that requests are signed for.
        public var region: String
        /// The bucket's name.
        public var name: String
        /// nil: requests are not signed, and the bucket has to be public.
        public var credentials: Credentials?
        /// `/bucket/key` when true, `bucket.host` when false.
        public var pathStyle: Bool
        /// An entity tag that looks like an MD5 is taken for one, and the body compared with it. Only for stores of which
        /// that is known: with encryption or in other products such a tag may be anything.
        public var verifiesMD5: Bool

        /// A bucket as given.
        public init(
            endpoint: Endpoint,
            region: String,
            name: String,
            credentials: Credentials?,
            pathStyle: Bool = true,
            verifiesMD5: Bool = false
        ) {
            self.endpoint = endpoint
            self.region = region
            self.name = name
            self.credentials = credentials
            self.pathStyle = pathStyle
            self.verifiesMD5 = verifiesMD5
        }
    }

    var isBucket: Bool {
        if case .s3 = self { true } else { false }
    }

    var endpoint: Endpoint {
        switch self {
        case .http(let endpoint): endpoint
        case .s3(let bucket) where bucket.pathStyle: bucket.endpoint
        case .s3(let bucket):
            Endpoint(
                scheme: bucket.endpoint.scheme,
                host: "\(bucket.name).\(bucket.endpoint.host)",
                port: bucket.endpoint.port
            )
        }
    }
}
