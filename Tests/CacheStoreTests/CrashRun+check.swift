import CachingRules
import HTTPWire
import NIOCore

@testable import CacheStore

extension CrashRun {
    /// What may be there after a crash. A value.
    struct Expectation {
        var known: Known
        /// Items that may be served: from the first to the last number.
        var first: [String: Int] = [:]
        var last: [String: Int] = [:]
        /// What must be there.
        var present: [String: String] = [:]
    }

    /// What to expect when it ends before its call of this number; `calls`: all, when nothing of it was cut off.
    func expectation(before call: Int, losingPower: Bool) -> Expectation {
        let number = moments.lastIndex { $0.calls <= call } ?? 0
        let before = moments[number]
        let after = moments[min(number + 1, moments.count - 1)]
        var expected = Expectation(known: known)
        for path in Self.paths { expected.last[path] = (after.counts[path] ?? 0) - 1 }
        guard losingPower else {
            for path in Self.paths { expected.first[path] = (before.counts[path] ?? 0) - 1 }
            expected.present = before.onDisk.filter { after.onDisk[$0.key] == $0.value }
            return expected
        }
        for event in synced where event.calls <= call {
            for (path, floor) in event.floors { expected.first[path] = max(expected.first[path] ?? 0, floor) }
            // A later one that was evicted and came back would be another item.
            if !event.onDisk.isEmpty { expected.present = event.onDisk }
        }
        expected.present = expected.present.filter {
            before.onDisk[$0.key] == $0.value && after.onDisk[$0.key] == $0.value
        }
        return expected
    }

    /// Starts on a disk, serves everything, and says what is wrong. `present`: whether what must be there is looked for.
    static func check(_ disk: ModelDisk, _ expected: Expectation, looksForPresent: Bool = true) async -> [String] {
        let io = ModelIO(disk)
        guard let store = try? open(io) else { return ["does not start"] }
        var problems: [String] = []
        for path in paths {
            let why = looksForPresent && expected.present[path] != nil ? state(of: path, store) : ""
            guard let resource = store.load(path) else {
                if looksForPresent, let tag = expected.present[path] {
                    problems.append("\(path): \(tag) is missing, \(why)")
                }
                continue
            }
            let tag = String(resource.identity.head.etag?.opaque ?? "?")
            let items = expected.known.histories[path] ?? []
            let first = max(0, expected.first[path] ?? 0)
            let last = expected.last[path] ?? -1
            if first > last || !items[first...last].contains(tag) {
                problems.append(
                    "\(path): \(tag), but \(first <= last ? "\(items[first...last])" : "nothing") may be there"
                )
            }
            if resource.identity.generation >= store.nextGeneration() { problems.append("\(path): generation") }
            for form in resource.representations {
                let name = (form.head.etag?.opaque ?? "?").split(separator: ".").first.map(String.init) ?? "?"
                let body = expected.known.bodies[name]
                // nil: what is on disk only is read part by part, and a part that is damaged is not handed out.
                guard let (length, sum) = sum(form) else {
                    if looksForPresent, expected.present[path] == tag { problems.append("\(path): \(tag) is damaged") }
                    continue
                }
                if body?.length != length || body?.sum != sum { problems.append("\(path): \(name) is not whole") }
                if form.generation != resource.identity.generation { problems.append("\(path): another's form") }
            }
        }
        await store.disks.close(abruptly: true)
        return problems
    }

    /// What the index and the record say, for the message.
    private static func state(of path: String, _ store: CacheStore) -> String {
        guard let tier = store.disk else { return "no disk" }
        return tier.find(store.key(path).hash.value).map { found in
            let place = found.entry.place
            do {
                let front = try tier.reader.front(found.segment, at: place.offset, length: found.entry.length)
                for segment in [found.headSegment].compactMap({ $0 }) {
                    _ = try tier.reader.head(segment, at: found.entry.headPlace.offset)
                }
                return "\(place), whole, \(front.header.bodyLength), head at \(found.entry.headPlace)"
            } catch {
                return "\(place): \(error)"
            }
        }.joined(separator: "; ")
    }

    private static func sum(_ form: Representation) -> (Int, UInt32)? {
        var pieces = form.body.pieces
        if let disk = form.body.disk {
            for offset in stride(from: UInt64(0), to: UInt64(disk.length), by: 1 << 18) {
                let count = Int(min(1 << 18, UInt64(disk.length) - offset))
                guard let piece = disk.read(offset: offset, length: count) else { return nil }
                pieces.append(piece)
            }
        }
        var sum = CRC32C()
        for piece in pieces { piece.withUnsafeReadableBytes { sum.add($0) } }
        return (pieces.reduce(0) { $0 + $1.readableBytes }, sum.value)
    }
}
