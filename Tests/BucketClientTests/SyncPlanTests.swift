import BucketClient
import Testing

@Suite struct SyncPlanTests {
    private func file(_ key: String, _ size: UInt64) -> LocalFile {
        LocalFile(path: "/tmp/" + key, key: key, relativeKey: key, size: size)
    }

    @Test func sameSizeAndTagIsUnchanged() {
        let plan = SyncPlan(
            local: [file("a", 1), file("b", 2), file("c", 3)],
            remote: [
                .init(key: "a", size: 1, etag: "x"), .init(key: "b", size: 2, etag: "old"),
                .init(key: "z", size: 9, etag: "q"),
            ],
            deletesOthers: false
        ) { $0.key == "a" ? "x" : "new" }
        #expect(plan.unchanged.map(\.key) == ["a"])
        #expect(plan.uploads.map(\.key) == ["b", "c"])
        #expect(plan.deletions.isEmpty)
        #expect(plan.uploadBytes == 5)
    }

    @Test func filesAreHashedOnlyWhereSizesAgree() {
        var hashed: [String] = []
        _ = SyncPlan(
            local: [file("a", 1), file("b", 2)],
            remote: [.init(key: "a", size: 7, etag: "x"), .init(key: "b", size: 2, etag: "y")],
            deletesOthers: false
        ) { file in
            hashed.append(file.key)
            return "y"
        }
        #expect(hashed == ["b"])
    }

    @Test func deletesWhatHasNoFileOnlyWhenAsked() {
        let remote = [RemoteObject(key: "gone", size: 1, etag: "x"), RemoteObject(key: "a", size: 1, etag: "x")]
        let plan = SyncPlan(local: [file("a", 1)], remote: remote, deletesOthers: true) { _ in "x" }
        #expect(plan.deletions == ["gone"])
        #expect(plan.uploads.isEmpty)
    }
}
