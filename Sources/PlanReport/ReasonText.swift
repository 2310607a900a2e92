import SchedulingModel

/// Sentences for reasons and fixes: what was found against what was needed, for people who run clusters.
///
/// Sentences start in lower case and end without a full stop, so that they can stand behind a pod's name.
struct ReasonText: Sendable {
    let snapshot: ClusterSnapshot
    /// The most of each resource that any node offers, empty or not.
    private let largestAllocatable: [ResourceName: Int64]

    init(snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
        var largest: [ResourceName: Int64] = [:]
        for entry in snapshot.nodes.lazy.flatMap(\.allocatable.entries) {
            largest[entry.name] = max(largest[entry.name] ?? 0, entry.amount)
        }
        self.largestAllocatable = largest
    }

    /// Why a pod stays pending.
    ///
    /// - Parameter gang: How the pod's top-level group came out, where it has one.
    func message(for pending: PendingPod, in gang: GroupPlacement?) -> String {
        self.gangShortage(pending) + self.reasonAlone(pending, in: gang)
    }

    /// For a gang that no single domain has to hold: how far it got before the reason that follows.
    private func gangShortage(_ pending: PendingPod) -> String {
        guard pending.group != nil, pending.reason.concernsOnePod, let best = pending.evidence.domains.first else {
            return ""
        }
        let level = self.levelName(of: best.domain)
        let place = level == Self.wholeCluster ? "the cluster" : "\(level) \(Self.text(of: best.domain))"
        return "\(place) has room for \(best.fittingMembers) of "
            + "\(AmountText.count(best.neededMembers, "waiting member")); the first without: "
    }

    private func reasonAlone(_ pending: PendingPod, in gang: GroupPlacement?) -> String {
        let evidence = pending.evidence
        switch pending.reason {
        case .insufficientGPUs, .insufficientCPU, .insufficientMemory, .insufficientResource, .tooManyPods,
            .unsuitableGPUs, .insufficientGPUMemory, .hostPortConflict, .volumeUnavailable:
            return self.shortage(pending)
        case .nodeUnschedulable:
            return "every node that would do is cordoned\(self.nodeCount(.nodeUnschedulable, evidence))"
        case .nodeNotReady:
            return "every node that would do is not ready\(self.nodeCount(.nodeNotReady, evidence))"
        case .untoleratedTaint: return self.taint(pending)
        case .nodeAffinityMismatch: return self.selector(pending)
        case .volumeNodeAffinityMismatch:
            return "its volumes are not reachable from a node that would do"
                + self.nodeCount(.volumeNodeAffinityMismatch, evidence)
        case .topologySpreadViolated, .podAffinityUnsatisfied, .podAntiAffinityViolated:
            return self.company(pending)
        case .topologyDomainTooSmall: return self.domainTooSmall(evidence, gang)
        case .domainOccupied:
            return evidence.detail ?? "every domain that would hold the gang is held by a group that does not share it"
        case .tooFewMembers: return self.tooFewMembers(evidence, gang)
        case .groupInvalid, .invalidRequest:
            return evidence.detail ?? "the declaration cannot be used as it stands"
        case .siblingsUnplaced: return self.siblings(evidence, gang)
        case .noNodes: return evidence.detail ?? "the input holds no node"
        case .searchLimitReached:
            return evidence.detail ?? "the search reached its limit before it found a place; there may be one"
        }
    }

    // MARK: One pod

    /// The best node's word on the reason, or the largest shortfall of that kind, or the count of nodes.
    private func shortage(_ pending: PendingPod) -> String {
        let evidence = pending.evidence
        let shortfalls = evidence.shortfalls.filter { Self.code(of: $0.resource) == pending.reason }
        if let hopeless = shortfalls.lazy.compactMap(self.sentence(ifHopeless:)).first { return hopeless }
        if let onBest = evidence.bestNodeReasons.first(where: { $0.code == pending.reason }) {
            return self.sentence(for: onBest) + (evidence.bestNode.map { " (best node \($0))" } ?? "")
        }
        if let shortfall = shortfalls.first { return Self.sentence(for: shortfall) }
        return evidence.detail ?? Self.words(for: pending.reason) + self.nodeCount(pending.reason, evidence)
    }

    /// Nil unless the request is larger than any node of the cluster, so that no eviction helps.
    private func sentence(ifHopeless shortfall: Evidence.Shortfall) -> String? {
        let largest = self.largestAllocatable[shortfall.resource] ?? 0
        guard shortfall.requested > largest else { return nil }
        func text(_ amount: Int64) -> String { AmountText.amount(amount, of: shortfall.resource) }
        let requested = "insufficient \(shortfall.resource): requested \(text(shortfall.requested))"
        return largest > 0
            ? "\(requested), no node allocates more than \(text(largest))" : "\(requested), no node has any"
    }

    private static func sentence(for shortfall: Evidence.Shortfall) -> String {
        func text(_ amount: Int64) -> String { AmountText.amount(amount, of: shortfall.resource) }
        return "insufficient \(shortfall.resource): requested \(text(shortfall.requested)), "
            + "free \(text(shortfall.bestFree)) on the best node, "
            + "the largest allocates \(text(shortfall.largestAllocatable))"
    }

    private static func code(of resource: ResourceName) -> ReasonCode {
        RejectionReason.insufficient(resource: resource, requested: 0, free: 0, allocatable: 0).code
    }

    /// The taint that the fix is about, else one of the best node.
    private func taint(_ pending: PendingPod) -> String {
        if case .addTolerations(let taints, _) = pending.fix {
            let isOne = taints.count == 1
            return "taint\(isOne ? "" : "s") \(Self.text(of: taints)) \(isOne ? "is" : "are") not tolerated"
        }
        for case .untoleratedTaint(let taint) in pending.evidence.bestNodeReasons {
            return "taint \(Self.text(of: taint)) is not tolerated"
                + self.nodeCount(.untoleratedTaint, pending.evidence)
        }
        return "a taint is not tolerated\(self.nodeCount(.untoleratedTaint, pending.evidence))"
    }

    /// Names the pod's own nodeSelector, which is what most people have to look at.
    private func selector(_ pending: PendingPod) -> String {
        let total = AmountText.count(self.snapshot.nodes.count, "node")
        let pod = self.snapshot.podIndex(of: pending.pod).map { self.snapshot.pods[$0] }
        let wanted = pod?.constraints.nodeSelector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } ?? []
        let what = wanted.isEmpty ? "its node affinity" : "nodeSelector " + wanted.joined(separator: ",")
        return "none of \(total) matches \(what)"
    }

    private func company(_ pending: PendingPod) -> String {
        if let onBest = pending.evidence.bestNodeReasons.first(where: { $0.code == pending.reason }) {
            return self.sentence(for: onBest) + self.nodeCount(pending.reason, pending.evidence)
        }
        return Self.words(for: pending.reason) + self.nodeCount(pending.reason, pending.evidence)
    }

    private func nodeCount(_ reason: ReasonCode, _ evidence: Evidence) -> String {
        guard let count = evidence.nodesByReason[reason] else { return "" }
        return " (\(count) of \(AmountText.count(self.snapshot.nodes.count, "node")))"
    }

    // MARK: One gang

    private func domainTooSmall(_ evidence: Evidence, _ gang: GroupPlacement?) -> String {
        guard let best = evidence.domains.first else {
            return evidence.detail ?? "no single domain of the level it requires holds the gang"
        }
        let level = self.levelName(of: best.domain)
        let fit = "\(best.fittingMembers) of \(AmountText.count(best.neededMembers, "member"))"
        let cards =
            best.neededAccelerators > 0
            ? ", \(best.freeAccelerators) GPUs free of \(best.neededAccelerators) needed" : ""
        return "no single \(level) holds the gang: best is \(Self.text(of: best.domain)) with room for \(fit)\(cards)"
    }

    private func tooFewMembers(_ evidence: Evidence, _ gang: GroupPlacement?) -> String {
        if let detail = evidence.detail { return detail }
        guard let gang else { return "the gang has fewer members than it needs" }
        return "the gang has \(AmountText.count(gang.memberCount, "member")) and starts with \(gang.minMember) or more"
    }

    private func siblings(_ evidence: Evidence, _ gang: GroupPlacement?) -> String {
        if let detail = evidence.detail { return detail }
        guard let gang else { return "other members of its gang have no place" }
        return "other members of gang \(gang.group) have no place, and it starts with \(gang.minMember) or not at all"
    }

    // MARK: Parts

    static func text(of taint: Taint) -> String {
        let value = taint.value.isEmpty ? "" : "=\(taint.value)"
        return "\(taint.key)\(value):\(taint.effect.rawValue)"
    }

    /// Stands for all nodes, where a gang may spread over any.
    static let wholeCluster = "cluster"

    /// The name of the level a domain is of.
    func levelName(of domain: TopologyDomain) -> String {
        domain.path == ["(cluster)"] ? Self.wholeCluster : self.snapshot.topology.name(of: domain.axis)
    }

    /// The narrowest value; wider ones are in the JSON plan.
    static func text(of domain: TopologyDomain) -> String { domain.path.last ?? "(none)" }

    /// The code in plain words: `InsufficientGPUs` is `insufficient GPUs`.
    static func words(for reason: ReasonCode) -> String {
        switch reason {
        case .nodeUnschedulable: "node cordoned"
        case .nodeNotReady: "node not ready"
        case .untoleratedTaint: "untolerated taint"
        case .nodeAffinityMismatch: "node affinity mismatch"
        case .hostPortConflict: "host port taken"
        case .insufficientGPUs: "insufficient GPUs"
        case .insufficientGPUMemory: "insufficient GPU memory"
        case .unsuitableGPUs: "unsuitable GPUs"
        case .insufficientCPU: "insufficient cpu"
        case .insufficientMemory: "insufficient memory"
        case .insufficientResource: "insufficient resources"
        case .tooManyPods: "too many pods"
        case .volumeUnavailable: "volume unavailable"
        case .volumeNodeAffinityMismatch: "volume out of reach"
        case .topologySpreadViolated: "topology spread violated"
        case .podAffinityUnsatisfied: "pod affinity unsatisfied"
        case .podAntiAffinityViolated: "pod anti-affinity violated"
        case .topologyDomainTooSmall: "topology domain too small"
        case .domainOccupied: "domain occupied"
        case .tooFewMembers: "too few members"
        case .groupInvalid: "group invalid"
        case .siblingsUnplaced: "siblings unplaced"
        case .invalidRequest: "invalid request"
        case .noNodes: "no nodes"
        case .searchLimitReached: "search limit reached"
        }
    }
}

extension ReasonCode {
    /// Whether the reason is found by looking at one pod and the nodes.
    var concernsOnePod: Bool {
        switch self {
        case .nodeUnschedulable, .nodeNotReady, .untoleratedTaint, .nodeAffinityMismatch, .hostPortConflict,
            .insufficientGPUs, .insufficientGPUMemory, .unsuitableGPUs, .insufficientCPU, .insufficientMemory,
            .insufficientResource, .tooManyPods, .volumeUnavailable, .volumeNodeAffinityMismatch,
            .topologySpreadViolated, .podAffinityUnsatisfied, .podAntiAffinityViolated:
            true
        case .topologyDomainTooSmall, .domainOccupied, .tooFewMembers, .groupInvalid, .siblingsUnplaced,
            .invalidRequest, .noNodes, .searchLimitReached:
            false
        }
    }
}
