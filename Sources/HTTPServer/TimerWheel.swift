/// Deadlines of many connections at the cost of one timer. A value, loop-confined by its owner; reads no clock.
///
/// A hashed wheel: an entry lies in slot `tick % slots`, and one whose tick is a whole turn or more away is left there
/// when the hand passes. Entries live in one array and are linked by index, so placing, moving and removing one allocate
/// nothing once the array has grown. A deadline that moves away only has to be placed again when the old one comes:
/// that is the caller's business, and why a request costs no work here.
struct TimerWheel {
    /// Names an entry until it is removed.
    typealias Entry = Int

    private struct Node {
        var previous: Int32
        var next: Int32
        var tick: UInt64
        /// False: not in a slot, or on the free list.
        var placed: Bool
    }

    private static let none: Int32 = -1
    private static let slots = 1024

    private var nodes: [Node] = []
    private var firstFree = TimerWheel.none
    private var heads = [Int32](repeating: TimerWheel.none, count: TimerWheel.slots)
    /// The last tick whose entries have come.
    private(set) var now: UInt64 = 0
    /// Entries that exist, placed or not.
    private(set) var count = 0

    /// A new entry, not placed yet.
    mutating func add() -> Entry {
        count += 1
        if firstFree != Self.none {
            let index = firstFree
            firstFree = nodes[Int(index)].next
            nodes[Int(index)] = Node(previous: Self.none, next: Self.none, tick: 0, placed: false)
            return Int(index)
        }
        nodes.append(Node(previous: Self.none, next: Self.none, tick: 0, placed: false))
        return nodes.count - 1
    }

    /// Forgets an entry; its name will be given again.
    mutating func remove(_ entry: Entry) {
        unlink(entry)
        nodes[entry].next = firstFree
        firstFree = Int32(entry)
        count -= 1
    }

    /// Puts the entry at `tick`, wherever it was; a tick that has passed comes with the next one.
    mutating func place(_ entry: Entry, at tick: UInt64) {
        unlink(entry)
        let tick = max(tick, now + 1)
        let slot = Int(tick % UInt64(Self.slots))
        let head = heads[slot]
        nodes[entry] = Node(previous: Self.none, next: head, tick: tick, placed: true)
        if head != Self.none { nodes[Int(head)].previous = Int32(entry) }
        heads[slot] = Int32(entry)
    }

    /// Where the entry is placed; nil when it is not.
    func tick(of entry: Entry) -> UInt64? { nodes[entry].placed ? nodes[entry].tick : nil }

    /// Moves on by one tick and takes out the entries that come due, into `due` in no order.
    mutating func advance(into due: inout [Entry]) {
        now += 1
        let slot = Int(now % UInt64(Self.slots))
        var index = heads[slot]
        while index != Self.none {
            let entry = Int(index)
            index = nodes[entry].next
            if nodes[entry].tick <= now {
                unlink(entry)
                due.append(entry)
            }
        }
    }

    private mutating func unlink(_ entry: Entry) {
        let node = nodes[entry]
        guard node.placed else { return }
        if node.previous == Self.none {
            heads[Int(node.tick % UInt64(Self.slots))] = node.next
        } else {
            nodes[Int(node.previous)].next = node.next
        }
        if node.next != Self.none { nodes[Int(node.next)].previous = node.previous }
        nodes[entry].placed = false
        nodes[entry].previous = Self.none
        nodes[entry].next = Self.none
    }
}
