import SchedulingModel

/// The launches that could hold a gang whole, each of one offering.
struct GangLaunches {
    let gang: CapacityDemand.Gang
    /// Cheapest first, in expectation; ties by the order of the pools.
    private(set) var candidates: [Launch] = []
    /// No launch of one offering that holds the pending members costs less, whatever pools allow.
    private(set) var lowerBound = 0.0
    /// Why there are no candidates.
    private(set) var refusal: UnservedPod.Reason?

    init(_ gang: CapacityDemand.Gang, market: Market, interruptions: InterruptionModel, snapshot: ClusterSnapshot) {
        self.gang = gang
        let shapes = DemandShape.shapes(of: gang.pods, in: snapshot)
        let problem = CoverProblem(
            shapes: shapes, offerings: market.offerings,
            costs: market.offerings.map { Double($0.pricePerHourMicroUSD) },
            pools: (market.poolByOffering, market.headroom))
        var found: [(launch: Launch, cost: Double)] = []
        var least = Double.infinity
        var worst = UnservedPod.Reason.noOfferingFits
        for offering in market.offerings.indices {
            guard let need = problem.nodesNeeded(on: offering) else { continue }
            let cost = interruptions.expectedCostPerHour(
                market.offerings[offering], count: need.atLeast, together: true)
            least = min(least, cost)
            guard gang.requiredAxes.allSatisfy({ market.promises($0, offering, count: need.found) }) else {
                if worst == .noOfferingFits { worst = .launchCannotPromiseDomain }
                continue
            }
            worst = .offeringsExhausted
            guard market.isOpen(offering, count: need.found) else { continue }
            found.append(
                (
                    market.launch(of: offering, count: need.found),
                    interruptions.expectedCostPerHour(market.offerings[offering], count: need.found, together: true)
                ))
        }
        self.candidates = found.sorted { ($0.cost, $0.launch.offering) < ($1.cost, $1.launch.offering) }.map(\.launch)
        self.lowerBound = least.isFinite ? least : 0
        self.refusal = found.isEmpty ? worst : nil
    }
}

extension CoverProblem {
    static func runs(_ pod: PodState, on node: NodeState) -> Bool {
        guard pod.constraints.selects(node), pod.constraints.untoleratedTaint(of: node) == nil else { return false }
        let fits = pod.requests.entries.allSatisfy { $0.amount <= node.allocatable[$0.name] }
        return fits && node.allocatable[.pods] >= 1 && DeviceTake.of(pod, on: node) != nil
    }

    /// Nodes of one offering that hold everything: how many a first-fit finds enough, and fewer than which cannot do.
    ///
    /// Nil where some shape does not run there.
    func nodesNeeded(on offering: Int) -> (found: Int, atLeast: Int)? {
        let shapes = Array(0..<self.shapeCount)
        guard shapes.allSatisfy({ self.mostAlone($0, on: offering) > 0 }) else { return nil }
        let order = shapes.sorted { (self.share($1, of: offering), $0) < (self.share($0, of: offering), $1) }
        var left = self.demand
        var found = 0
        while left.contains(where: { $0 > 0 }) {
            let pattern = self.filled(offering, order: order, left: left)
            guard !pattern.counts.isEmpty else { return nil }
            let repeats = max(1, pattern.counts.map { left[$0.shape] / $0.pods }.min() ?? 1)
            for count in pattern.counts { left[count.shape] -= count.pods * repeats }
            found += repeats
        }
        var sums: [Double] = []
        for shape in shapes {
            let shares = self.resourceShares(shape, of: offering) ?? []
            if sums.isEmpty { sums = Array(repeating: 0, count: shares.count) }
            for resource in shares.indices { sums[resource] += shares[resource] * Double(self.demand[shape]) }
        }
        let alone = shapes.map { (self.demand[$0] - 1) / self.mostAlone($0, on: offering) + 1 }.max() ?? 1
        let summed = Int(((sums.max() ?? 0) - 1e-6).rounded(.up))
        return (found, min(found, max(alone, summed, 1)))
    }
}
