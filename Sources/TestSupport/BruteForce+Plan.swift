public import SchedulingModel

extension BruteForce {
    /// A valid plan, made gang by gang and then pod by pod, each where the search finds room first. Not a good plan.
    public static func plan(for snapshot: ClusterSnapshot) -> Plan {
        var plan = Plan()
        for root in snapshot.groups where root.parent == nil {
            let found = BruteForce(snapshot, after: plan.assignments).outcomes(of: root.key)
            let most = found.outcomes.map(\.placedCount).max()
            let choices = found.examples.filter { $0.key.placedCount == most }.map(\.value)
            // The examples come out of a dictionary: take the same one in every run.
            plan.assignments += choices.min { "\($0)" < "\($1)" } ?? []
        }
        for pod in snapshot.pods where pod.group == nil && pod.standing == .pending {
            plan.assignments += BruteForce(snapshot, after: plan.assignments).assignments(of: pod.key).prefix(1)
        }
        plan.pending = Self.pendingPods(of: snapshot, beside: plan.assignments)
        plan.groups = Self.reports(on: snapshot, assignments: plan.assignments)
        plan.summary.nodeCount = snapshot.nodes.count
        plan.summary.pendingPods = plan.pending.count
        plan.summary.placedPods = plan.assignments.count
        for pod in snapshot.pods {
            if case .gatedElsewhere = pod.standing { plan.summary.gatedElsewhere += 1 }
            if case .foreignScheduler = pod.standing { plan.summary.foreignScheduler += 1 }
        }
        return plan
    }

    /// Everything that is demand and has no assignment.
    public static func pendingPods(of snapshot: ClusterSnapshot, beside assignments: [Assignment]) -> [PendingPod] {
        let assigned = Set(assignments.map(\.pod))
        return snapshot.pods.filter { Self.isDemand($0) && !assigned.contains($0.key) }.map { pod in
            PendingPod(
                pod: pod.key, group: pod.group.map { Self.root(of: $0, in: snapshot) }, reason: .insufficientGPUs)
        }
    }

    /// The figures of every top-level group that has demand.
    public static func reports(on snapshot: ClusterSnapshot, assignments: [Assignment]) -> [GroupPlacement] {
        snapshot.groups.filter { $0.parent == nil }.compactMap { root in
            let pods = snapshot.pods.filter { $0.group.map { Self.root(of: $0, in: snapshot) } == root.key }
            guard pods.contains(where: Self.isDemand) else { return nil }
            return Self.report(
                on: root, members: pods.filter { $0.node != nil || Self.isDemand($0) }, snapshot, assignments)
        }
    }

    private static func report(
        on root: PodGroup, members: [PodState], _ snapshot: ClusterSnapshot, _ assignments: [Assignment]
    ) -> GroupPlacement {
        var ring: [(rank: Int, key: PodKey, node: NodeState, isAccelerated: Bool)] = []
        for (position, member) in members.enumerated() {
            let assignment = assignments.first { $0.pod == member.key }
            guard let name = member.node ?? assignment?.node,
                let node = snapshot.nodes.first(where: { $0.name == name })
            else { continue }
            let rank = member.node == nil ? assignment?.rank : member.rank
            ring.append((rank ?? position, member.key, node, !member.deviceRequests.isEmpty))
        }
        var report = GroupPlacement(
            group: root.key, memberCount: members.count, minMember: root.minMember, placedCount: ring.count)
        let axes: [TopologyAxis] = [.host, .nvlink, .level(1), .level(0)]
        func domains(on axis: TopologyAxis) -> [TopologyDomain] { Set(ring.map { $0.node.domain(on: axis) }).sorted() }
        report.axis = axes.first { domains(on: $0).count == 1 }
        report.domains = domains(on: report.axis ?? .level(0))
        if ring.contains(where: \.isAccelerated) { ring.removeAll { !$0.isAccelerated } }
        ring.sort { ($0.rank, $0.key) < ($1.rank, $1.key) }
        let racks = ring.map { $0.node.domain(on: .level(1)) }
        report.crossDomainHops = zip(racks, racks.dropFirst() + racks.prefix(1)).count { $0 != $1 }
        return report
    }

    private static func isDemand(_ pod: PodState) -> Bool {
        if case .invalid = pod.standing { return true }
        return pod.standing == .pending
    }

    private static func root(of key: PodGroupKey, in snapshot: ClusterSnapshot) -> PodGroupKey {
        guard let parent = snapshot.group(key)?.parent else { return key }
        return self.root(of: parent, in: snapshot)
    }
}
