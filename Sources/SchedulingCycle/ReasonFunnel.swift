import SchedulingModel

/// Finds the one reason that stands between a pod and the nodes it could use.
struct ReasonFunnel {
    /// Per node, everything that keeps the pod away.
    let rejections: [[RejectionReason]]

    private enum Stage: Int, CaseIterable {
        case volumeClaim, selection, neverEnough, taints, amounts, ports, volumes, spread, podAffinity
    }

    /// The reason of the first stage that leaves no node, and the nodes that had passed all stages before it.
    func dominant() -> (ReasonCode, candidates: [Int]) {
        var candidates = Array(self.rejections.indices)
        for stage in Stage.allCases {
            let passing = candidates.filter { node in !self.rejections[node].contains { Self.fails($0, stage) } }
            if passing.isEmpty { return (self.commonest(stage, candidates), candidates) }
            // What could never be enough only decides where it is so on every candidate.
            if stage != .neverEnough { candidates = passing }
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
        case (.insufficient, .amounts), (.unsuitableDevices, .amounts), (.insufficientDeviceMemory, .amounts): true
        case (.insufficient, .neverEnough), (.unsuitableDevices, .neverEnough), (.insufficientDeviceMemory, .neverEnough):
            !reason.isResolvableByPreemption
        default: false
        }
    }

    /// Of the reasons of a stage on the candidates that lack least: accelerators before all, then the most frequent,
    /// then the first in the order of codes.
    private func commonest(_ stage: Stage, _ candidates: [Int]) -> ReasonCode {
        let failing = candidates.map { node in self.rejections[node].filter { Self.fails($0, stage) } }
        let fewest = failing.map(\.count).min() ?? 0
        var counts: [ReasonCode: Int] = [:]
        for reasons in failing where reasons.count == fewest {
            for code in Set(reasons.map(\.code)) { counts[code, default: 0] += 1 }
        }
        let order = ReasonCode.allCases
        let ranked = order.filter { counts[$0] != nil }.sorted { lhs, rhs in
            let (left, right) = (counts[lhs] ?? 0, counts[rhs] ?? 0)
            return left > right
        }
        return ranked.first ?? .searchLimitReached
    }

    /// The candidate with the fewest reasons, then the smallest shortage of devices, then the lowest index.
    func nearest(_ candidates: [Int]) -> Int? {
        candidates.min { lhs, rhs in
            (self.rejections[lhs].count, self.shortage(lhs), lhs) < (self.rejections[rhs].count, self.shortage(rhs), rhs)
        }
    }

    private func shortage(_ node: Int) -> Int64 {
        self.rejections[node].reduce(0) { sum, reason in
            guard case .insufficient(let resource, let requested, let free, _) = reason, resource.isAccelerator else {
                return sum
            }
            return sum.addingSaturated(requested - free)
        }
    }
}
