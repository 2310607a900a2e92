import PlacementSolver
import SchedulingModel

/// Finds the one reason that stands between a pod and the nodes it could use.
struct ReasonFunnel {
    /// Everything that keeps the pod away from each node. Nodes are judged by their answers; a position below is an answer's.
    let rejections: NodeRejections

    /// In the order of judgement. A node without the devices asked for is no candidate, whatever else it lacks; a tainted
    /// one is set apart on purpose, so only nodes open to the pod are held against its other requests, unless no node
    /// at all could ever give enough.
    private enum Stage: Int, CaseIterable {
        case volumeClaim, selection, unsuitableDevices, neverEnoughAnywhere, taints, neverEnough, amounts, devices
        case ports, volumes, spread, podAffinity
    }

    /// The reason of the first stage that leaves no node, and the answers of the nodes that had passed all stages before it.
    func dominant() -> (ReasonCode, candidates: [Int]) {
        var candidates = Array(self.rejections.answers.indices)
        for stage in Stage.allCases {
            let passing = candidates.filter { answer in
                !self.rejections.answers[answer].contains { Self.fails($0, stage) }
            }
            if passing.isEmpty { return (self.commonest(stage, candidates), candidates) }
            if stage != .neverEnoughAnywhere { candidates = passing }
        }
        return (.searchLimitReached, candidates)
    }

    private static func fails(_ reason: RejectionReason, _ stage: Stage) -> Bool {
        switch (reason, stage) {
        case (.volumeUnavailable, .volumeClaim), (.nodeAffinityMismatch, .selection), (.untoleratedTaint, .taints),
            (.hostPortConflict, .ports), (.volumeNodeAffinityMismatch, .volumes),
            (.topologySpreadViolated, .spread), (.podAffinityUnsatisfied, .podAffinity),
            (.podAntiAffinityViolated, .podAffinity):
            true
        // Devices are looked at where there are enough of them: a node with free slots and too little memory on each
        // card is nearer than one without slots.
        case (.insufficient, .amounts), (.unsuitableDevices, .devices), (.insufficientDeviceMemory, .devices): true
        case (.insufficient, .unsuitableDevices), (.unsuitableDevices, .unsuitableDevices),
            (.insufficientDeviceMemory, .unsuitableDevices):
            !reason.isResolvableByPreemption && reason.isAboutDevices
        case (.insufficient, .neverEnough), (.insufficient, .neverEnoughAnywhere): !reason.isResolvableByPreemption
        default: false
        }
    }

    /// Of the reasons of a stage on the candidates that lack least: the most frequent, then the first in code order.
    private func commonest(_ stage: Stage, _ candidates: [Int]) -> ReasonCode {
        let all = candidates.map { answer in
            (
                reasons: self.rejections.answers[answer].filter { Self.fails($0, stage) },
                nodeCount: self.rejections.nodeCounts[answer]
            )
        }
        // A node that could never take the pod says nothing about what the others lack.
        let resolvable = all.filter { $0.reasons.allSatisfy(\.isResolvableByPreemption) }
        let failing = resolvable.isEmpty ? all : resolvable
        let fewest = failing.map(\.reasons.count).min() ?? 0
        var counts: [ReasonCode: Int] = [:]
        for (reasons, nodeCount) in failing where reasons.count == fewest {
            for code in Set(reasons.map(\.code)) { counts[code, default: 0] += nodeCount }
        }
        let most = counts.values.max() ?? 0
        return ReasonCode.allCases.first { counts[$0] == most } ?? .searchLimitReached
    }

    /// The candidate with the fewest reasons that no eviction could remove, then the fewest reasons, then the smallest
    /// shortage of devices, then of memory on one, then the lowest node.
    func nearest(_ candidates: [Int]) -> Int? {
        func rank(_ answer: Int) -> (Int, Int, Int64, Int64, Int) {
            let reasons = self.rejections.answers[answer]
            return (
                reasons.count { !$0.isResolvableByPreemption }, reasons.count, Self.shortage(reasons),
                Self.memoryShortage(reasons), self.rejections.firstNodes[answer]
            )
        }
        return candidates.min { rank($0) < rank($1) }
    }

    private static func shortage(_ reasons: [RejectionReason]) -> Int64 {
        reasons.reduce(0) { sum, reason in
            guard case .insufficient(let resource, let requested, let free, _) = reason, resource.isAccelerator else {
                return sum
            }
            return sum.addingSaturated(requested - free)
        }
    }

    /// On a device that could never give so much: by how much it is too small.
    private static func memoryShortage(_ reasons: [RejectionReason]) -> Int64 {
        reasons.reduce(0) { sum, reason in
            guard case .insufficientDeviceMemory(_, let requested, let free, let device) = reason else { return sum }
            let most = reason.isResolvableByPreemption ? free : device
            return sum.addingSaturated(requested.subtractingSaturated(most ?? 0))
        }
    }
}

extension RejectionReason {
    fileprivate var isAboutDevices: Bool {
        switch self {
        case .insufficient(let resource, _, _, _): resource.isAccelerator
        case .unsuitableDevices, .insufficientDeviceMemory: true
        case .untoleratedTaint, .nodeAffinityMismatch, .hostPortConflict, .volumeUnavailable,
            .volumeNodeAffinityMismatch, .topologySpreadViolated, .podAffinityUnsatisfied, .podAntiAffinityViolated:
            false
        }
    }
}
