import SchedulingModel

extension ScenarioRenderer {
    /// One line per pod, or per run of numbered pods (`ml/trainer-0..3`) with equal reason, evidence and fix.
    func pending(_ pods: [PendingPod]) -> [String] {
        var runs: [[PendingPod]] = []
        for pod in pods {
            if let first = runs.last?.first, let last = runs.last?.last, Self.isEqualExceptName(first, pod),
                Self.follows(last.pod, pod.pod)
            {
                runs[runs.count - 1].append(pod)
            } else {
                runs.append([pod])
            }
        }
        return runs.compactMap { run in
            guard let first = run.first, let last = run.last else { return nil }
            let through = run.count > 1 ? "..\(Self.number(last.pod) ?? 0)" : ""
            return "\(first.pod)\(through) pending \(first.reason.rawValue): \(self.why(first))"
        }
    }

    private static func isEqualExceptName(_ lhs: PendingPod, _ rhs: PendingPod) -> Bool {
        (lhs.group, lhs.reason, lhs.fix) == (rhs.group, rhs.reason, rhs.fix) && lhs.evidence == rhs.evidence
    }

    private static func follows(_ lhs: PodKey, _ rhs: PodKey) -> Bool {
        guard let number = Self.number(lhs), let next = Self.number(rhs) else { return false }
        return next == number + 1 && lhs.namespace == rhs.namespace && Self.stem(lhs) == Self.stem(rhs)
    }

    private static func number(_ pod: PodKey) -> Int? { pod.name.split(separator: "-").last.flatMap { Int($0) } }

    private static func stem(_ pod: PodKey) -> Substring {
        pod.name.lastIndex(of: "-").map { pod.name[..<$0] } ?? pod.name[...]
    }

    // MARK: Evidence

    /// Detail, shortfalls, domains, the best node's other reasons, counts where nodes differ, and the fix.
    private func why(_ pod: PendingPod) -> String {
        let evidence = pod.evidence
        var parts: [String] = []
        if let detail = evidence.detail { parts.append(detail) }
        for shortfall in evidence.shortfalls {
            let (requested, free) = (shortfall.requested, shortfall.bestFree)
            var text = "\(Self.short(shortfall.resource)) requested \(Self.amount(requested, of: shortfall.resource))"
            text += ", best free \(Self.amount(free, of: shortfall.resource))"
            text += " of \(Self.amount(shortfall.largestAllocatable, of: shortfall.resource))"
            parts.append(text)
        }
        if !evidence.domains.isEmpty { parts.append(evidence.domains.map(self.fit).joined(separator: ", ")) }
        if let node = evidence.bestNode {
            let reasons = evidence.bestNodeReasons.map(self.reason)
            parts.append("best node \(node)" + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"))
        }
        if evidence.nodesByReason.count > 1 { parts.append("nodes: \(Self.counts(evidence.nodesByReason))") }
        let room = pod.fixTakesPlannedRoom ? " in room that is planned for others" : ""
        parts.append("fix: \(pod.fix.map(self.fix) ?? "none found")\(room)")
        return parts.joined(separator: "; ")
    }

    private func fit(_ fit: Evidence.DomainFit) -> String {
        "\(self.domain(fit.domain)) fits \(fit.fittingMembers) of \(fit.neededMembers)"
            + " with \(fit.freeAccelerators) of \(fit.neededAccelerators) free"
    }

    /// Most frequent first, then by name.
    private static func counts(_ counts: [ReasonCode: Int]) -> String {
        counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.value) \($0.key.rawValue)" }.joined(separator: ", ")
    }

    /// Cores and GiB where they come out even, else millicores and bytes.
    static func amount(_ amount: Int64, of resource: ResourceName) -> String {
        switch resource {
        case .cpu: amount % 1000 == 0 ? "\(amount / 1000)" : "\(amount)m"
        case .memory, .ephemeralStorage: amount % (1 << 30) == 0 ? "\(amount >> 30)Gi" : "\(amount)"
        default: "\(amount)"
        }
    }

    private func reason(_ reason: RejectionReason) -> String {
        switch reason {
        case .untoleratedTaint(let taint): return "taint \(Self.taint(taint))"
        case .nodeAffinityMismatch: return "node affinity"
        case .hostPortConflict(let port): return "host port \(port.port)/\(port.transport)"
        case .insufficient(let resource, let requested, let free, let allocatable):
            let amounts = [requested, free, allocatable].map { Self.amount($0, of: resource) }
            return "\(Self.short(resource)) \(amounts[0]) > \(amounts[1]) of \(amounts[2])"
        case .unsuitableDevices(let resource, let requested, let suitable):
            return "\(Self.short(resource)) \(requested) > \(suitable) suitable"
        case .insufficientDeviceMemory(let resource, let requested, let free, let total):
            let known = free.map { "\($0)MiB" } ?? "unknown"
            let size = total.map { "\($0)MiB" } ?? "unknown"
            return "\(Self.short(resource)) memory \(requested)MiB > \(known) of \(size)"
        case .volumeUnavailable(let claim, let why): return "claim \(claim): \(why)"
        case .volumeNodeAffinityMismatch: return "volume elsewhere"
        case .topologySpreadViolated(let key): return "spread over \(key)"
        case .podAffinityUnsatisfied(let key): return "no pod to be near in its \(key)"
        case .podAntiAffinityViolated(let key, let isByExisting):
            return isByExisting ? "a pod there keeps others off its \(key)" : "a pod to avoid in its \(key)"
        }
    }

    static func taint(_ taint: Taint) -> String {
        "\(taint.key)\(taint.value.isEmpty ? "" : "=\(taint.value)"):\(taint.effect.rawValue)"
    }

    // MARK: Fixes

    private func fix(_ fix: Fix) -> String {
        func list<Item>(_ items: [Item]) -> String { items.map { "\($0)" }.joined(separator: ", ") }
        switch fix {
        case .waitForTermination(let pods, let nodes): return "wait until \(list(pods)) left \(list(nodes))"
        case .movePods(let pods, let nodes):
            return zip(pods, nodes).map { "move \($0) to \($1)" }.joined(separator: ", ")
        case .preempt(let pods, let nodes): return "preempt \(list(pods)) on \(list(nodes))"
        case .freePods(let pods, let nodes): return "free \(list(pods)) on \(list(nodes))"
        case .addTolerations(let taints, let count):
            return "tolerate \(list(taints.map(Self.taint))) for \(count) nodes"
        case .addNodes(let count, let node): return "add \(count) nodes like \(node)"
        case .widenTopology(let axis):
            return "widen to \(axis.map { self.snapshot.topology.name(of: $0) } ?? "anywhere")"
        case .lowerMinMember(let count): return "lower min to \(count)"
        case .lowerRequest(let resource, let amount):
            return "ask for \(Self.amount(amount, of: resource)) \(Self.short(resource))"
        case .lowerDeviceMemory(let resource, let amount):
            return "declare \(amount) MiB of \(Self.short(resource))"
        case .relaxConstraint(let code, let count): return "relax \(code.rawValue) for \(count) nodes"
        case .correctObject: return "correct the object"
        }
    }
}
