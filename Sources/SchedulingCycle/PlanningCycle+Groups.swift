import PlacementSolver
import SchedulingModel

extension PlanningCycle {
    /// One per top-level group with demand, in key order.
    mutating func groupPlacements() -> [GroupPlacement] {
        var placements: [GroupPlacement] = []
        for top in self.state.groups.topGroups {
            let pods = self.state.groups.pods(below: top)
            let hasDemand = pods.contains { pod in
                switch self.snapshot.pods[pod].standing {
                case .pending, .invalid: true
                case .bound, .gatedElsewhere, .foreignScheduler: false
                }
            }
            if hasDemand { placements.append(self.placement(of: top, pods: pods)) }
        }
        return placements
    }

    private mutating func placement(of top: Int, pods: [Int]) -> GroupPlacement {
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
        result.allReduce = self.allReduce(ring)
        result.notes = self.notes(placed)
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

    // MARK: All-reduce

    /// The ring's time by its slowest link, beside the least that any placement of these members could take.
    private func allReduce(_ ring: [Int]) -> AllReducePrediction? {
        let model = self.configuration.allReduce
        let gpus = ring.reduce(0) { $0 + self.gpuCount($1) }
        guard gpus > 1 else { return nil }
        let nodes = ring.compactMap { self.state.node(of: $0) }
        let products = nodes.map { self.product(on: $0) }
        let slowestLink = products.map { model.nvlink(product: $0) }.min() ?? model.pcieBytesPerSecond
        let isOneNVLinkDomain = self.isOneNVLinkDomain(nodes)
        let rate = isOneNVLinkDomain ? slowestLink : min(slowestLink, self.networkRate(ring))
        let seconds = model.ringSeconds(gpuCount: gpus, bytesPerSecond: rate)
        return AllReducePrediction(
            payloadBytes: model.payloadBytes, seconds: seconds,
            boundSeconds: min(seconds, self.boundSeconds(ring, gpus: gpus)))
    }

    private func gpuCount(_ pod: Int) -> Int {
        self.snapshot.pods[pod].deviceRequests.reduce(0) { $0 + $1.count }
    }

    private func product(on node: Int) -> String? { self.snapshot.nodes[node].devicePools.first?.product }

    private func isOneNVLinkDomain(_ nodes: [Int]) -> Bool {
        if Set(nodes).count <= 1 { return true }
        let domains = Set(nodes.map { self.snapshot.nodes[$0].nvlinkDomain })
        return domains.count == 1 && domains != [nil]
    }

    /// Between nodes each node's members drive their network ports together, so the node with the fewest bounds the ring.
    private func networkRate(_ ring: [Int]) -> Double {
        let model = self.configuration.allReduce
        var rateByNode: [Int: Double] = [:]
        for pod in ring {
            guard let node = self.state.node(of: pod) else { continue }
            rateByNode[node, default: 0] += model.network(requests: self.snapshot.pods[pod].requests) ?? 0
        }
        return rateByNode.values.map { $0 > 0 ? $0 : model.tcpBytesPerSecondPerNode }.min() ?? 0
    }

    /// The members all in the best NVLink domain large enough for them when empty; else over the network, with as many
    /// members to a node as the largest node holds.
    private func boundSeconds(_ ring: [Int], gpus: Int) -> Double {
        let model = self.configuration.allReduce
        var gpusByDomain: [TopologyDomain: Int] = [:]
        var bestLink = 0.0
        var largestNode = 0
        for node in self.snapshot.nodes where !node.devicePools.isEmpty {
            let devices = node.devicePools.reduce(0) { $0 + $1.deviceCount * $1.slotsPerDevice }
            gpusByDomain[node.domain(on: .nvlink), default: 0] += devices
            largestNode = max(largestNode, devices)
            bestLink = max(bestLink, model.nvlink(product: node.devicePools.first?.product))
        }
        if gpusByDomain.values.contains(where: { $0 >= gpus }) {
            return model.ringSeconds(gpuCount: gpus, bytesPerSecond: bestLink)
        }
        let perMember = ring.map { model.network(requests: self.snapshot.pods[$0].requests) ?? 0 }.max() ?? 0
        let fewestGPUs = max(1, ring.map(self.gpuCount).min() ?? 1)
        let membersPerNode = Double(max(1, largestNode / fewestGPUs))
        let network = max(perMember * membersPerNode, model.tcpBytesPerSecondPerNode)
        return model.ringSeconds(gpuCount: gpus, bytesPerSecond: min(bestLink, network))
    }

    /// A gang over several nodes that asks for no RDMA network falls back to TCP, which its owner should know.
    private func notes(_ placed: [Int]) -> [String] {
        let members = placed.filter { !self.snapshot.pods[$0].deviceRequests.isEmpty }
        let nodes = members.compactMap { self.state.node(of: $0) }
        guard Set(nodes).count > 1, !self.isOneNVLinkDomain(nodes) else { return [] }
        let model = self.configuration.allReduce
        let lacksNetwork = members.contains { model.network(requests: self.snapshot.pods[$0].requests) == nil }
        return lacksNetwork ? ["members ask for no RDMA network; all-reduce between nodes falls back to TCP"] : []
    }
}
