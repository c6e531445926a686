internal import HTTPWire

extension S3Service {
    /// `ListObjects` and `ListObjectsV2`, which differ in how a page names the next one.
    func listObjects(_ call: S3Call) async throws -> S3Answer {
        let parameters = try ListParameters(call.query, isV2: call.operation == .listObjectsV2)
        let bucket = try call.request.requiredBucket()
        let page = try await storage.list(bucket: bucket, parameters.query)
        return .xml(parameters.render(bucket, page))
    }
}
