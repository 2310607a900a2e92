/// Nodes by how many units of something they have free, for finding the fullest node with room at once.
///
/// - Complexity: moving a node is O(1); walking the buckets is O(*u* + *n*/4096 · *u*) for *u* buckets and *n* nodes,
///   plus the nodes tried.
struct FreeUnitIndex {
    /// More free units than this share the last bucket.
    static let largestBucket = 128

    private var buckets: [NodeBitset]
    private var bucketByNode: [UInt8]

    init(freeUnits: [Int]) {
        self.bucketByNode = freeUnits.map(Self.bucket(of:))
        self.buckets = Array(
            repeating: NodeBitset(capacity: freeUnits.count), count: Int(self.bucketByNode.max() ?? 0) + 1)
        for (node, bucket) in self.bucketByNode.enumerated() { self.buckets[Int(bucket)].insert(node) }
    }

    private static func bucket(of freeUnits: Int) -> UInt8 { UInt8(max(0, min(freeUnits, Self.largestBucket))) }

    mutating func update(node: Int, freeUnits: Int) {
        let new = Self.bucket(of: freeUnits)
        let old = self.bucketByNode[node]
        guard new != old else { return }
        self.buckets[Int(old)].remove(node)
        if Int(new) >= self.buckets.count {
            let missing = Int(new) + 1 - self.buckets.count
            self.buckets += Array(repeating: NodeBitset(capacity: self.bucketByNode.count), count: missing)
        }
        self.buckets[Int(new)].insert(node)
        self.bucketByNode[node] = new
    }

    /// The first node for which `fits` holds, among `allowed` nodes with at least `units` free: fewest free units first,
    /// then the lowest index.
    @inline(__always)
    func firstFit(units: Int, allowed: NodeBitset, fits: (Int) -> Bool) -> Int? {
        var bucket = min(units, Self.largestBucket)
        while bucket < self.buckets.count {
            if let node = self.buckets[bucket].first(in: allowed, where: fits) { return node }
            bucket += 1
        }
        return nil
    }

    func checkInvariants(freeUnits: [Int]) {
        for (node, units) in freeUnits.enumerated() {
            let expected = Self.bucket(of: units)
            precondition(
                self.bucketByNode[node] == expected,
                "node \(node) is in bucket \(self.bucketByNode[node]), not \(expected)")
            precondition(self.buckets[Int(expected)].contains(node), "bucket \(expected) lost node \(node)")
        }
    }
}
