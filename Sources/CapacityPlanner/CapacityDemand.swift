import SchedulingModel

/// Pending pods that more nodes could help, gangs apart from single pods.
struct CapacityDemand {
    struct Gang {
        var key: PodGroupKey
        /// Pending members, as positions in the snapshot.
        var pods: [Int]
        /// The axes whose domain all members must share.
        var requiredAxes: [TopologyAxis]
        /// Where members stand already: the rest belongs beside them.
        var zones: Set<String> = []
        var terms = DeadlineTerms.cheapest
    }

    /// By priority, then key.
    private(set) var gangs: [Gang] = []
    /// Ascending positions in the snapshot.
    private(set) var singles: [Int] = []
    private(set) var notForLackOfNodes: Set<PodKey> = []
    /// By position in the snapshot.
    private(set) var isPending: [Bool]

    /// - Parameter terms: Of pods that are bought for together, by their positions in the snapshot.
    init(
        snapshot: ClusterSnapshot, pending: [PendingPod], terms: ([Int]) -> DeadlineTerms = { _ in .cheapest }
    ) {
        self.isPending = Array(repeating: false, count: snapshot.pods.count)
        var byGang: [PodGroupKey: [PendingPod]] = [:]
        for pod in pending {
            if let index = snapshot.podIndex(of: pod.pod) { self.isPending[index] = true }
            if let group = pod.group {
                byGang[group, default: []].append(pod)
            } else if Self.isForLackOfNodes(pod.reason), let index = snapshot.podIndex(of: pod.pod) {
                self.singles.append(index)
            } else {
                self.notForLackOfNodes.insert(pod.pod)
            }
        }
        let zones = Self.zones(of: Set(byGang.keys), in: snapshot)
        var ordered: [(gang: Gang, priority: Int32)] = []
        for (key, members) in byGang {
            // One broken member holds the whole gang.
            guard members.allSatisfy({ Self.isForLackOfNodes($0.reason) }) else {
                self.notForLackOfNodes.formUnion(members.map(\.pod))
                continue
            }
            let pods = members.compactMap { snapshot.podIndex(of: $0.pod) }.sorted()
            let axes = Self.requiredAxes(of: key, in: snapshot)
            ordered.append(
                (
                    Gang(
                        key: key, pods: pods, requiredAxes: axes, zones: zones[key] ?? [], terms: terms(pods)),
                    pods.map { snapshot.pods[$0].priority }.max() ?? 0
                ))
        }
        self.gangs = ordered.sorted { ($1.priority, $0.gang.key) < ($0.priority, $1.gang.key) }.map(\.gang)
        self.singles.sort()
    }

    /// The zones in which the gangs have members.
    private static func zones(
        of gangs: Set<PodGroupKey>, in snapshot: ClusterSnapshot
    ) -> [PodGroupKey: Set<String>] {
        guard !gangs.isEmpty else { return [:] }
        let tops = PodGroup.topGroups(of: snapshot.groups)
        var zones: [PodGroupKey: Set<String>] = [:]
        for pod in snapshot.pods {
            guard let group = pod.group, let node = pod.node.flatMap(snapshot.nodeIndex) else { continue }
            let top = tops[group] ?? group
            guard gangs.contains(top), let zone = snapshot.nodes[node].labels[Self.zoneLabel] else { continue }
            zones[top, default: []].insert(zone)
        }
        return zones
    }

    private static let zoneLabel = "topology.kubernetes.io/zone"

    private static func requiredAxes(of key: PodGroupKey, in snapshot: ClusterSnapshot) -> [TopologyAxis] {
        guard let group = snapshot.group(key) else { return [] }
        return group.topology.filter(\.isRequired).map(\.axis) + (group.exclusiveAxis.map { [$0] } ?? [])
    }

    /// Quota first: a claim, a declaration or missing members are nothing that a node would bring.
    static func isForLackOfNodes(_ reason: ReasonCode) -> Bool {
        switch reason {
        case .volumeUnavailable, .tooFewMembers, .groupInvalid, .invalidRequest: false
        case .nodeUnschedulable, .nodeNotReady, .untoleratedTaint, .nodeAffinityMismatch, .hostPortConflict,
            .insufficientGPUs, .insufficientGPUMemory, .unsuitableGPUs, .insufficientCPU, .insufficientMemory,
            .insufficientResource, .tooManyPods, .volumeNodeAffinityMismatch, .topologySpreadViolated,
            .podAffinityUnsatisfied, .podAntiAffinityViolated, .topologyDomainTooSmall, .domainOccupied,
            .siblingsUnplaced, .noNodes, .searchLimitReached:
            true
        }
    }
}
