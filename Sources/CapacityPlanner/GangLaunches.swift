import SchedulingModel

/// The launches that could hold a gang whole, each of one offering.
struct GangLaunches {
    let gang: CapacityDemand.Gang
    /// Offerings of the wanted terms first, then zones where members stand, then by priority of the pools, then cheapest first, in
    /// expectation; ties by the order of the pools.
    private(set) var candidates: [Launch] = []
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
        var worst = UnservedPod.Reason.noOfferingFits
        // Whether any offering of the terms that are wanted could hold it, be it not now.
        var couldBeAllowed = false
        for offering in market.offerings.indices {
            guard let count = problem.nodesNeeded(on: offering) else { continue }
            guard gang.requiredAxes.allSatisfy({ market.promises($0, offering, count: count) }) else {
                if worst == .noOfferingFits { worst = .launchCannotPromiseDomain }
                continue
            }
            let capacityType = market.offerings[offering].key.capacityType
            if gang.terms.allows(capacityType) { couldBeAllowed = true }
            worst = .offeringsExhausted
            guard market.isOpen(offering, count: count) else { continue }
            found.append(
                (
                    market.launch(of: offering, count: count),
                    interruptions.expectedCostPerHour(market.offerings[offering], count: count, together: true)
                ))
        }
        func isFar(_ launch: Launch) -> Int {
            let zone = market.offerings[launch.offering].key.zone
            return gang.zones.isEmpty || gang.zones.contains(zone) ? 0 : 1
        }
        func isAllowed(_ launch: Launch) -> Bool {
            gang.terms.allows(market.offerings[launch.offering].key.capacityType)
        }
        let ordered = found.sorted { one, other in
            (isFar(one.launch), -market.priority(of: one.launch.offering), one.cost, one.launch.offering)
                < (isFar(other.launch), -market.priority(of: other.launch.offering), other.cost, other.launch.offering)
        }.map(\.launch)
        self.candidates = ordered.filter(isAllowed)
        let waits = gang.terms == .patient && couldBeAllowed
        // In a hurry spot is better than nothing, and nobody waits for what is not offered.
        if !waits { self.candidates += ordered.filter { !isAllowed($0) } }
        self.refusal = self.candidates.isEmpty ? (ordered.isEmpty ? worst : .waitsForSpot) : nil
    }
}

extension CoverProblem {
    static func runs(_ pod: PodState, on node: NodeState) -> Bool {
        guard pod.constraints.selects(node), pod.constraints.untoleratedTaint(of: node) == nil else { return false }
        let fits = pod.requests.entries.allSatisfy { $0.amount <= node.allocatable[$0.name] }
        return fits && node.allocatable[.pods] >= 1 && DeviceTake.of(pod, on: node) != nil
    }

    /// How many nodes of one offering a first fit finds enough for everything; nil where some shape does not run there.
    func nodesNeeded(on offering: Int) -> Int? {
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
        return found
    }
}
