/// Nodes by what is left of their devices in use: for finding the tightest device with room for a part.
///
/// A node stands in one bucket for each distinct rest of a device of the row that is neither idle nor full. Buckets are 16
/// thousandths wide.
struct PartIndex: Sendable {
    private static let width: Int32 = 16
    static let bucketCount = 64

    private var buckets: [NodeBitset]
    private var occupied: UInt64 = 0
    private var countByBucket: [Int32]
    /// Per node: the buckets it stands in.
    private var bucketsByNode: [UInt64]

    init(nodeCount: Int) {
        self.buckets = Array(repeating: NodeBitset(capacity: nodeCount), count: Self.bucketCount)
        self.countByBucket = Array(repeating: 0, count: Self.bucketCount)
        self.bucketsByNode = Array(repeating: 0, count: nodeCount)
    }

    /// The bit of the bucket for a device that has so much left; 0 for one that is idle or full.
    @inline(__always)
    static func bit(left: Int32) -> UInt64 {
        left <= 0 || left >= 1000 ? 0 : 1 << UInt64(left / Self.width)
    }

    /// - Parameter bits: The union of `bit(left:)` over the node's devices.
    mutating func update(node: Int, bits: UInt64) {
        let old = self.bucketsByNode[node]
        var changed = old ^ bits
        while changed != 0 {
            let bucket = changed.trailingZeroBitCount
            changed &= changed - 1
            if bits & (1 << UInt64(bucket)) != 0 {
                self.buckets[bucket].insert(node)
                self.countByBucket[bucket] += 1
                self.occupied |= 1 << UInt64(bucket)
            } else {
                self.buckets[bucket].remove(node)
                self.countByBucket[bucket] -= 1
                if self.countByBucket[bucket] == 0 { self.occupied &= ~(1 << UInt64(bucket)) }
            }
        }
        self.bucketsByNode[node] = bits
    }

    /// The first node for which `fits` holds, among `allowed` nodes with a device in use that has about `size` left or
    /// more: tightest bucket first, then the lowest index. Nodes may be offered more than once.
    @inline(__always)
    func firstFit(size: Int32, allowed: NodeBitset, fits: (Int) -> Bool) -> Int? {
        var open = self.occupied & (~0 << UInt64(max(0, min(size, 999)) / Self.width))
        while open != 0 {
            let bucket = open.trailingZeroBitCount
            open &= open - 1
            if let node = self.buckets[bucket].first(in: allowed, where: fits) { return node }
        }
        return nil
    }

    /// Nodes by bucket, as a search comes upon them.
    var contents: [IndexBucket] {
        (0..<Self.bucketCount).filter { self.occupied & (1 << UInt64($0)) != 0 }.map { bucket in
            var nodes: [Int] = []
            self.buckets[bucket].forEach { nodes.append($0) }
            return IndexBucket(number: bucket, nodes: nodes)
        }
    }

    /// Compares what a search comes upon with an index that is made afresh.
    func checkInvariants(bits: (Int) -> UInt64) {
        var fresh = PartIndex(nodeCount: self.bucketsByNode.count)
        for node in self.bucketsByNode.indices { fresh.update(node: node, bits: bits(node)) }
        precondition(
            self.bucketsByNode == fresh.bucketsByNode, "nodes stand in other part buckets than in a fresh index")
        let (kept, made) = (self.contents, fresh.contents)
        precondition(kept == made, "a search finds \(kept) by part bucket, in a fresh index \(made)")
        let counts = Dictionary(uniqueKeysWithValues: kept.map { ($0.number, $0.nodes.count) })
        for (bucket, count) in self.countByBucket.enumerated() {
            precondition(Int(count) == counts[bucket, default: 0], "part bucket \(bucket) counts \(count) nodes")
        }
    }
}
