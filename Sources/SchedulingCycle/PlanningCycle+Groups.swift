import PlacementSolver
import SchedulingModel

extension PlanningCycle {
    /// One per top-level group with demand, in key order.
    mutating func groupPlacements(_ ranks: inout MemberRanks) -> [GroupPlacement] {
        var placements: [GroupPlacement] = []
        // What it gathers of the cluster is for groups that have nodes.
        var predictor: AllReducePredictor?
        for top in self.state.groups.topGroups {
            let pods = self.state.groups.pods(below: top)
            let hasDemand = pods.contains { pod in
                switch self.snapshot.pods[pod].standing {
                case .pending, .invalid: true
                case .bound, .gatedElsewhere, .foreignScheduler: false
                }
            }
            if hasDemand { placements.append(self.placement(of: top, pods: pods, &predictor, &ranks)) }
        }
        return placements
    }

    private mutating func placement(
        of top: Int, pods: [Int], _ known: inout AllReducePredictor?, _ ranks: inout MemberRanks
    ) -> GroupPlacement {
        let group = self.state.groups.groups[top]
        let placed = pods.filter { self.state.node(of: $0) != nil }
        var result = GroupPlacement(
            group: group.key, memberCount: pods.count { self.snapshot.pods[$0].isMember }, minMember: group.minMember,
            placedCount: placed.count)
        guard !placed.isEmpty else { return result }
        let predictor = known ?? AllReducePredictor(self.snapshot, self.configuration.allReduce)
        known = predictor
        let ring = self.ring(placed, &ranks)
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

    /// Placed members in ring order, one leaf group after the other, since each may count its ranks from 0; those without
    /// devices are left out where others have some.
    private func ring(_ placed: [Int], _ ranks: inout MemberRanks) -> [Int] {
        let withDevices = placed.filter { !self.snapshot.pods[$0].deviceRequests.isEmpty }
        return (withDevices.isEmpty ? placed : withDevices)
            .map {
                (leaf: self.state.groups.leafByPod[$0], rank: ranks.rank(of: $0, in: self.snapshot) ?? .max, pod: $0)
            }
            .sorted { ($0.leaf, $0.rank, $0.pod) < ($1.leaf, $1.rank, $1.pod) }.map(\.pod)
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
