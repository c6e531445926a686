import ArgumentParser
import CacheStore
import CachingRules
import HTTPWire
import Logging
import NIOCore

/// `store-bench hits`: what a memory hit does in the store, again and again. Run it under callgrind with two numbers of
/// hits: the difference is the hits' own.
struct HitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hits",
        abstract: "Looks objects up in memory, after as many purges as wanted."
    )

    @Option(
        help: "Purges applied after the objects were stored: of tags, prefixes and URLs in turn; none covers an object."
    )
    var purges = 0

    @Option(help: "Look-ups.")
    var hits = 100_000

    @Option(help: "Objects, each with two tags.")
    var objects = 1_000

    @Flag(help: "One more purge before each look-up: every one of them has to be checked against the tables.")
    var purgeEachTime = false

    func run() throws {
        let store = try CacheStore(CacheStoreConfiguration(memoryBytes: 256 << 20), logger: Logger(label: "bench"))
        let keys = (0..<objects).map { store.key(site: "site", path: "/assets/some/folder/object-\($0).css") }
        for (number, key) in keys.enumerated() {
            guard store.insert(form(number, in: store), key: key).isStored else { throw ExitCode.failure }
        }
        for number in 0..<purges {
            store.epochs.apply([scope(number)], number: UInt64(number + 1))
        }
        // Each entry is checked once against purges that came after it; that is not what is counted.
        var found = 0
        // Reading an option is dearer than a look-up.
        let (objects, hits, purges, purgeEachTime) = (objects, hits, purges, purgeEachTime)
        for turn in 0..<(objects + hits) {
            if purgeEachTime { store.epochs.apply([scope(turn)], number: UInt64(purges + turn + 1)) }
            let key = keys[turn % objects]
            if let resource = store.lookup(hash: store.hash(key.bytes.span), key: key.bytes.span),
                store.epochs.state(of: resource.identity, key: key) == .live
            {
                found += 1
            }
        }
        guard found == objects + hits else { throw ExitCode.failure }
        print(#"{"found": \#(found)}"#)
    }

    private func form(_ number: Int, in store: CacheStore) -> Representation {
        var fields = FieldList()
        fields.append(.contentType, "text/css")
        fields.append(.etag, "\"\(number)\"")
        let head = StoredHead(
            status: 200,
            fields: fields,
            freshness: Freshness(lifetime: 86_400, correctedInitialAge: 0, responseTime: 1_700_000_000),
            bodyLength: 1024,
            tags: ["page-\(number)", "all"]
        )
        let body = StoredBody(pieces: [ByteBuffer(repeating: 46, count: 1024)])
        return Representation(generation: store.nextGeneration(), mark: store.epochs.mark, head: head, body: body)
    }

    private func scope(_ number: Int) -> PurgeEpochs.Scope {
        switch number % 3 {
        case 0: .tag(site: "site", tag: "purged-\(number)")
        case 1: .prefix(site: "site", path: Array("/purged/\(number)/".utf8))
        default: .url(site: "site", path: Array("/purged/\(number)".utf8), query: nil)
        }
    }
}
