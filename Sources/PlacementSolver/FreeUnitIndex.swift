/// Nodes by how many units of something they have free, and among those by how much CPU, for finding the fullest node with
/// room at once.
///
/// CPU is kept in quarter octaves, so that nodes with free devices and no CPU to use them with are not looked at in vain.
///
/// - Complexity: moving a node is O(1). Finding one costs a step per bucket that holds nodes, and *n*/4096 per bucket
///   looked into, plus the nodes tried.
struct FreeUnitIndex: Sendable {
    /// More free units than this share the last bucket.
    static let largestUnits = 128
    static let levelCount = 64

    private let wordCount: Int
    private let summaryCount: Int
    /// Per bucket (units times levels): where its words are, -1 where no node has ever been.
    private var storage: [Int32] = []
    private var words: [UInt64] = []
    /// Bit *w* is set where word *w* of the bucket is not zero.
    private var summaries: [UInt64] = []
    /// Per number of units: which levels hold nodes.
    private var levels: [UInt64] = []
    private var bucketByNode: [Int32]
    private var countByBucket: [Int32] = []

    /// - Parameter nodeCount: Nodes are added by `update`.
    init(nodeCount: Int) {
        self.wordCount = (nodeCount + 63) / 64
        self.summaryCount = (self.wordCount + 63) / 64
        self.bucketByNode = Array(repeating: -1, count: nodeCount)
    }

    /// Quarter octaves of an amount: amounts of a higher level are larger, and equal levels differ by less than a quarter.
    @inline(__always)
    static func level(of amount: Int64) -> Int {
        guard amount > 0 else { return 0 }
        // From 64 on; less is next to nothing.
        let shifted = max(UInt64(amount) >> 4, 4)
        let exponent = 63 - shifted.leadingZeroBitCount
        let mantissa = Int(shifted >> UInt64(exponent - 2)) & 3
        return min(Self.levelCount - 1, (exponent - 2) * 4 + mantissa)
    }

    @inline(__always)
    mutating func update(node: Int, freeUnits: Int, level: Int) {
        let units = max(0, min(freeUnits, Self.largestUnits))
        let new = Int32(units * Self.levelCount + level)
        let old = self.bucketByNode[node]
        guard new != old else { return }
        if old >= 0 { self.remove(node, from: Int(old)) }
        self.insert(node, into: Int(new))
        self.bucketByNode[node] = new
    }

    private mutating func remove(_ node: Int, from bucket: Int) {
        let place = Int(self.storage[bucket])
        let word = place * self.wordCount + node >> 6
        self.words[word] &= ~(1 << UInt64(node & 63))
        if self.words[word] == 0 {
            self.summaries[place * self.summaryCount + node >> 12] &= ~(1 << UInt64(node >> 6 & 63))
        }
        self.countByBucket[bucket] -= 1
        if self.countByBucket[bucket] == 0 {
            self.levels[bucket / Self.levelCount] &= ~(1 << UInt64(bucket % Self.levelCount))
        }
    }

    private mutating func insert(_ node: Int, into bucket: Int) {
        if bucket >= self.storage.count { self.grow(toHold: bucket) }
        if self.storage[bucket] < 0 { self.allocate(bucket) }
        let place = Int(self.storage[bucket])
        self.words[place * self.wordCount + node >> 6] |= 1 << UInt64(node & 63)
        self.summaries[place * self.summaryCount + node >> 12] |= 1 << UInt64(node >> 6 & 63)
        if self.countByBucket[bucket] == 0 {
            self.levels[bucket / Self.levelCount] |= 1 << UInt64(bucket % Self.levelCount)
        }
        self.countByBucket[bucket] += 1
    }

    private mutating func grow(toHold bucket: Int) {
        let missing = (bucket / Self.levelCount + 1) * Self.levelCount - self.storage.count
        self.storage += Array(repeating: -1, count: missing)
        self.countByBucket += Array(repeating: 0, count: missing)
        self.levels += Array(repeating: 0, count: missing / Self.levelCount)
    }

    private mutating func allocate(_ bucket: Int) {
        self.storage[bucket] = Int32(self.summaryCount == 0 ? 0 : self.summaries.count / self.summaryCount)
        self.words += Array(repeating: 0, count: self.wordCount)
        self.summaries += Array(repeating: 0, count: self.summaryCount)
    }

    // MARK: Finding

    /// The first node for which `fits` holds, among `allowed` nodes with at least `units` free units and CPU of at least
    /// `level`: fewest free units first, then least CPU by quarter octaves, then the lowest index.
    @inline(__always)
    func firstFit(units: Int, level: Int, allowed: NodeBitset, fits: (Int) -> Bool) -> Int? {
        var current = min(units, Self.largestUnits)
        while current < self.levels.count {
            var open = self.levels[current] & (~0 << UInt64(level))
            while open != 0 {
                let bucket = current * Self.levelCount + open.trailingZeroBitCount
                if let node = self.first(in: bucket, allowed: allowed, fits: fits) { return node }
                open &= open - 1
            }
            current += 1
        }
        return nil
    }

    @inline(__always)
    private func first(in bucket: Int, allowed: NodeBitset, fits: (Int) -> Bool) -> Int? {
        let place = Int(self.storage[bucket])
        let firstWord = place * self.wordCount
        for position in 0..<self.summaryCount {
            var open = self.summaries[place * self.summaryCount + position] & allowed.summaryWord(position)
            while open != 0 {
                let word = position << 6 | open.trailingZeroBitCount
                open &= open - 1
                var bits = self.words[firstWord + word] & allowed.word(word)
                while bits != 0 {
                    let node = word << 6 | bits.trailingZeroBitCount
                    bits &= bits - 1
                    if fits(node) { return node }
                }
            }
        }
        return nil
    }

    // MARK: Invariants

    /// Nodes by bucket, as a search comes upon them: by the levels, the summaries and the words.
    var contents: [IndexBucket] {
        var found: [IndexBucket] = []
        for units in self.levels.indices {
            for level in 0..<Self.levelCount where self.levels[units] & (1 << UInt64(level)) != 0 {
                let bucket = units * Self.levelCount + level
                var nodes: [Int] = []
                let everyNode = NodeBitset(capacity: self.bucketByNode.count) { _ in true }
                _ = self.first(in: bucket, allowed: everyNode) { node in
                    nodes.append(node)
                    return false
                }
                found.append(IndexBucket(number: bucket, nodes: nodes))
            }
        }
        return found
    }

    /// Compares what a search comes upon with an index that is made afresh.
    func checkInvariants(holds: (Int) -> Bool, freeUnits: (Int) -> Int, level: (Int) -> Int) {
        var fresh = FreeUnitIndex(nodeCount: self.bucketByNode.count)
        for node in self.bucketByNode.indices where holds(node) {
            fresh.update(node: node, freeUnits: freeUnits(node), level: level(node))
        }
        precondition(self.bucketByNode == fresh.bucketByNode, "nodes stand in other buckets than in a fresh index")
        let (kept, made) = (self.contents, fresh.contents)
        precondition(kept == made, "a search finds \(kept) by bucket, in a fresh index \(made)")
        let counts = Dictionary(uniqueKeysWithValues: kept.map { ($0.number, $0.nodes.count) })
        for (bucket, count) in self.countByBucket.enumerated() {
            precondition(Int(count) == counts[bucket, default: 0], "bucket \(bucket) counts \(count) nodes")
        }
    }
}

/// One bucket of an index that holds nodes, for comparing indexes.
struct IndexBucket: Equatable {
    let number: Int
    /// In the order of a search.
    let nodes: [Int]
}
