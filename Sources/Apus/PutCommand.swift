import ArgumentParser
import BucketClient
import ControlPlane
import HTTPClient
import SignatureV4

/// `apus put`
struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Upload a file or a folder to a bucket.",
        usage: "apus put PATH s3://BUCKET[/PREFIX] [OPTIONS]",
        discussion: """
            Files that the bucket has already are skipped. Content types come from the extensions. The store and its keys
            come from --endpoint and AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, or, where 'apus up' runs,
            from ~/.config/apus/credentials.

            Examples:
              apus put app.css s3://site/
              apus put ./public s3://site --delete
              apus put ./public s3://site --cache-control '*.html=max-age=60' \\
                  --cache-control 'assets/**=max-age=31536000, immutable'
            """
    )

    @Argument(help: "A file or a folder.")
    var path: String
    @Argument(help: "Where to: s3://BUCKET, s3://BUCKET/PREFIX/ or s3://BUCKET/KEY.")
    var destination: String
    @Option(help: "The store's address. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the credentials file.")
    var endpoint: String?
    @Option(help: "The region to sign for. Default: AWS_REGION, AWS_DEFAULT_REGION, us-east-1.")
    var region: String?
    @Option(help: "Cache-Control for files that match, as GLOB=VALUE, or VALUE for all; the last match wins.")
    var cacheControl: [String] = []
    @Flag(help: "Delete what the bucket has below the prefix and the folder has not.")
    var delete = false
    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false
    @Flag(help: "Make the bucket if there is none.")
    var makeBucket = false
    @Option(help: "Files at a time.")
    var jobs = 8
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs is \(jobs), expected 1 to 64") }
        _ = try target()
        _ = try rules()
    }

    private func target() throws -> (bucket: String, prefix: String) {
        guard destination.hasPrefix("s3://") else {
            throw ValidationError("the destination is '\(destination)', expected s3://BUCKET or s3://BUCKET/PREFIX")
        }
        let parts = destination.dropFirst(5).split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bucket = parts.first, !bucket.isEmpty else {
            throw ValidationError("the destination '\(destination)' names no bucket")
        }
        return (String(bucket), parts.count > 1 ? String(parts[1]) : "")
    }

    private func rules() throws -> [Uploader.CacheRule] {
        try cacheControl.map { text in
            guard let rule = Uploader.CacheRule(text) else {
                throw ValidationError("--cache-control is '\(text)', expected GLOB=VALUE or VALUE")
            }
            return rule
        }
    }

    func run() async throws {
        let (bucketName, prefix) = try target()
        let store = try StoreLocation.resolve(endpoint: endpoint, region: region)
        let rules = try rules()
        try await HTTPClients.withClient { client in
            let bucket = BucketClient(
                client: client,
                endpoint: store.endpoint,
                region: store.region,
                bucket: bucketName,
                credentials: store.credentials
            )
            if makeBucket, !dryRun { try await bucket.create() }
            let files = try FolderReader.files(at: path, prefix: prefix)
            // With one file, everything else below the prefix would go.
            if delete, !FolderReader.isFolder(path) {
                throw ValidationError("--delete needs a folder, and \(path) is a file")
            }
            let common = Self.commonPrefix(files, prefix)
            let remote: [RemoteObject]
            do throws(BucketError) { remote = try await bucket.list(prefix: common) } catch {
                // A dry run of what would make the bucket starts from nothing.
                guard dryRun, makeBucket, error.code == "NoSuchBucket" else { throw error }
                remote = []
            }
            let plan = try SyncPlan(local: files, remote: remote, deletesOthers: delete) { try FolderReader.md5($0) }
            if dryRun { return try tell(plan, isDone: false) }
            // Files count too, so that it is complete when the last answer has come.
            let progress = ProgressLine("uploading", total: plan.uploadBytes + UInt64(plan.uploads.count))
            let uploader = Uploader(bucket: bucket, cacheRules: rules, concurrency: jobs)
            defer { progress.finish() }
            try await uploader.run(plan) { done in
                progress.show(done.bytes + UInt64(done.files), "\(done.files) of \(plan.uploads.count) files")
            }
            progress.finish()
            try tell(plan, isDone: true)
        }
    }

    /// What has to be listed: the folder's prefix, or the one key.
    private static func commonPrefix(_ files: [LocalFile], _ prefix: String) -> String {
        if files.count == 1, files[0].key == prefix { return prefix }
        return prefix.isEmpty || prefix.hasSuffix("/") ? prefix : prefix + "/"
    }

    private func tell(_ plan: SyncPlan, isDone: Bool) throws {
        if json {
            let result = Result(
                uploaded: plan.uploads.map(\.key),
                unchanged: plan.unchanged.count,
                deleted: plan.deletions,
                bytes: plan.uploadBytes,
                dryRun: !isDone
            )
            return Terminal.output.write(try JSONText.of(result))
        }
        let would = isDone ? "" : "would "
        for file in plan.uploads { Terminal.output.write("\(would)upload \(file.key)\n") }
        for key in plan.deletions { Terminal.output.write("\(would)delete \(key)\n") }
        let counts =
            "\(plan.uploads.count) uploaded, \(plan.unchanged.count) unchanged, \(plan.deletions.count) deleted"
        Terminal.output.write(isDone ? counts + "\n" : "dry run: \(counts)\n")
    }

    /// What `--json` prints.
    private struct Result: Encodable {
        var uploaded: [String]
        var unchanged: Int
        var deleted: [String]
        var bytes: UInt64
        var dryRun: Bool
    }
}

/// Where a bucket is and with which keys it is reached. A value.
struct StoreLocation: Sendable {
    var endpoint: Endpoint
    var region: String
    var credentials: Credentials?

    /// Flags first, then the AWS variables, then the credentials file that `apus up` writes.
    static func resolve(endpoint flag: String?, region: String?) throws -> StoreLocation {
        let file = try ProcessEnvironment.home.flatMap {
            try ControlCredentials.read(path: ControlCredentials.path(home: $0))
        }
        let url = flag ?? ProcessEnvironment.text("AWS_ENDPOINT_URL_S3") ?? ProcessEnvironment.text("AWS_ENDPOINT_URL")
        let store = file?.store
        let endpoint: Endpoint
        if let url {
            guard let parsed = Endpoint(url: url) else {
                throw ValidationError("the endpoint is '\(url)', expected http://HOST:PORT or https://HOST")
            }
            endpoint = parsed
        } else if let store {
            endpoint = store.endpoint
        } else {
            throw ValidationError("no store is known: give --endpoint, or set AWS_ENDPOINT_URL")
        }
        var credentials: Credentials?
        if let access = ProcessEnvironment.text("AWS_ACCESS_KEY_ID"),
            let secret = ProcessEnvironment.text("AWS_SECRET_ACCESS_KEY")
        {
            credentials = Credentials(
                accessKey: access,
                secretKey: secret,
                sessionToken: ProcessEnvironment.text("AWS_SESSION_TOKEN")
            )
        } else if let store, store.endpoint == endpoint {
            credentials = Credentials(accessKey: store.accessKey, secretKey: store.secretKey)
        }
        let named = region ?? ProcessEnvironment.text("AWS_REGION") ?? ProcessEnvironment.text("AWS_DEFAULT_REGION")
        return StoreLocation(endpoint: endpoint, region: named ?? "us-east-1", credentials: credentials)
    }
}
