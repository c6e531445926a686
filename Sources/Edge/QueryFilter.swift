import HTTPWire
import Settings

/// What a site's keys hold of a query: a ``QueryRule`` made ready for bytes. Immutable snapshot.
enum KeyQuery: Sendable, Equatable {
    case all
    case exact
    case none
    /// The parameters with these names, in their normal form.
    case names([[UInt8]])

    init(_ rule: QueryRule) {
        self =
            switch rule {
            case .all: .all
            case .exact: .exact
            case .none: .none
            case .names(let names): .names(names.map(Self.normalised))
            }
    }

    /// As the name stands in a normalised query, so that `näme` finds `n%C3%A4me`.
    private static func normalised(_ name: String) -> [UInt8] {
        var path: [UInt8] = []
        var query: [UInt8] = []
        var hasQuery = false
        let target = Array("/?\(name)".utf8)
        guard RequestTarget.normalise(target.span, path: &path, query: &query, hasQuery: &hasQuery) else {
            return Array(name.utf8)
        }
        return query
    }
}

/// Brings queries into the form in which they stand in keys: the one place that both requests and purges go through, so that
/// a purge names what a request has stored. Loop-confined: its arrays keep their memory from request to request.
struct QueryFilter {
    private var parameters: [Parameter] = []
    private var rewritten: [UInt8] = []

    /// Where a parameter lies in the query. A value.
    private struct Parameter {
        var start: Int
        /// Where its `=` is, or its end.
        var nameEnd: Int
        var end: Int
    }

    /// Rewrites a normalised query (without its `?`) in place. False: the key has no query.
    ///
    /// An empty query is kept where all parameters count: `/a?` and `/a` are two URLs (RFC 3986, section 6.2.3).
    mutating func apply(_ rule: KeyQuery, to query: inout [UInt8]) -> Bool {
        switch rule {
        case .none:
            return false
        case .exact:
            return true
        case .all:
            split(query.span)
            if !isSorted(query.span) { write(&query) }
            return true
        case .names(let names):
            split(query.span)
            keep(names, of: query.span)
            guard !parameters.isEmpty else { return false }
            write(&query)
            return true
        }
    }

    private mutating func split(_ query: Span<UInt8>) {
        parameters.removeAll(keepingCapacity: true)
        var start = 0
        var nameEnd = -1
        for index in 0...query.count {
            if index == query.count || query[index] == UInt8(ascii: "&") {
                parameters.append(Parameter(start: start, nameEnd: nameEnd < start ? index : nameEnd, end: index))
                start = index + 1
                nameEnd = -1
            } else if nameEnd < 0, query[index] == UInt8(ascii: "=") {
                nameEnd = index
            }
        }
    }

    private mutating func keep(_ names: [[UInt8]], of query: Span<UInt8>) {
        var kept = 0
        for index in parameters.indices {
            let parameter = parameters[index]
            guard Self.isNamed(parameter, names, query) else { continue }
            parameters[kept] = parameter
            kept += 1
        }
        parameters.removeLast(parameters.count - kept)
    }

    private static func isNamed(_ parameter: Parameter, _ names: [[UInt8]], _ query: Span<UInt8>) -> Bool {
        for name in names where name.count == parameter.nameEnd - parameter.start {
            var length = 0
            while length < name.count, name[length] == query[parameter.start + length] { length += 1 }
            if length == name.count { return true }
        }
        return false
    }

    private func isSorted(_ query: Span<UInt8>) -> Bool {
        for index in parameters.indices.dropFirst()
        where Self.isBefore(parameters[index], parameters[index - 1], query) {
            return false
        }
        return true
    }

    /// By name; parameters of one name stay in their order, for that order may mean something.
    private mutating func write(_ query: inout [UInt8]) {
        if parameters.count <= Limits.queryInsertionSort {
            sortFew(query.span)
        } else {
            // Starts differ, so that the order is total and no stable sort is needed.
            let bytes = query
            parameters.sort { one, other in
                if Self.isBefore(one, other, bytes.span) { return true }
                return one.start < other.start && !Self.isBefore(other, one, bytes.span)
            }
        }
        rewritten.removeAll(keepingCapacity: true)
        for index in parameters.indices {
            if index > 0 { rewritten.append(UInt8(ascii: "&")) }
            for position in parameters[index].start..<parameters[index].end { rewritten.append(query[position]) }
        }
        swap(&query, &rewritten)
    }

    /// Few parameters are the usual case, and this allocates nothing.
    private mutating func sortFew(_ query: Span<UInt8>) {
        for index in parameters.indices.dropFirst() {
            var place = index
            while place > 0, Self.isBefore(parameters[place], parameters[place - 1], query) {
                parameters.swapAt(place, place - 1)
                place -= 1
            }
        }
    }

    private static func isBefore(_ one: Parameter, _ other: Parameter, _ query: Span<UInt8>) -> Bool {
        let count = min(one.nameEnd - one.start, other.nameEnd - other.start)
        for offset in 0..<count {
            let (left, right) = (query[one.start + offset], query[other.start + offset])
            if left != right { return left < right }
        }
        return one.nameEnd - one.start < other.nameEnd - other.start
    }
}
