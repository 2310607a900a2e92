import SchedulingModel

extension ReasonText {
    /// As for the change alone, and in whose room it helps.
    func fixMessage(_ pending: PendingPod) -> String? {
        pending.fix.map { fix in
            self.message(for: fix) + (pending.fixTakesPlannedRoom ? ", in room that this plan gives to other work" : "")
        }
    }

    /// The smallest change that was found to help, as something to do.
    func message(for fix: Fix) -> String {
        switch fix {
        case .waitForTermination(let pods, let nodes):
            return "wait until \(Self.list(pods)) has left \(Self.list(nodes)): then it fits"
        case .movePods(let pods, let targets): return "move " + Self.moves(pods, targets)
        case .preempt(let pods, let nodes):
            return "evict \(Self.list(pods)) of lower priority from \(Self.list(nodes))"
        case .freePods(let pods, let nodes):
            return "free \(Self.list(pods)) on \(Self.list(nodes)): not of lower priority, so somebody has to decide"
        case .addTolerations(let taints, let nodeCount):
            return "tolerate \(Self.text(of: taints)): \(AmountText.count(nodeCount, "node")) would do"
        case .addNodes(let count, let like): return "add \(AmountText.count(count, "empty node")) like \(like)"
        case .widenTopology(let axis?):
            return "require \(self.snapshot.topology.name(of: axis)) instead: the gang fits in one"
        case .widenTopology(nil): return "drop the required topology: the gang fits when it may spread"
        case .lowerMinMember(let minMember):
            return "lower minMember to \(minMember): so many members fit"
        case .lowerRequest(let resource, let amount):
            return "request \(AmountText.amount(amount, of: resource)) of \(resource): so much fits"
        case .lowerDeviceMemory(let resource, let amount):
            return "declare \(amount) MiB on each \(resource): so much fits"
        case .relaxConstraint(let reason, let nodeCount):
            return "\(Self.relaxation(of: reason)): \(AmountText.count(nodeCount, "node")) would do"
        case .correctObject: return "correct the object"
        }
    }

    static func text(of taints: [Taint]) -> String { AmountText.list(taints.map { self.text(of: $0) }) }

    private static func list(_ pods: [PodKey]) -> String { AmountText.list(NameFolding.fold(pods.map(\.description))) }

    private static func list(_ nodes: [NodeName]) -> String {
        AmountText.list(NameFolding.fold(Set(nodes.map(\.rawValue)).sorted()))
    }

    private static func moves(_ pods: [PodKey], _ targets: [NodeName]) -> String {
        AmountText.list(zip(pods, targets).map { "\($0) to \($1)" })
    }

    /// What somebody would have to do without the condition.
    private static func relaxation(of reason: ReasonCode) -> String {
        switch reason {
        case .nodeUnschedulable: "uncordon"
        case .nodeNotReady: "bring nodes back to Ready"
        case .nodeAffinityMismatch: "relax the nodeSelector or node affinity"
        case .untoleratedTaint: "tolerate the taint"
        case .hostPortConflict: "use another host port"
        case .volumeUnavailable, .volumeNodeAffinityMismatch: "put the volumes within reach"
        case .topologySpreadViolated: "relax the topology spread constraint"
        case .podAffinityUnsatisfied: "relax the pod affinity"
        case .podAntiAffinityViolated: "relax the pod anti-affinity"
        case .domainOccupied: "drop the exclusive topology"
        case .insufficientGPUs, .insufficientGPUMemory, .unsuitableGPUs, .insufficientCPU, .insufficientMemory,
            .insufficientResource, .tooManyPods, .topologyDomainTooSmall, .tooFewMembers, .groupInvalid,
            .siblingsUnplaced, .invalidRequest, .noNodes, .searchLimitReached:
            "relax what leads to \(ReasonText.words(for: reason))"
        }
    }
}
