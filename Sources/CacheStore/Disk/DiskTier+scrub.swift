import NIOConcurrencyHelpers

extension DiskTier {
    /// Adds the scrubber to the maintenance thread, unless it is switched off. Rates are bytes a second.
    func startScrubbing(bytesPerSecond rate: Int) {
        guard rate > 0 else { return }
        let scrubber = Scrubber(self)
        maintenance.add(after: StoreLimits.scrubDelayMilliseconds) {
            scrubber.turn(bytesPerSecond: rate, now: Self.milliseconds)
        }
    }

    /// The index's entries with a record in the segment from `offset` on, in the reverse of their order there. Walks the whole index,
    /// part by part, so that nobody waits long.
    func entries(in segment: UInt32, from offset: Int) -> [(entry: DiskIndex.Entry, place: DiskIndex.Place)] {
        var found: [(entry: DiskIndex.Entry, place: DiskIndex.Place)] = []
        var part = 0
        while let entries = state.withLockedValue({ state in
            part < state.index.parts ? state.index.entries(ofPart: part) : nil
        }) {
            for entry in entries {
                for place in [entry.place, entry.headPlace] where place.segment == segment && place.offset >= offset {
                    found.append((entry, place))
                }
            }
            part += 1
        }
        return found.sorted { $0.place.units > $1.place.units }
    }

    /// Takes out all entries with a record in a segment that is not among the tier's any more, and so is not read; returns
    /// the places of their records. Walks the index part by part, so that nobody waits long, until there are no more.
    func removeEntries(of segment: UInt32) -> [DiskIndex.Place] {
        var places: [DiskIndex.Place] = []
        var part = 0
        while let removed = state.withLockedValue({ state -> [DiskIndex.Place]? in
            guard part < state.index.parts, state.index.usage[segment].records > 0 else { return nil }
            return state.index.removeEntries(ofPart: part, with: segment)
        }) {
            places += removed
            part += 1
        }
        return places
    }

    /// The system has refused a read of the scrubber's. Unlike one for a request it does not count towards leaving the disk
    /// out: nobody has waited for it, and the scrubber comes upon every bad sector there is, one soon after the other.
    func noteScrubError() {
        state.withLockedValue { $0.figures.readErrors += 1 }
    }

    /// Whether the form still lies where the entry says.
    func isCurrent(_ entry: DiskIndex.Entry) -> Bool {
        state.withLockedValue { state in
            state.index.slot(entry.hash, coding: entry.coding, variantTag: entry.variantTag)
                .map { state.index[$0].place == entry.place && state.index[$0].headPlace == entry.headPlace } ?? false
        }
    }

    /// Takes one form out, with everything derived from it, and has its records killed. False: it lies elsewhere now.
    @discardableResult
    func dropForm(_ entry: DiskIndex.Entry) -> Bool {
        let places = state.withLockedValue { state -> [DiskIndex.Place] in
            guard let own = state.index.slot(entry.hash, coding: entry.coding, variantTag: entry.variantTag),
                state.index[own].place == entry.place, state.index[own].headPlace == entry.headPlace
            else { return [] }
            let places = state.index.removeForm(own)
            if !state.isClosed { state.queue.append(.kill(places)) }
            return places
        }
        if !places.isEmpty { wake() }
        return !places.isEmpty
    }
}

extension DiskIndex {
    /// Takes the part's entries out that have a record in the segment; returns the places of their records.
    fileprivate mutating func removeEntries(ofPart part: Int, with segment: UInt32) -> [Place] {
        var places: [Place] = []
        for entry in entries(ofPart: part) where entry.place.segment == segment || entry.headPlace.segment == segment {
            guard let slot = slot(entry.hash, coding: entry.coding, variantTag: entry.variantTag) else { continue }
            places += removeEntry(slot)
        }
        return places
    }
}
