import PlacementSolver
import SchedulingModel

extension PlanningCycle {
    /// One per top-level group with demand, in key order.
    mutating func groupPlacements() -> [GroupPlacement] {
        var placements: [GroupPlacement] = []
        let predictor = AllReducePredictor(self.snapshot, self.configuration.allReduce)
        for top in self.state.groups.topGroups {
            let pods = self.state.groups.pods(below: top)
            let hasDemand = pods.contains { pod in
                switch self.snapshot.pods[pod].standing {
                case .pending, .invalid: true
                case .bound, .gatedElsewhere, .foreignScheduler: false
                }
            }
            if hasDemand { placements.append(self.placement(of: top, pods: pods, predictor)) }
        }
        return placements
    }

    private mutating func placement(
        of top: Int, pods: [Int], _ predictor: AllReducePredictor
    ) -> GroupPlacement {
        let group = self.state.groups.groups[top]
        let placed = pods.filter { self.state.node(of: $0) != nil }
        var result = GroupPlacement(
            group: group.key, memberCount: pods.count(where: self.isMember), minMember: group.minMember,
            placedCount: placed.count)
        guard !placed.isEmpty else { return result }
        let ring = self.ring(placed)
        let common = self.commonAxis(placed)
        result.axis = common
        result.domains = self.domains(placed, on: common)
        let narrowest = self.snapshot.topology.levels.indices.last
        result.crossDomainHops = narrowest.map { self.state.crossDomainHops(ring: ring, on: .level($0)) } ?? 0
        let places = ring.compactMap { pod in
            self.state.node(of: pod).map { AllReducePredictor.Place(pod: self.snapshot.pods[pod], node: $0) }
        }
        result.allReduce = predictor.prediction(for: places)
        result.notes = predictor.notes(on: places)
        return result
    }

    /// Bound or demand: a pod behind another's gate, or of another scheduler, does not count.
    private func isMember(_ pod: Int) -> Bool {
        switch self.snapshot.pods[pod].standing {
        case .bound, .pending, .invalid: true
        case .gatedElsewhere, .foreignScheduler: false
        }
    }

    /// Placed members in ring order, one leaf group after the other, since each may count its ranks from 0; those without
    /// devices are left out where others have some.
    private func ring(_ placed: [Int]) -> [Int] {
        let withDevices = placed.filter { !self.snapshot.pods[$0].deviceRequests.isEmpty }
        return (withDevices.isEmpty ? placed : withDevices)
            .map { (leaf: self.state.groups.leafByPod[$0], rank: self.rank(of: $0) ?? .max, pod: $0) }
            .sorted { ($0.leaf, $0.rank, $0.pod) < ($1.leaf, $1.rank, $1.pod) }.map(\.pod)
    }

    /// A member's own rank. Without one a new member has its position in ring order, behind those with ranks, and a
    /// bound one its position in key order, leaf by leaf: the plan says nothing of it that a reader could look up.
    func rank(of pod: Int) -> Int? {
        let groups = self.state.groups
        let top = groups.topGroupByPod[pod]
        guard top >= 0 else { return nil }
        if let rank = self.snapshot.pods[pod].rank { return rank }
        let members = groups.pods(below: top).filter(self.isMember)
        guard self.snapshot.pods[pod].node != nil else { return members.firstIndex(of: pod) }
        let leaf = groups.leafByPod[pod]
        guard let start = members.firstIndex(where: { groups.leafByPod[$0] == leaf }) else { return nil }
        return start + members.count { groups.leafByPod[$0] == leaf && $0 < pod }
    }

    /// The narrowest axis on which the pods share one domain: node, NVLink domain, levels from narrow to wide.
    func commonAxis(_ placed: [Int]) -> TopologyAxis? {
        let nodes = placed.compactMap { self.state.node(of: $0) }.map { self.snapshot.nodes[$0] }
        var axes: [TopologyAxis] = [.host]
        if nodes.allSatisfy({ $0.nvlinkDomain != nil }) { axes.append(.nvlink) }
        axes += self.snapshot.topology.levels.indices.reversed().map { .level($0) }
        return axes.first { axis in Set(nodes.map { $0.domain(on: axis) }).count == 1 }
    }

    private func domains(_ placed: [Int], on axis: TopologyAxis?) -> [TopologyDomain] {
        let fallback: TopologyAxis = self.snapshot.topology.levels.isEmpty ? .host : .level(0)
        let nodes = Set(placed.compactMap { self.state.node(of: $0) })
        return Set(nodes.map { self.snapshot.nodes[$0].domain(on: axis ?? fallback) }).sorted()
    }
}
