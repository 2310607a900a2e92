import SchedulingModel

/// The least that nodes for some work can be expected to cost, whoever chooses them.
///
/// Pods that run, and those that the plan places without buying, stay where they are. Everything else is relaxed: gangs may be
/// split over offerings, zones and launches, share nodes with anybody and fill every gap of the nodes that are there.
struct PurchaseBound {
    private let snapshot: ClusterSnapshot
    private let freeRoom: FreeRoom
    private let offerings: [NodeOffering]
    /// Per offering, what one node costs at least.
    private let costs: [Double]

    init(_ snapshot: ClusterSnapshot, leaving plan: Plan, market: Market, interruptions: InterruptionModel) {
        self.snapshot = snapshot
        self.freeRoom = FreeRoom(snapshot, with: plan)
        self.offerings = market.offerings
        // A node costs more, never less, where others depend on it.
        self.costs = market.offerings.map { interruptions.expectedCostPerHour($0, count: 1, together: false) }
    }

    /// Members of a gang that free room could not hold, whatever else is done with it.
    func mustBeBoughtFor(_ members: [Int]) -> [Int] {
        DemandShape.shapes(of: members, in: self.snapshot).flatMap { shape in
            shape.pods.dropFirst(self.freeRoom.most(shape.pod, atMost: shape.pods.count))
        }.sorted()
    }

    /// The least that nodes for these pods cost whose largest group of equals is covered exactly: a knapsack over offerings.
    ///
    /// - Complexity: O(*n* · *o*), *n* pods, *o* offerings.
    func ofEquals(among pods: [Int]) -> Double {
        DemandShape.shapes(of: pods, in: self.snapshot).map(self.ofShape).max() ?? 0
    }

    private func ofShape(_ shape: DemandShape) -> Double {
        let problem = CoverProblem(
            shapes: [shape], offerings: self.offerings, costs: self.costs,
            pools: (self.offerings.map { _ in 0 }, [.max]))
        let useful = self.offerings.indices.filter { problem.mostAlone(0, on: $0) > 0 }
        guard !useful.isEmpty else { return 0 }
        var least = [0.0]
        for count in 1...shape.pods.count {
            let cost = useful.map { offering in
                self.costs[offering] + least[max(0, count - problem.mostAlone(0, on: offering))]
            }.min()
            least.append(cost ?? 0)
        }
        return least[shape.pods.count]
    }
}

/// What is left of the nodes once the plan is carried out, in amounts.
private struct FreeRoom {
    private let nodes: [NodeState]
    private var free: [ResourceAmounts]

    init(_ snapshot: ClusterSnapshot, with plan: Plan) {
        self.nodes = snapshot.nodes
        self.free = snapshot.nodes.map(\.allocatable)
        let planned = Dictionary(plan.assignments.map { ($0.pod, $0.node) }) { $1 }
        for pod in snapshot.pods {
            guard let name = pod.node ?? planned[pod.key], let node = snapshot.nodeIndex(of: name) else { continue }
            self.free[node].subtract(pod.requests)
        }
    }

    /// No more of these pods fit, each node for itself, devices counted together.
    func most(_ pod: PodState, atMost limit: Int) -> Int {
        var count = 0
        for (node, free) in zip(self.nodes, self.free) where count < limit {
            guard pod.constraints.selects(node), pod.constraints.untoleratedTaint(of: node) == nil,
                DeviceTake.of(pod, on: node) != nil
            else { continue }
            let room = pod.requests.entries.map { max(0, free[$0.name] / $0.amount) }.min() ?? Int64(limit)
            count += Int(min(Int64(limit), room))
        }
        return min(count, limit)
    }
}
