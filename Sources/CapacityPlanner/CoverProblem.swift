import SchedulingModel

/// How many nodes of which offerings hold all pods: shapes and offerings as flat arrays.
///
/// A pattern is what one node of one offering holds: a count per shape.
struct CoverProblem {
    let shapeCount: Int
    let offeringCount: Int
    /// Pods per shape.
    let demand: [Int]
    /// Expected cost per hour and node.
    private(set) var costs: [Double]
    /// Nodes that may still be bought of each offering's pool, by pool.
    let headroom: [Int]
    let poolByOffering: [Int]

    private let resourceCount: Int
    /// `shape * resourceCount + resource`, and `offering * resourceCount + resource`.
    private let requests: [Int64]
    private let capacities: [Int64]
    private let deviceCounts: [Int]
    /// `offering * shapeCount + shape`; nil where the shape cannot run there.
    private let takes: [DeviceTake?]
    /// What one pod takes of the node, as the largest share of any resource; 0 where it cannot run.
    private var shares: [Double]
    /// Most pods of the one shape on an empty node.
    private var mostAlone: [Int]

    struct Pattern: Hashable {
        var offering: Int
        /// Shapes with a count above 0, ascending.
        var counts: [Count]

        struct Count: Hashable {
            var shape: Int
            var pods: Int
        }
    }

    init(shapes: [DemandShape], offerings: [NodeOffering], costs: [Double], pools: (byOffering: [Int], headroom: [Int]))
    {
        self.shapeCount = shapes.count
        self.offeringCount = offerings.count
        self.demand = shapes.map(\.pods.count)
        self.costs = costs
        self.poolByOffering = pools.byOffering
        self.headroom = pools.headroom
        var amounts = shapes.map(\.pod.requests)
        for index in amounts.indices { amounts[index][.pods] = 1 }
        let resources = Set(amounts.flatMap { $0.entries.map(\.name) }).sorted()
        self.resourceCount = resources.count
        self.requests = amounts.flatMap { amount in resources.map { amount[$0] } }
        self.capacities = offerings.flatMap { offering in resources.map { offering.template.allocatable[$0] } }
        self.deviceCounts = offerings.map { $0.template.devicePools.map(\.deviceCount).max() ?? 0 }
        self.takes = offerings.flatMap { offering in
            shapes.map {
                Self.canRun($0.pod, on: offering.template) ? DeviceTake.of($0.pod, on: offering.template) : nil
            }
        }
        (self.shares, self.mostAlone) = ([], [])
        let largest = offerings.indices.flatMap { offering in shapes.indices.map { self.largestShare($0, of: offering) }
        }
        self.shares = largest.map { $0 ?? 0 }
        self.mostAlone = largest.map { share in share.map { $0 > 1 + 1e-9 ? 0 : Int(1 / $0 + 1e-9) } ?? 0 }
    }

    /// The same where each node of these pools costs so much more.
    func charging(_ perNode: Double, forNodesOf pools: Set<Int>) -> CoverProblem {
        var problem = self
        for offering in 0..<self.offeringCount where pools.contains(self.poolByOffering[offering]) {
            problem.costs[offering] += perNode
        }
        return problem
    }

    private static func canRun(_ pod: PodState, on node: NodeState) -> Bool {
        pod.constraints.selects(node) && pod.constraints.untoleratedTaint(of: node) == nil
    }

    /// The largest share of any resource that one pod takes; nil where it cannot run.
    private func largestShare(_ shape: Int, of offering: Int) -> Double? {
        guard let take = self.takes[offering * self.shapeCount + shape] else { return nil }
        var largest = 1e-6
        for resource in 0..<self.resourceCount {
            let request = self.requests[shape * self.resourceCount + resource]
            if request == 0 { continue }
            let capacity = self.capacities[offering * self.resourceCount + resource]
            largest = max(largest, capacity > 0 ? Double(request) / Double(capacity) : .infinity)
        }
        guard take.deviceCount > 0 else { return largest }
        // A card holds as many as divide it: three thirds, and two of 400 thousandths.
        let perDevice = 1000 / take.thousandths
        return max(largest, Double(take.deviceCount) / Double(perDevice * self.deviceCounts[offering]))
    }

    /// Most pods of the shape that one empty node takes; 0 where it cannot run there.
    func mostAlone(_ shape: Int, on offering: Int) -> Int { self.mostAlone[offering * self.shapeCount + shape] }

    func share(_ shape: Int, of offering: Int) -> Double { self.shares[offering * self.shapeCount + shape] }

    /// Fills one empty node with pods of the shapes in this order, as many of each as are left and fit.
    func filled(_ offering: Int, order: [Int], left: [Int]) -> Pattern {
        var room = NodeRoom(
            free: Array(self.capacities[offering * self.resourceCount..<(offering + 1) * self.resourceCount]),
            deviceCount: self.deviceCounts[offering])
        var counts: [Pattern.Count] = []
        for shape in order {
            guard left[shape] > 0, let take = self.takes[offering * self.shapeCount + shape] else { continue }
            let limit = min(left[shape], self.mostAlone(shape, on: offering))
            let start = shape * self.resourceCount
            let pods = room.add(limit, self.requests, from: start, take)
            if pods > 0 { counts.append(Pattern.Count(shape: shape, pods: pods)) }
        }
        return Pattern(offering: offering, counts: counts.sorted { $0.shape < $1.shape })
    }

    /// Of every resource and of the devices, what one pod takes as a share of the node; nil where it cannot run.
    func resourceShares(_ shape: Int, of offering: Int) -> [Double]? {
        guard self.mostAlone(shape, on: offering) > 0, let take = self.takes[offering * self.shapeCount + shape] else {
            return nil
        }
        var shares = (0..<self.resourceCount).map { resource in
            let capacity = self.capacities[offering * self.resourceCount + resource]
            return capacity > 0 ? Double(self.requests[shape * self.resourceCount + resource]) / Double(capacity) : 0
        }
        let devices = self.deviceCounts[offering] * 1000
        shares.append(devices > 0 ? Double(take.deviceCount * take.thousandths) / Double(devices) : 0)
        return shares
    }

    /// Whether a node of the offering holds these pods; first fit, largest device share first.
    func holds(_ counts: [Pattern.Count], on offering: Int) -> Bool {
        guard counts.allSatisfy({ self.mostAlone($0.shape, on: offering) >= $0.pods }) else { return false }
        var left = [Int](repeating: 0, count: self.shapeCount)
        for count in counts { left[count.shape] = count.pods }
        let order = counts.map(\.shape).sorted {
            (self.share($1, of: offering), $0) < (self.share($0, of: offering), $1)
        }
        let filled = self.filled(offering, order: order, left: left)
        return filled.counts == counts
    }
}

/// What is left of one node while it is being filled.
struct NodeRoom {
    private var free: [Int64]
    /// Thousandths left of each device.
    private var devices: [Int]

    init(free: [Int64], deviceCount: Int) {
        self.free = free
        self.devices = Array(repeating: 1000, count: deviceCount)
    }

    /// Adds up to `limit` pods of one shape, whose requests stand from `start` on.
    ///
    /// - Returns: How many found room.
    mutating func add(_ limit: Int, _ requests: [Int64], from start: Int, _ take: DeviceTake) -> Int {
        var count = limit
        for resource in self.free.indices where requests[start + resource] > 0 {
            count = min(count, Int(self.free[resource] / requests[start + resource]))
        }
        if take.deviceCount > 0 {
            var found = 0
            while found < count, self.occupy(take) { found += 1 }
            count = found
        }
        for resource in self.free.indices { self.free[resource] -= requests[start + resource] * Int64(count) }
        return count
    }

    /// Takes the devices that are left with least.
    private mutating func occupy(_ take: DeviceTake) -> Bool {
        if take.thousandths == 1000 {
            let idle = self.devices.indices.filter { self.devices[$0] == 1000 }
            guard idle.count >= take.deviceCount else { return false }
            for device in idle.suffix(take.deviceCount) { self.devices[device] = 0 }
            return true
        }
        let fitting = self.devices.indices.filter { self.devices[$0] >= take.thousandths }
        guard fitting.count >= take.deviceCount else { return false }
        let tightest = fitting.sorted { (self.devices[$0], $0) < (self.devices[$1], $1) }
        for device in tightest.prefix(take.deviceCount) { self.devices[device] -= take.thousandths }
        return true
    }
}
