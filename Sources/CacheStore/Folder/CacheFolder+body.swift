extension CacheFolder {
    /// Reads an object's body, every checksum verified, piece by piece; `body` returns false to end it. False: it is not
    /// whole, damaged, or has gone meanwhile.
    public func read(_ object: CachedObject, _ body: ([UInt8]) -> Bool) throws(CacheFolderError) -> Bool {
        let scan = FolderScan(self)
        guard let blocks = object.blocks else {
            if object.isHeadOnly { return false }
            return try read(scan, object.place, body) == object.bodyLength
        }
        var done: UInt64 = 0
        for number in 0..<UInt32(blocks.count) {
            guard let place = blocks.present[number] else { return false }
            let expected = min(UInt64(CacheStore.blockBytes), object.bodyLength - done)
            guard try read(scan, place, body) == expected else { return false }
            done += expected
        }
        return done == object.bodyLength
    }

    /// Returns the bytes handed over; nil: damaged, gone, or ended.
    private func read(
        _ scan: FolderScan,
        _ place: CachedObject.Place,
        _ body: ([UInt8]) -> Bool
    ) throws(CacheFolderError) -> UInt64? {
        let units = UInt32(place.offset / RecordHeader.alignment)
        guard let front = try scan.front(at: DiskIndex.Place(segment: place.segment, units: units)),
            front.header.kind == .form, let (segment, _) = try scan.segment(place.segment)
        else { return nil }
        let header = front.header
        for (block, sum) in front.blockSums.enumerated() {
            let start = block * StoreLimits.blockBytes
            let count = min(StoreLimits.blockBytes, header.bodyLength - start)
            let at = place.offset + header.frontLength + start
            guard let bytes = try? io.readBytes(segment.file.descriptor, count, at: at, path: segment.file.path),
                bytes.count == count, CRC32C.of(bytes.span) == sum, body(bytes)
            else { return nil }
        }
        return UInt64(header.bodyLength)
    }
}
