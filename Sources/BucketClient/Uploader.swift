import Foundation
import HTTPClient
import NIOConcurrencyHelpers
import NIOCore

/// Carries out a ``SyncPlan``, several objects at a time. Immutable; safe to share.
public struct Uploader: Sendable {
    /// What has been done so far. A value.
    public struct Progress: Sendable, Equatable {
        /// Objects uploaded.
        public var files = 0
        /// Bytes handed to the network.
        public var bytes: UInt64 = 0
        /// Objects deleted.
        public var deleted = 0
    }

    /// Says for the files that match a pattern what Cache-Control is; the last one that matches wins.
    public struct CacheRule: Sendable, Equatable {
        /// Which files.
        public var glob: Glob
        /// The field's value.
        public var value: String

        /// `*.css=max-age=60`, or without a pattern (`max-age=60`) for every file; nil if the value is empty.
        public init?(_ text: String) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let isRule =
                parts.count == 2 && parts[0].contains { "*?./".contains($0) }
            glob = Glob(isRule ? String(parts[0]) : "**")
            value = isRule ? String(parts[1]) : text
            guard !value.isEmpty, value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return nil }
        }
    }

    private let bucket: BucketClient
    private let cacheRules: [CacheRule]
    private let concurrency: Int

    /// - Parameter concurrency: objects at a time.
    public init(bucket: BucketClient, cacheRules: [CacheRule] = [], concurrency: Int = 8) {
        self.bucket = bucket
        self.cacheRules = cacheRules
        self.concurrency = max(1, concurrency)
    }

    /// Uploads, then deletes, so that no page loses a file before its successor is there.
    ///
    /// The first error ends it; what was done until then stays.
    public func run(_ plan: SyncPlan, report: @escaping @Sendable (Progress) -> Void) async throws {
        let tally = Tally(report)
        try await forEach(plan.uploads) { file in
            try await upload(file, tally)
            tally.update { $0.files += 1 }
        }
        try await forEach(plan.deletions) { key in
            try await bucket.delete(key)
            tally.update { $0.deleted += 1 }
        }
    }

    /// The metadata that a file is uploaded with.
    func metadata(_ file: LocalFile) -> [(name: String, value: String)] {
        var fields = [(name: "Content-Type", value: ContentType.of(file.relativeKey))]
        if let rule = cacheRules.last(where: { $0.glob.matches(file.relativeKey) }) {
            fields.append((name: "Cache-Control", value: rule.value))
        }
        return fields
    }

    private func upload(_ file: LocalFile, _ tally: Tally) async throws {
        let source = BodySource { write in
            guard let handle = FileHandle(forReadingAtPath: file.path) else {
                throw BucketError("cannot open \(file.path)")
            }
            defer { try? handle.close() }
            while let piece = try handle.read(upToCount: Limits.pieceBytes), !piece.isEmpty {
                try await write(ByteBuffer(bytes: piece))
                tally.update { $0.bytes += UInt64(piece.count) }
            }
        }
        try await bucket.put(file.key, length: file.size, fields: metadata(file), body: source)
    }

    private func forEach<Item: Sendable>(
        _ items: [Item],
        _ action: @escaping @Sendable (Item) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, item) in items.enumerated() {
                if index >= concurrency { try await group.next() }
                group.addTask { try await action(item) }
            }
            try await group.waitForAll()
        }
    }

    /// Adds up what the tasks report. Its lock protects `progress`.
    private final class Tally: Sendable {
        private let progress: NIOLockedValueBox<Progress>
        private let report: @Sendable (Progress) -> Void

        init(_ report: @escaping @Sendable (Progress) -> Void) {
            progress = NIOLockedValueBox(Progress())
            self.report = report
        }

        func update(_ change: (inout Progress) -> Void) {
            report(
                progress.withLockedValue {
                    change(&$0)
                    return $0
                }
            )
        }
    }
}
