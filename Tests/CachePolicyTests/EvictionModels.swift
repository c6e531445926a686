@testable import CachePolicy

/// A policy the obvious way: arrays, searched from end to end.
protocol EvictionModel {
    init()
    /// What is held.
    var entries: [ModelEntry] { get }
    mutating func touch(_ hash: UInt128)
    mutating func admits(_ hash: UInt128, cost: Int, freeing: Int) -> Bool
    mutating func insert(_ hash: UInt128, cost: Int)
    mutating func setCost(_ hash: UInt128, to cost: Int)
    mutating func remove(_ hash: UInt128)
    /// Whether `hash` may leave next; takes it out.
    mutating func evict(_ hash: UInt128) -> Bool
}

struct ModelEntry: Equatable {
    var hash: UInt128
    var cost: Int
    var uses = 0
    var inflation = 0.0

    var value: Double { inflation + Double(uses) / Double(max(1, cost)) }
}

extension EvictionModel {
    var totalCost: Int { entries.reduce(0) { $0 + $1.cost } }

    mutating func admits(_ hash: UInt128, cost: Int, freeing: Int) -> Bool { true }
}

extension [ModelEntry] {
    func place(_ hash: UInt128) -> Int? { firstIndex { $0.hash == hash } }

    mutating func take(_ hash: UInt128) -> ModelEntry? { place(hash).map { remove(at: $0) } }
}

/// Ghosts, the oldest first.
struct ModelGhosts {
    var ghosts: [ModelEntry] = []

    mutating func trim(_ held: [ModelEntry], bytesCount: Bool) {
        for _ in 0..<8 {
            let cost = ghosts.reduce(0) { $0 + $1.cost }
            let limit = held.reduce(0) { $0 + $1.cost } / 10 * 9
            guard ghosts.count > held.count + 64 || (bytesCount && cost > limit), !ghosts.isEmpty else { return }
            ghosts.removeFirst()
        }
    }
}

struct LRUModel: EvictionModel {
    /// The oldest first.
    var entries: [ModelEntry] = []

    mutating func touch(_ hash: UInt128) {
        if let entry = entries.take(hash) { entries.append(entry) }
    }

    mutating func insert(_ hash: UInt128, cost: Int) { entries.append(ModelEntry(hash: hash, cost: cost)) }

    mutating func setCost(_ hash: UInt128, to cost: Int) {
        if let place = entries.place(hash) { entries[place].cost = cost }
    }

    mutating func remove(_ hash: UInt128) { _ = entries.take(hash) }

    mutating func evict(_ hash: UInt128) -> Bool { entries.removeFirst().hash == hash }
}

struct S3FIFOModel: EvictionModel {
    var small: [ModelEntry] = []
    var main: [ModelEntry] = []
    var memory = ModelGhosts()

    var entries: [ModelEntry] { small + main }

    mutating func touch(_ hash: UInt128) {
        if let place = small.place(hash) { small[place].uses = min(3, small[place].uses + 1) }
        if let place = main.place(hash) { main[place].uses = min(3, main[place].uses + 1) }
    }

    mutating func insert(_ hash: UInt128, cost: Int) {
        let entry = ModelEntry(hash: hash, cost: cost)
        if memory.ghosts.take(hash) != nil { main.append(entry) } else { small.append(entry) }
    }

    mutating func setCost(_ hash: UInt128, to cost: Int) {
        if let place = small.place(hash) { small[place].cost = cost }
        if let place = main.place(hash) { main[place].cost = cost }
    }

    mutating func remove(_ hash: UInt128) {
        _ = small.take(hash)
        _ = main.take(hash)
        memory.trim(entries, bytesCount: true)
    }

    mutating func evict(_ hash: UInt128) -> Bool {
        while true {
            let smallCost = small.reduce(0) { $0 + $1.cost }
            if main.isEmpty || (!small.isEmpty && smallCost > totalCost / 10) {
                var entry = small.removeFirst()
                if entry.uses >= 2 {
                    entry.uses = 0
                    main.append(entry)
                    continue
                }
                memory.ghosts.append(entry)
                memory.trim(entries, bytesCount: true)
                return entry.hash == hash
            }
            var entry = main.removeFirst()
            guard entry.uses > 0 else { return entry.hash == hash }
            entry.uses -= 1
            main.append(entry)
        }
    }
}

struct SizeModel: EvictionModel {
    var entries: [ModelEntry] = []
    var memory = ModelGhosts()
    var inflation = 0.0

    mutating func touch(_ hash: UInt128) {
        guard let place = entries.place(hash) else { return }
        entries[place].uses += 1
        entries[place].inflation = inflation
    }

    mutating func admits(_ hash: UInt128, cost: Int, freeing: Int) -> Bool {
        let ghost = memory.ghosts.place(hash)
        let uses = (ghost.map { memory.ghosts[$0].uses } ?? 0) + 1
        let newcomer = ModelEntry(hash: hash, cost: cost, uses: uses, inflation: inflation)
        let sorted = entries.sorted { $0.value < $1.value }
        var freed = 0
        for entry in sorted.prefix(64) where freed < freeing {
            if entry.value > newcomer.value {
                inflation = max(inflation, min(newcomer.value, sorted[0].value))
                _ = memory.ghosts.take(hash)
                memory.ghosts.append(newcomer)
                memory.trim(entries, bytesCount: false)
                return false
            }
            freed += entry.cost
        }
        return true
    }

    mutating func insert(_ hash: UInt128, cost: Int) {
        let uses = (memory.ghosts.take(hash)?.uses ?? 0) + 1
        entries.append(ModelEntry(hash: hash, cost: cost, uses: uses, inflation: inflation))
    }

    mutating func setCost(_ hash: UInt128, to cost: Int) {
        if let place = entries.place(hash) { entries[place].cost = cost }
    }

    mutating func remove(_ hash: UInt128) {
        _ = entries.take(hash)
        memory.trim(entries, bytesCount: false)
    }

    mutating func evict(_ hash: UInt128) -> Bool {
        let least = entries.map(\.value).min() ?? 0
        guard let entry = entries.take(hash), entry.value == least else { return false }
        inflation = max(inflation, least)
        memory.ghosts.append(entry)
        memory.trim(entries, bytesCount: false)
        return true
    }
}
