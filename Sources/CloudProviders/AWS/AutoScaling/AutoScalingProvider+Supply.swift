public import ClusterImport
import KubernetesAPI
import SchedulingModel

extension AutoScalingProvider {
    /// EC2's shapes and prices; limits of the groups; of managed node groups labels that all share and taints that any has.
    public func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply {
        var supply = await EC2Market(client: self.calls.machines).supply(of: pool)
        var (minNodes, maxNodes) = (0, 0)
        for (index, resolved) in self.groups.enumerated() {
            guard self.calls.nodegroups != nil else {
                let group = try await self.calls.group(resolved.name)
                (minNodes, maxNodes) = (minNodes + group.minSize, maxNodes + group.maxSize)
                continue
            }
            let nodegroup = try await self.calls.nodegroup(resolved.name)
            let scaling = nodegroup["scalingConfig"]
            minNodes += Int(clamping: scaling?["minSize"]?.integer ?? 0)
            maxNodes += Int(clamping: min(scaling?["maxSize"]?.integer ?? 0, 1_000_000))
            let labels = Self.labels(nodegroup, resolved.name)
            supply.labels = index == 0 ? labels : supply.labels.filter { labels[$0.key] == $0.value }
            supply.taints += Self.taints(nodegroup).filter { !supply.taints.contains($0) }
        }
        (supply.minNodes, supply.maxNodes) = (minNodes, maxNodes)
        return supply
    }

    private static func labels(_ nodegroup: JSONTree, _ name: String) -> [String: String] {
        var labels = ["eks.amazonaws.com/nodegroup": name]
        for member in nodegroup["labels"]?.members ?? [] { labels[member.key] = member.value.string }
        return labels
    }

    private static func taints(_ nodegroup: JSONTree) -> [Taint] {
        (nodegroup["taints"]?.elements ?? []).compactMap { taint in
            let effects: [String: Taint.Effect] = [
                "NO_SCHEDULE": .noSchedule, "NO_EXECUTE": .noExecute, "PREFER_NO_SCHEDULE": .preferNoSchedule,
            ]
            guard let key = taint["key"]?.string, let effect = effects[taint["effect"]?.string ?? ""] else {
                return nil
            }
            return Taint(key: key, value: taint["value"]?.string ?? "", effect: effect)
        }
    }
}
