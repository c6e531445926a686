/// One segment file. An immutable snapshot: a reader that holds it can read on although the file was given up.
final class Segment: Sendable {
    let sequence: UInt32
    let file: OpenFile

    init(sequence: UInt32, file: OpenFile) {
        self.sequence = sequence
        self.file = file
    }
}
