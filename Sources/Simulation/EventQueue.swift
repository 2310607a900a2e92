/// What is still to happen, by time; of one time what was scheduled first comes first.
struct EventQueue<Step> {
    private struct Entry {
        var atMillis: Int64
        var sequence: UInt64
        var step: Step

        func precedes(_ other: Entry) -> Bool {
            self.atMillis != other.atMillis ? self.atMillis < other.atMillis : self.sequence < other.sequence
        }
    }

    /// A binary heap.
    private var entries: [Entry] = []
    private var lastSequence: UInt64 = 0

    var nextMillis: Int64? { self.entries.first?.atMillis }

    mutating func schedule(_ step: Step, atMillis time: Int64) {
        self.lastSequence += 1
        self.entries.append(Entry(atMillis: time, sequence: self.lastSequence, step: step))
        var child = self.entries.count - 1
        while child > 0, self.entries[child].precedes(self.entries[(child - 1) / 2]) {
            self.entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func popNext() -> (atMillis: Int64, step: Step)? {
        guard let first = self.entries.first else { return nil }
        let last = self.entries.removeLast()
        if !self.entries.isEmpty {
            self.entries[0] = last
            self.sink()
        }
        return (first.atMillis, first.step)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < self.entries.count && self.entries[child].precedes(self.entries[least]) {
                least = child
            }
            if least == parent { return }
            self.entries.swapAt(parent, least)
            parent = least
        }
    }
}
