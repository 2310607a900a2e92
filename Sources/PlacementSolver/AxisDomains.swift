import SchedulingModel

/// The nodes' domains on one topology axis, numbered in `TopologyDomain` order.
struct AxisDomains {
    let axis: TopologyAxis
    let domainByNode: [Int32]
    let domains: [TopologyDomain]

    /// - Complexity: O(*n*); a domain is named only where it is not that of the node before.
    init(axis: TopologyAxis, nodes: [NodeState]) {
        var met: [TopologyDomain] = []
        var numbers: [TopologyDomain: Int32] = [:]
        var byNode: [Int32] = []
        byNode.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            if index > 0, node.isBeside(nodes[index - 1], on: axis) {
                byNode.append(byNode[index - 1])
                continue
            }
            let domain = node.domain(on: axis)
            if let known = numbers[domain] {
                byNode.append(known)
            } else {
                numbers[domain] = Int32(met.count)
                byNode.append(Int32(met.count))
                met.append(domain)
            }
        }
        let sorted = met.indices.sorted { met[$0] < met[$1] }
        var position = [Int32](repeating: 0, count: met.count)
        for (place, number) in sorted.enumerated() { position[number] = Int32(place) }
        self.axis = axis
        self.domains = sorted.map { met[$0] }
        self.domainByNode = byNode.map { position[Int($0)] }
    }
}

extension NodeState {
    /// Whether the labels say that both are in one domain. No is no proof that they are not.
    fileprivate func isBeside(_ other: NodeState, on axis: TopologyAxis) -> Bool {
        switch axis {
        case .level(let index):
            let count = index + 1
            guard self.topologyPath.count >= count, other.topologyPath.count >= count else { return false }
            return (0..<count).allSatisfy {
                self.topologyPath[$0] != nil && self.topologyPath[$0] == other.topologyPath[$0]
            }
        case .nvlink: return self.nvlinkDomain != nil && self.nvlinkDomain == other.nvlinkDomain
        case .label(let key): return self.labels[key] != nil && self.labels[key] == other.labels[key]
        case .host: return false
        }
    }
}
