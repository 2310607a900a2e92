import PlacementSolver
import SchedulingModel

/// Changes to what the work itself asks for, tried on the whole gang.
extension FixSearch {
    /// Different changes of one kind that are tried for a gang at most.
    private static let changeLimit = 8

    // MARK: Gangs

    /// What all waiting members would have to tolerate.
    mutating func groupToleration(_ top: Int) -> Fix? {
        guard let member = self.pending(top).first else { return nil }
        for fix in self.tolerations(member).prefix(Self.changeLimit) {
            guard case .addTolerations(let taints, _) = fix else { continue }
            if self.places(top, changing: { $0.constraints.tolerations += Self.tolerating(taints) }) { return fix }
        }
        return nil
    }

    private static func tolerating(_ taints: [Taint]) -> [Toleration] {
        taints.map { Toleration(key: $0.key, match: .equal($0.value), effect: $0.effect) }
    }

    /// Without the one condition of all waiting members.
    mutating func groupRelaxed(_ top: Int, _ code: ReasonCode) -> Fix? {
        guard let member = self.pending(top).first, let fix = self.relaxed(member, code) else { return nil }
        return self.places(top, changing: { $0.constraints.relax(code) }) ? fix : nil
    }

    /// The most of the short resource that each member could ask for, so that the gang fits.
    mutating func groupSmallerRequest(_ top: Int, _ explanation: Diagnosis.Explanation) -> Fix? {
        guard let resource = Self.shortResource(explanation),
            let member = self.pending(top).first(where: { self.snapshot.pods[$0].requests[resource] > 0 })
        else { return nil }
        for amount in self.smallerAmounts(of: resource, for: member).prefix(Self.changeLimit)
        where self.places(top, changing: { $0.ask(for: resource, atMost: amount) }) {
            return .lowerRequest(resource: resource, to: amount)
        }
        return nil
    }

    /// Whether the gang fits once each waiting member is changed.
    private func places(_ top: Int, changing change: (inout PodState) -> Void) -> Bool {
        var trial = FixSearch(state: SolverState(self.snapshot(changing: Set(self.pending(top)), by: change)))
        return trial.wouldPlace(top)
    }

    // MARK: Memory of one device

    /// The most memory that some device has for this pod, where nothing else keeps it away.
    mutating func lessMemory(_ pod: Int) -> Fix? {
        let rejections = self.rejections(pod)
        var best: (resource: ResourceName, freeMiB: Int64)?
        for reasons in rejections.answers where reasons.count == 1 {
            guard case .insufficientDeviceMemory(let resource, _, let free?, _) = reasons[0], free > 0 else { continue }
            if free > best?.freeMiB ?? 0 { best = (resource, free) }
        }
        guard let best else { return nil }
        let changed = self.snapshot(changing: [pod]) { $0.declareMemory(of: best.resource, atMostMiB: best.freeMiB) }
        var trial = SolverState(changed)
        guard trial.bestNode(for: pod) != nil else { return nil }
        return .lowerDeviceMemory(resource: best.resource, toMiB: best.freeMiB)
    }
}

extension SchedulingConstraints {
    /// Drops what the reason is about.
    fileprivate mutating func relax(_ code: ReasonCode) {
        switch code {
        case .nodeAffinityMismatch:
            self.nodeSelector = [:]
            self.requiredNodeAffinity = nil
        case .hostPortConflict: self.hostPorts = []
        case .volumeNodeAffinityMismatch: self.volumes = .none
        case .topologySpreadViolated: self.topologySpread = []
        case .podAffinityUnsatisfied: self.requiredPodAffinity = []
        case .podAntiAffinityViolated: self.requiredPodAntiAffinity = []
        case .nodeUnschedulable: self.tolerations.append(Toleration(key: Taint.unschedulable.key))
        case .nodeNotReady:
            self.tolerations += [Taint.notReady.key, Taint.unreachableKey].map { Toleration(key: $0) }
        default: break
        }
    }
}

extension PodState {
    fileprivate mutating func ask(for resource: ResourceName, atMost amount: Int64) {
        self.requests[resource] = min(self.requests[resource], amount)
        for index in self.deviceRequests.indices where self.deviceRequests[index].resource == resource {
            self.deviceRequests[index].count = min(self.deviceRequests[index].count, Int(clamping: amount))
        }
    }

    fileprivate mutating func declareMemory(of resource: ResourceName, atMostMiB amount: Int64) {
        for index in self.deviceRequests.indices where self.deviceRequests[index].resource == resource {
            let declared = self.deviceRequests[index].memoryMiBPerDevice
            self.deviceRequests[index].memoryMiBPerDevice = declared.map { min($0, amount) }
        }
    }
}
