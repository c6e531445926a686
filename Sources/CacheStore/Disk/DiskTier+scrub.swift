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
            var places = state.index.removeEntry(own)
            if entry.isIdentity {
                for slot in state.index.slots(entry.hash)
                where state.index[slot].generation == entry.generation
                    && state.index[slot].variantTag == entry.variantTag
                {
                    places += state.index.removeEntry(slot)
                }
            }
            if !state.isClosed { state.queue.append(.kill(places)) }
            return places
        }
        if !places.isEmpty { wake() }
        return !places.isEmpty
    }
}
