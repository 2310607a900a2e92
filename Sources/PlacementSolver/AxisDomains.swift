import SchedulingModel

/// The nodes' domains on one topology axis, numbered in `TopologyDomain` order.
struct AxisDomains {
    let axis: TopologyAxis
    let domainByNode: [Int32]
    let domains: [TopologyDomain]

    init(axis: TopologyAxis, nodes: [NodeState]) {
        let perNode = nodes.map { $0.domain(on: axis) }
        self.axis = axis
        self.domains = Set(perNode).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: self.domains.enumerated().map { ($1, Int32($0)) })
        self.domainByNode = perNode.map { numbers[$0] ?? 0 }
    }
}
