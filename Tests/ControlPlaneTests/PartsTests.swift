import HTTPClient
import NIOCore
import TestSupport
import Testing

@testable import ControlPlane

#if canImport(Glibc)
    import Glibc
#endif

@Suite struct CredentialsTests {
    let folder: TemporaryFolder
    var path: String { ControlCredentials.path(home: folder.path) }

    init() throws {
        folder = try TemporaryFolder()
    }

    private func resolve(
        _ control: String? = nil,
        _ token: String? = nil,
        _ environment: [String: String] = [:]
    ) throws(ControlClientError) -> ControlCredentials {
        try .resolve(control: control, token: token, environment: environment, home: folder.path)
    }

    @Test func whatIsWrittenIsReadBackAndIsForItsOwnerOnly() throws {
        let token = try #require(BearerToken("secret"))
        let written = ControlCredentials(control: Endpoint(host: "127.0.0.1", port: 9_123), token: token)
        try written.write(path: path)
        try written.write(path: path)
        #expect(try ControlCredentials.read(path: path) == written)
        #expect(try resolve() == written)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func flagsComeBeforeTheEnvironmentAndThatBeforeTheFile() throws {
        let file = ControlCredentials(control: Endpoint(host: "file", port: 1), token: BearerToken("file"))
        try file.write(path: path)
        let environment = ["APUS_CONTROL": "http://env:2", "APUS_TOKEN": "env"]
        let flags = try resolve("http://flag:3", "flag", environment)
        #expect(flags.control.host == "flag" && flags.token?.text == "flag")
        let fromEnvironment = try resolve(nil, nil, environment)
        #expect(fromEnvironment.control.host == "env" && fromEnvironment.token?.text == "env")
        let mixed = try resolve(nil, nil, ["APUS_TOKEN": "env", "APUS_CONTROL": ""])
        #expect(mixed.control.host == "file" && mixed.token?.text == "env")
    }

    @Test func theFilesTokenGoesToTheFilesControlOnly() throws {
        try ControlCredentials(control: Endpoint(host: "mine", port: 1), token: BearerToken("secret")).write(path: path)
        #expect(try resolve("http://mine:1").token?.text == "secret")
        #expect(try resolve("http://other:1").token == nil)
        #expect(try resolve("http://mine:2").token == nil)
    }

    @Test func withoutAnythingItIsTheLocalControlWithoutToken() throws {
        #expect(try resolve() == ControlCredentials(control: ControlCredentials.defaultControl, token: nil))
    }

    @Test func aFileThatOthersCanReadIsRefused() throws {
        try ControlCredentials(control: ControlCredentials.defaultControl, token: BearerToken("secret")).write(
            path: path
        )
        chmod(path, 0o640)
        let error = #expect(throws: ControlClientError.self) { try resolve() }
        #expect(error?.description.contains("chmod 600") == true)
        // Who says everything does not need the file.
        #expect(try resolve("http://h:1", "t").token?.text == "t")
    }

    @Test(arguments: [
        ("nonsense", ":1:"), ("control: ftp://x", ":1:"), ("# c\n\ntoken: two words", ":3:"),
        ("tokn: x", "unknown key"),
    ])
    func whatIsWrongInTheFileIsSaidWithItsLine(text: String, words: String) throws {
        try folder.write(text, to: ".config/apus/credentials")
        chmod(path, 0o600)
        let error = #expect(throws: ControlClientError.self) { try resolve() }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("two words") == false)
    }

    @Test func quotedValuesAndCommentsAreRead() throws {
        try folder.write("# mine\ncontrol: \"http://h:7\"\n\ttoken:   t  \r\n", to: ".config/apus/credentials")
        chmod(path, 0o600)
        let credentials = try resolve()
        #expect(credentials.control == Endpoint(host: "h", port: 7) && credentials.token?.text == "t")
    }

    @Test(arguments: ["", "localhost", "http://h:1/path", "http://"])
    func anAddressThatIsNoneIsRefused(text: String) throws {
        let error = #expect(throws: ControlClientError.self) { try resolve(text) }
        #expect(error?.description.contains("http://HOST:PORT") == true)
    }
}

@Suite struct PartsTests {
    @Test func linesAreFoundWhereverTheBytesAreCut() throws {
        let text = "one\n\ntwo two\nthree\nrest"
        for size in 1...text.utf8.count {
            var splitter = LineSplitter(limit: 100)
            var lines: [String] = []
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                try splitter.add(ByteBuffer(bytes: bytes.prefix(size)))
                bytes = bytes.dropFirst(size)
                while let line = splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
            }
            #expect(lines == ["one", "", "two two", "three"])
        }
    }

    @Test func aLineWithoutEndIsRefused() throws {
        var splitter = LineSplitter(limit: 10)
        try splitter.add(ByteBuffer(string: "0123456789a"))
        #expect(splitter.next() == nil)
        #expect(throws: ControlClientError.self) { try splitter.add(ByteBuffer(string: "b")) }
    }

    @Test func theBackoffDoublesUpToItsLongest() {
        var backoff = Backoff(first: 0.1, longest: 1)
        let waits = (0..<8).map { _ in backoff.next(chance: 1) }
        #expect(waits == [0.1, 0.2, 0.4, 0.8, 1, 1, 1, 1])
        #expect(backoff.next(chance: 0) == 0.5)
        backoff.reset()
        #expect(backoff.next(chance: 0) == 0.05)
    }

    @Test func theDoorbellMissesNothingAndWaitsNoLongerThanTold() async throws {
        let bell = Doorbell()
        let seen = bell.count
        bell.ring()
        try await within(.seconds(5)) { await bell.wait(since: seen, nanoseconds: 60_000_000_000) }
        try await within(.seconds(5)) { await bell.wait(since: bell.count, nanoseconds: 1_000_000) }
        let waiting = Task { await bell.wait(since: bell.count, nanoseconds: 60_000_000_000) }
        waiting.cancel()
        try await within(.seconds(5)) { await waiting.value }
        let rung = (0..<50).map { _ in Task { await bell.wait(since: seen + 1, nanoseconds: 60_000_000_000) } }
        bell.ring()
        try await within(.seconds(5)) { for task in rung { await task.value } }
    }

    @Test func theLeaseEndsByTheClockAndForGoodWhenItIsClosed() {
        let clock = ManualClock()
        let lease = EdgeLease(clock: clock)
        #expect(!lease.mayServeWithoutRevalidation)
        lease.extend(to: 10)
        #expect(lease.mayServeWithoutRevalidation && lease.nanosecondsLeft == 10)
        lease.extend(to: 5)
        clock.set(9)
        #expect(lease.mayServeWithoutRevalidation)
        clock.set(10)
        #expect(!lease.mayServeWithoutRevalidation && lease.nanosecondsLeft == 0)
        lease.extend(to: 20)
        #expect(lease.mayServeWithoutRevalidation)
        lease.close()
        lease.extend(to: 100)
        #expect(!lease.mayServeWithoutRevalidation && lease.nanosecondsLeft == 0)
        let endless = EdgeLease(endless: true, clock: clock)
        clock.set(.max - 1)
        #expect(endless.mayServeWithoutRevalidation)
        endless.close()
        #expect(!endless.mayServeWithoutRevalidation)
    }

    @Test func theTailKeepsTheLastEntriesWithinItsBounds() {
        var limits = ControlLimits()
        limits.tailEntries = 4
        var tail = LogTail(after: 10, limits: limits)
        func entry(_ number: UInt64) -> PurgeEntry {
            PurgeEntry(number: number, mark: "m", acceptedAt: 0, scopes: [.all], soft: false)
        }
        #expect(tail.lines(after: 9, limit: 5) == nil)
        #expect(tail.lines(after: 10, limit: 5)?.isEmpty == true)
        for number in UInt64(11)...15 { tail.append(entry(number)) }
        // The fifth has pushed the first two out.
        #expect(tail.lines(after: 11, limit: 5) == nil)
        #expect(tail.lines(after: 12, limit: 5)?.count == 3)
        #expect(tail.lines(after: 13, limit: 1)?.count == 1)
        #expect(tail.lines(after: 15, limit: 5)?.isEmpty == true)
        tail.append(entry(20))
        #expect(tail.lines(after: 15, limit: 5) == nil)
        #expect(tail.lines(after: 20, limit: 5)?.isEmpty == true)
    }
}
