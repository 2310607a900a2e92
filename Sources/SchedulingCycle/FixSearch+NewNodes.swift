import PlacementSolver
import SchedulingModel

extension FixSearch {
    /// The cluster as it stands in this search, with empty nodes of one pattern added.
    ///
    /// Pods that the plan placed hold what they were given. A new node has the pattern's labels, so it joins its domains,
    /// but for its own name in the hostname label. Groups keep their numbers.
    func snapshot(adding count: Int, like pattern: Int) -> ClusterSnapshot {
        let original = self.snapshot.nodes[pattern]
        let known = Set(self.snapshot.nodes.map(\.name))
        var added: [NodeState] = []
        var number = 0
        while added.count < count {
            number += 1
            let name = NodeName("\(original.name)-new-\(number)")
            if known.contains(name) { continue }
            var node = original
            node.name = name
            if node.labels["kubernetes.io/hostname"] != nil { node.labels["kubernetes.io/hostname"] = name.rawValue }
            added.append(node)
        }
        return self.snapshot(nodes: self.snapshot.nodes + added, changing: []) { _ in }
    }

    /// The cluster as it stands in this search, with some pods changed. Nobody has been let go in it, so pods and groups keep
    /// their numbers.
    func snapshot(changing pods: Set<Int>, by change: (inout PodState) -> Void) -> ClusterSnapshot {
        self.snapshot(nodes: self.snapshot.nodes, changing: pods, by: change)
    }

    private func snapshot(
        nodes: [NodeState], changing changed: Set<Int>, by change: (inout PodState) -> Void
    ) -> ClusterSnapshot {
        let pods = self.snapshot.pods.indices.compactMap { index in
            guard var pod = self.podAsItStands(index) else { return nil as PodState? }
            if changed.contains(index) { change(&pod) }
            return pod
        }
        return ClusterSnapshot(
            nodes: nodes, pods: pods, groups: self.snapshot.groups, topology: self.snapshot.topology)
    }

    /// Bound where this search has it; nil for a running pod that the search let go.
    private func podAsItStands(_ index: Int) -> PodState? {
        var pod = self.snapshot.pods[index]
        guard let node = self.state.node(of: index) else { return pod.node == nil ? pod : nil }
        pod.standing = .bound(self.snapshot.nodes[node].name)
        pod.knownDevices = self.state.devices(of: index)
        return pod
    }
}
