public import KubernetesAPI
import SchedulingModel

/// The door between wire objects and the model.
///
///     let cluster = ClusterImporter(configuration: configuration).importCluster(objects)
///
/// One bad object never stops the others: what cannot be used is among the findings. The snapshot depends on the set
/// of objects, not on their order.
public struct ClusterImporter: Sendable {
    public let configuration: BerthConfiguration

    public init(configuration: BerthConfiguration = BerthConfiguration()) { self.configuration = configuration }

    /// - Parameter memo: Of earlier imports with this configuration. It makes the import faster and changes nothing about the answer.
    /// - Complexity: O(*n* log *n*) in the number of objects.
    public func importCluster(_ input: [ManifestObject], memo: ImportMemo = ImportMemo()) -> ImportedCluster {
        let inventory = ObjectInventory(input, memo: memo)
        var cluster = WireCluster(inventory.entries)
        let resolver = TopologyResolver(
            nodeLabels: cluster.nodes.map(\.wire.metadata.labels),
            furtherKeys: (self.configuration.topology.levels ?? []).map(\.labelKey)
                + self.configuration.topology.nvlinkLabelKeys)
        let topology = resolver.topology(self.configuration.topology)
        var findings = inventory.findings + cluster.findings + self.unusedLevels(resolver)

        let expanded = WorkloadExpansion.expand(
            cluster.objects, existingPods: cluster.pods.map(\.wire), findings: &findings)
        cluster.add(expanded: expanded)
        let nodes = memo.nodes.update(self.nodes(cluster.nodes, topology: topology, findings: &findings))
        var pods = self.pods(of: cluster, nodes: nodes, memo, findings: &findings)
        let groups = self.joinGroups(&pods, cluster: cluster, topology: topology, memo, findings: &findings)

        pods.sort { $0.imported.state.key < $1.imported.state.key }
        let snapshot = ClusterSnapshot(
            nodes: nodes.states, pods: pods.map(\.imported.state), groups: groups, topology: topology,
            budgets: cluster.budgets.map(DisruptionBudget.init))
        return ImportedCluster(
            snapshot: snapshot, podObjects: pods.map { $0.entry.object?.object },
            findings: findings.sorted(by: isOrdered), ignoredKinds: cluster.ignoredKinds)
    }

    // MARK: Nodes

    private func nodes(
        _ wire: [WireCluster.Entry<Node>], topology: Topology, findings: inout [Finding]
    ) -> [(name: String, node: ImportedNode)] {
        let nodeImport = NodeImport(topology: topology, rules: DeviceRules(self.configuration))
        return wire.map { entry in
            let node: ImportedNode
            if let known = entry.object?.node, known.topology == topology {
                node = known.imported
            } else {
                node = nodeImport.node(entry.wire)
                entry.object?.node = (topology, node)
            }
            findings += node.problems.map { $0.finding(origin: entry.origin, object: entry.title) }
            return (entry.wire.metadata.name, node)
        }
    }

    private func unusedLevels(_ resolver: TopologyResolver) -> [Finding] {
        (self.configuration.topology.levels ?? []).filter { !resolver.isOnSomeNode($0.labelKey) }.map { level in
            Finding(
                .warning, origin: ManifestOrigin(file: "configuration"), field: "topology.levels",
                found: "level \(level.name) by label \(level.labelKey), which no node carries",
                expected: "labels that nodes carry")
        }
    }

    // MARK: Pods

    private typealias Member = (entry: WireCluster.Entry<Pod>, imported: ImportedPod)

    private func pods(
        of cluster: WireCluster, nodes: NodeDirectory, _ memo: ImportMemo, findings: inout [Finding]
    ) -> [Member] {
        let volumes = VolumeIndex(claims: cluster.claims, volumes: cluster.volumes, classes: cluster.storageClasses)
        let podNamespaces = cluster.podNamespaces
        memo.pods.update(cluster, podNamespaces: podNamespaces, self.configuration)
        let podImport = PodImport(
            configuration: self.configuration, nodes: nodes, priorities: PriorityIndex(cluster.priorityClasses),
            constraints: PodConstraints(
                namespaces: NamespaceIndex(cluster.namespaces, podNamespaces: podNamespaces), volumes: volumes))
        var pods: [Member] = []
        pods.reserveCapacity(cluster.pods.count)
        var unjudged = UnjudgedClaims()
        for entry in cluster.pods {
            switch self.outcome(entry, podImport, memo.pods) {
            case .nothing: continue
            case .unknownNode(let problem):
                findings.append(problem.finding(origin: entry.origin, object: entry.title))
            case .pod(let imported):
                if !imported.problems.isEmpty {
                    let title = entry.title
                    findings += imported.problems.map { $0.finding(origin: entry.origin, object: title) }
                }
                if !volumes.knowsClaims, imported.state.node == nil { unjudged.note(entry) }
                pods.append((entry, imported))
            }
        }
        findings += unjudged.findings
        return pods
    }

    private func outcome(
        _ entry: WireCluster.Entry<Pod>, _ podImport: PodImport, _ context: PodContext
    ) -> PodImport.Outcome {
        guard let object = entry.object else { return podImport.pod(entry.wire, isExpanded: true) }
        if object.pod?.holds(in: context, podImport.nodes) ?? false, let known = object.pod { return known.outcome }
        podImport.nodes.forgetAsked()
        let outcome = podImport.pod(entry.wire)
        object.pod = PodAnswer(outcome, of: entry.wire, in: context, podImport.nodes)
        return outcome
    }

    // MARK: Groups

    /// Sets each member's group and rank.
    ///
    /// Pods that are held elsewhere are not placed with their gang, yet they count as its members while it is sized: a
    /// gang of which a part is held by somebody else's gate must not start without that part. Groups without any member
    /// of ours are left out.
    private func joinGroups(
        _ pods: inout [Member], cluster: WireCluster, topology: Topology, _ memo: ImportMemo,
        findings: inout [Finding]
    ) -> [PodGroup] {
        let demand = pods.lazy.map(\.imported.state).filter { $0.standing.isOurs && $0.node == nil }.map(\.key)
        let resolution = GangResolver(objects: cluster.objects, topology: topology)
            .resolve(pods.map(\.entry), demand: Set(demand), memo: memo.gangs, findings: &findings)
        let groups = Dictionary(resolution.groups.map { ($0.key, $0) }) { first, _ in first }
        var used: Set<PodGroupKey> = []
        for index in pods.indices where pods[index].imported.state.standing.isOurs {
            guard let membership = resolution.memberships[pods[index].imported.state.key] else { continue }
            pods[index].imported.state.group = membership.group
            pods[index].imported.state.rank = membership.rank
            var next: PodGroupKey? = membership.group
            while let key = next, used.insert(key).inserted { next = groups[key]?.parent }
        }
        return resolution.groups.filter { used.contains($0.key) }.sorted { $0.key < $1.key }
    }
}

extension PodState.Standing {
    /// Demand of ours, or a fact that counts for our gangs.
    fileprivate var isOurs: Bool {
        switch self {
        case .bound, .pending, .invalid: true
        case .gatedElsewhere, .foreignScheduler: false
        }
    }
}

/// Pods whose claims cannot be judged because the input holds no claims: one warning for all of them.
private struct UnjudgedClaims {
    private var first: (entry: WireCluster.Entry<Pod>, claim: String)?
    private var count = 0

    mutating func note(_ entry: WireCluster.Entry<Pod>) {
        guard let claim = VolumeIndex.claims(of: entry.wire).first?.name else { return }
        self.count += 1
        if self.first == nil { self.first = (entry, claim) }
    }

    var findings: [Finding] {
        guard let first else { return [] }
        return [
            Finding(
                .warning, origin: first.entry.origin, object: first.entry.title, field: "spec.volumes",
                found: "claim \(first.claim), and no PersistentVolumeClaim in the input (\(self.count) such pods)",
                expected: "claims and volumes too; volumes are not looked at")
        ]
    }
}
