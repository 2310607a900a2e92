public import SchedulingModel

extension ClusterSnapshot {
    /// A smaller snapshot that still fails: nodes, pods and groups are left out one at a time for as long as `fails`
    /// holds.
    ///
    /// - Complexity: O(*k*²) calls of `fails`, *k* objects.
    public func shrunk(whileIt fails: (ClusterSnapshot) -> Bool) -> ClusterSnapshot {
        var smallest = self
        var hasShrunk = true
        while hasShrunk {
            hasShrunk = false
            for candidate in smallest.withOneObjectLess where fails(candidate) {
                smallest = candidate
                hasShrunk = true
                break
            }
        }
        return smallest
    }

    private var withOneObjectLess: [ClusterSnapshot] {
        var smaller: [ClusterSnapshot] = []
        for pod in self.pods { smaller.append(self.copy(pods: self.pods.filter { $0.key != pod.key })) }
        for node in self.nodes {
            let homeless = self.pods.contains { $0.node == node.name }
            if !homeless { smaller.append(self.copy(nodes: self.nodes.filter { $0.name != node.name })) }
        }
        for group in self.groups {
            let isEmpty =
                !self.pods.contains { $0.group == group.key } && !self.groups.contains { $0.parent == group.key }
            if isEmpty { smaller.append(self.copy(groups: self.groups.filter { $0.key != group.key })) }
        }
        for index in self.pods.indices where self.pods[index].constraints != SchedulingConstraints() {
            var pods = self.pods
            pods[index].constraints = SchedulingConstraints()
            smaller.append(self.copy(pods: pods))
        }
        for index in self.nodes.indices where !self.nodes[index].taints.isEmpty {
            var nodes = self.nodes
            nodes[index].taints = []
            smaller.append(self.copy(nodes: nodes))
        }
        return smaller
    }

    private func copy(
        nodes: [NodeState]? = nil, pods: [PodState]? = nil, groups: [PodGroup]? = nil
    ) -> ClusterSnapshot {
        ClusterSnapshot(
            nodes: nodes ?? self.nodes, pods: pods ?? self.pods, groups: groups ?? self.groups, topology: self.topology)
    }

    /// One line per object with what is not empty in it, for a person who looks at a failing world.
    public var sketch: String {
        let nodes = self.nodes.map { node in
            "node \(node.name) path=\(node.topologyPath.map { $0 ?? "-" }) nvlink=\(node.nvlinkDomain ?? "-") "
                + "pool=\(node.labels["pool"] ?? "-") taints=\(node.taints.map(\.key)) "
                + "allocatable=\(node.allocatable.entries.map { "\($0.name)=\($0.amount)" }) "
                + "pools=\(node.devicePools.map(\.sketch))"
        }
        let groups = self.groups.map { group in
            "group \(group.key) min=\(group.minMember) topology=\(group.topology) exclusive=\(group.exclusiveAxis as Any) "
                + "problem=\(group.problem ?? "-")"
        }
        return (nodes + groups + self.pods.map(\.sketch)).joined(separator: "\n")
    }
}

extension DevicePool {
    fileprivate var sketch: String {
        "\(self.resource) \(self.kind) × \(self.deviceCount) memory=\(self.memoryMiBPerDevice ?? -1) by \(self.chooser)"
    }
}

extension PodState {
    fileprivate var sketch: String {
        var parts = ["pod \(self.key) \(self.standing)", "app=\(self.labels["app"] ?? "-")"]
        if let group { parts.append("group=\(group) rank=\(self.rank ?? -1)") }
        parts.append("priority=\(self.priority) created=\(self.creationSeconds)")
        parts.append("requests=\(self.requests.entries.map { "\($0.name)=\($0.amount)" })")
        parts += self.deviceRequests.map {
            "devices=\($0.resource) \($0.kind) × \($0.count) memory=\($0.memoryMiBPerDevice ?? -1) "
                + "thousandths=\($0.thousandthsPerDevice ?? -1)"
        }
        if !self.knownDevices.isEmpty { parts.append("known=\(self.knownDevices.map(\.index))") }
        if self.isTerminating { parts.append("terminating") }
        if self.constraints != SchedulingConstraints() { parts.append("\(self.constraints)") }
        return parts.joined(separator: " ")
    }
}
