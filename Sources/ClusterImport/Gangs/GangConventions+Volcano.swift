import KubernetesAPI
import SchedulingModel

/// What Volcano knows about one gang, from its PodGroup or from the Job that would make one.
private struct VolcanoGang {
    var minMember: Int
    var minTaskMember: [String: Int]
    var networkTopology: VolcanoNetworkTopology?
    var policies: [VolcanoPodGroup.SubgroupPolicy] = []
    var partitions: [String: VolcanoJob.Partition] = [:]
    var desiredMembers: Int?
    var desiredByTask: [String: Int] = [:]
    var isUnreadable = false

    /// Whether the tasks' minimums say all that `minMember` says; otherwise a tree would ask for something else.
    var isDividedByTask: Bool {
        let sum = self.minTaskMember.values.reduce(0) { $0.addingSaturated($1) }
        return !self.minTaskMember.isEmpty && sum == self.minMember
            && (self.minTaskMember.count > 1 || !self.partitions.isEmpty)
    }
}

extension GangConventions {
    func volcanoClaim(_ name: String, _ pod: Pod) -> GangClaim {
        let identity = pod.identity(.volcano, name)
        guard let gang = self.volcanoGang(identity, pod) else { return GangClaim(identity: identity) }
        let labels = pod.metadata.labels
        if let policy = gang.policies.first(where: { $0.selector?.matches(labels) ?? true }) {
            let values = policy.matchLabelKeys.map { labels[$0] ?? "" }
            return GangClaim(
                identity: identity, path: [policy.name] + (values.isEmpty ? [] : [values.joined(separator: ",")]))
        }
        if !gang.policies.isEmpty { return GangClaim(identity: identity, path: ["others"]) }
        guard gang.isDividedByTask, let task = labels[VolcanoKeys.task]?.nonEmpty else {
            return GangClaim(identity: identity)
        }
        return GangClaim(identity: identity, path: [task])
    }

    func volcano(_ group: GangGroup) -> GangDeclaration {
        guard let first = group.members.first, let gang = self.volcanoGang(group.identity, first) else {
            return self.missingObject("PodGroup", group)
        }
        guard let name = group.path.first else { return self.volcanoTop(gang, group) }
        if let policy = gang.policies.first(where: { $0.name == name }) {
            return self.volcanoSubgroup(policy, group)
        }
        guard gang.policies.isEmpty else { return GangDeclaration(minMember: 0) }
        var declaration = GangDeclaration(
            minMember: gang.minTaskMember[name] ?? 0, desiredMembers: gang.desiredByTask[name])
        if let partition = gang.partitions[name] {
            declaration.chunks = GangChunks(
                size: partition.size, name: "partition", minCount: partition.minPartitions,
                topology: self.catalog.constraints(partition.networkTopology, self.topology))
        }
        return declaration
    }

    private func volcanoTop(_ gang: VolcanoGang, _ group: GangGroup) -> GangDeclaration {
        var declaration = GangDeclaration()
        declaration.topology = self.catalog.constraints(gang.networkTopology, self.topology)
        if gang.isUnreadable { declaration.problem = "the PodGroup cannot be read in full" }
        guard group.childCount == 0 else { return declaration }
        declaration.minMember = max(1, gang.minMember)
        declaration.desiredMembers = gang.desiredMembers
        if gang.minTaskMember.count > 1, !gang.isDividedByTask {
            declaration.simplification = "minTaskMember that does not add up to minMember \(gang.minMember)"
        }
        return declaration
    }

    /// `[policy]` holds subgroups by label value, or pods that are divided by rank; `[policy, values]` holds pods.
    private func volcanoSubgroup(_ policy: VolcanoPodGroup.SubgroupPolicy, _ group: GangGroup) -> GangDeclaration {
        let constraints = self.catalog.constraints(policy.networkTopology, self.topology)
        if group.path.count > 1 { return GangDeclaration(minMember: policy.size, topology: constraints) }
        if group.childCount > 0 { return GangDeclaration(minMember: policy.minSubgroups) }
        guard let size = policy.size, size > 0 else { return GangDeclaration(topology: constraints) }
        return GangDeclaration(
            chunks: GangChunks(size: size, name: "subgroup", minCount: policy.minSubgroups, topology: constraints))
    }

    private func volcanoGang(_ identity: GangIdentity, _ pod: Pod) -> VolcanoGang? {
        let job = pod.metadata.labels[VolcanoKeys.jobName].flatMap { name in
            self.catalog.volcanoJobs[PodGroupKey(namespace: identity.namespace, name: name)]
        }
        let key = PodGroupKey(namespace: identity.namespace, name: identity.name)
        var gang: VolcanoGang
        if let declared = self.catalog.volcano[key] {
            gang = VolcanoGang(
                minMember: declared.minMember, minTaskMember: declared.minTaskMember,
                networkTopology: declared.networkTopology, policies: declared.subgroupPolicies,
                isUnreadable: declared.hasErrors)
        } else if let job {
            gang = VolcanoGang(
                minMember: job.minAvailable,
                minTaskMember: Dictionary(job.tasks.map { ($0.name, $0.minAvailable) }) { first, _ in first },
                networkTopology: job.networkTopology)
        } else {
            return nil
        }
        for task in job?.tasks ?? [] {
            gang.partitions[task.name] = task.partition
            gang.desiredByTask[task.name] = task.replicas
            gang.desiredMembers = (gang.desiredMembers ?? 0).addingSaturated(task.replicas)
        }
        return gang
    }
}

extension WireLabelSelector {
    /// Whether the labels satisfy every requirement.
    fileprivate func matches(_ labels: [String: String]) -> Bool {
        self.matchLabels.allSatisfy { labels[$0.key] == $0.value }
            && self.matchExpressions.allSatisfy { expression in
                let value = labels[expression.key]
                return switch expression.operator {
                case .in: value.map(expression.values.contains) ?? false
                case .notIn: value.map { !expression.values.contains($0) } ?? true
                case .exists: value != nil
                case .doesNotExist: value == nil
                case .greaterThan, .lessThan: false
                }
            }
    }
}
