/// A set of node indices with a summary level, so that empty stretches cost nothing to pass over.
///
/// Iteration is in ascending index order. `capacity` is fixed at creation.
public struct NodeBitset: Hashable, Sendable {
    public let capacity: Int
    private var words: [UInt64]
    /// Bit w is set where `words[w]` is not zero.
    private var summary: [UInt64]

    public init(capacity: Int) {
        self.capacity = capacity
        let wordCount = (capacity + 63) / 64
        self.words = Array(repeating: 0, count: wordCount)
        self.summary = Array(repeating: 0, count: (wordCount + 63) / 64)
    }

    public init(capacity: Int, where isMember: (Int) -> Bool) {
        self.init(capacity: capacity)
        for index in 0..<capacity where isMember(index) { self.insert(index) }
    }

    public var isEmpty: Bool { self.summary.allSatisfy { $0 == 0 } }

    public var count: Int { self.words.reduce(0) { $0 + $1.nonzeroBitCount } }

    /// Members `64 * index ..< 64 * index + 64` as bits.
    @inline(__always)
    func word(_ index: Int) -> UInt64 { self.words[index] }

    /// Which of 64 words hold members.
    @inline(__always)
    func summaryWord(_ index: Int) -> UInt64 { self.summary[index] }

    /// The lowest member.
    public var first: Int? { self.first(in: self) { _ in true } }

    @inline(__always)
    public func contains(_ index: Int) -> Bool { self.words[index >> 6] & (1 << (index & 63)) != 0 }

    public mutating func insert(_ index: Int) {
        self.words[index >> 6] |= 1 << (index & 63)
        self.summary[index >> 12] |= 1 << ((index >> 6) & 63)
    }

    public mutating func remove(_ index: Int) {
        self.words[index >> 6] &= ~(1 << (index & 63))
        if self.words[index >> 6] == 0 { self.summary[index >> 12] &= ~(1 << ((index >> 6) & 63)) }
    }

    public mutating func formIntersection(_ other: NodeBitset) {
        for word in self.words.indices where self.words[word] != 0 {
            self.words[word] &= other.words[word]
            if self.words[word] == 0 { self.summary[word >> 6] &= ~(1 << (word & 63)) }
        }
    }

    /// The first index for which `predicate` holds among the members of both sets, or nil.
    ///
    /// - Complexity: O(*w*/64 + *m*), *w* words of capacity, *m* common members tried.
    @inline(__always)
    func first(in other: NodeBitset, where predicate: (Int) -> Bool) -> Int? {
        for (summaryIndex, summaryWord) in self.summary.enumerated() {
            var remaining = summaryWord & other.summary[summaryIndex]
            while remaining != 0 {
                let word = summaryIndex << 6 | remaining.trailingZeroBitCount
                remaining &= remaining - 1
                var bits = self.words[word] & other.words[word]
                while bits != 0 {
                    let index = word << 6 | bits.trailingZeroBitCount
                    bits &= bits - 1
                    if predicate(index) { return index }
                }
            }
        }
        return nil
    }

    @inline(__always)
    public func forEach(_ body: (Int) -> Void) {
        _ = self.first(in: self) { index in
            body(index)
            return false
        }
    }
}
