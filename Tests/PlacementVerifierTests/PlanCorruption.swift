import SchedulingModel
import TestSupport

/// A way to make a valid plan wrong. What cannot be made wrong in that way is left out.
enum PlanCorruption: CaseIterable {
    case moveToWrongNode, moveToFullNode, moveToTaintedNode, moveToUnknownNode, moveOutOfRequiredDomain
    case assignTwice, assignBoundPod, assignUnknownPod, forgetAssignment
    case dropDevice, repeatDevice, addDevice, indexOutOfRange, takeHeldDevice, misstateMemory, misstateKind
    case dropGangMember, scatterGang
    case wrongPlacedCount, wrongMemberCount, wrongAxis, wrongDomain, wrongHops, dropReport
    case forgetPending, repeatPending, pendingThoughAssigned, wrongPendingGroup
    case wrongSummary

    func apply(to plan: Plan, of snapshot: ClusterSnapshot) -> [Plan] {
        switch self {
        case .moveToWrongNode, .moveToFullNode, .moveToTaintedNode, .moveToUnknownNode, .moveOutOfRequiredDomain:
            self.moved(plan, snapshot)
        case .assignTwice, .assignBoundPod, .assignUnknownPod, .forgetAssignment: self.reassigned(plan, snapshot)
        case .dropDevice, .repeatDevice, .addDevice, .indexOutOfRange, .takeHeldDevice, .misstateMemory, .misstateKind:
            self.withOtherDevices(plan, snapshot)
        case .dropGangMember, .scatterGang: self.withOtherGangs(plan, snapshot)
        case .wrongPlacedCount, .wrongMemberCount, .wrongAxis, .wrongDomain, .wrongHops, .dropReport:
            self.misreported(plan)
        case .forgetPending, .repeatPending, .pendingThoughAssigned, .wrongPendingGroup: self.mispending(plan, snapshot)
        case .wrongSummary:
            [\PlanSummary.nodeCount, \.pendingPods, \.placedPods, \.gatedElsewhere, \.foreignScheduler].map { figure in
                var broken = plan
                broken.summary[keyPath: figure] += 1
                return broken
            }
        }
    }

    /// The plan with other assignments, and all that it says made to agree with them.
    private static func consistent(_ plan: Plan, _ assignments: [Assignment], _ snapshot: ClusterSnapshot) -> Plan {
        var changed = plan
        changed.assignments = assignments
        changed.groups = BruteForce.reports(on: snapshot, assignments: assignments)
        changed.pending = BruteForce.pendingPods(of: snapshot, beside: assignments)
        changed.summary.placedPods = assignments.count
        changed.summary.pendingPods = changed.pending.count
        return changed
    }

    // MARK: Nodes

    private func moved(_ plan: Plan, _ snapshot: ClusterSnapshot) -> [Plan] {
        plan.assignments.indices.flatMap { index -> [Plan] in
            let assignment = plan.assignments[index]
            guard let pod = snapshot.pods.first(where: { $0.key == assignment.pod }) else { return [] }
            let home = snapshot.nodes.first { $0.name == assignment.node }
            return self.wrongNodes(for: pod, home: home, plan, snapshot).map { node in
                var assignments = plan.assignments
                assignments[index].node = node
                return Self.consistent(plan, assignments, snapshot)
            }
        }
    }

    private func wrongNodes(
        for pod: PodState, home: NodeState?, _ plan: Plan, _ snapshot: ClusterSnapshot
    ) -> [NodeName] {
        switch self {
        case .moveToWrongNode: snapshot.nodes.filter { !pod.constraints.selects($0) }.map(\.name)
        case .moveToTaintedNode: snapshot.nodes.filter { pod.constraints.untoleratedTaint(of: $0) != nil }.map(\.name)
        case .moveToFullNode:
            snapshot.nodes.filter { node in
                pod.requests.entries.contains { $0.amount > node.allocatable[$0.name] }
            }.map(\.name)
        case .moveToUnknownNode: [NodeName("nowhere")]
        case .moveOutOfRequiredDomain: self.outsiders(for: pod, home: home, plan, snapshot)
        default: []
        }
    }

    /// Nodes outside the domain that another member of the same leaf, which must stay together, is in.
    private func outsiders(
        for pod: PodState, home: NodeState?, _ plan: Plan, _ snapshot: ClusterSnapshot
    ) -> [NodeName] {
        guard let key = pod.group, let group = snapshot.group(key), let home,
            let axis = group.topology.first(where: \.isRequired)?.axis
        else { return [] }
        let siblings = snapshot.pods.filter { $0.group == key && $0.key != pod.key }
        let hasPlacedSibling = siblings.contains { sibling in plan.assignments.contains { $0.pod == sibling.key } }
        guard hasPlacedSibling, siblings.allSatisfy({ $0.node == nil }) else { return [] }
        return snapshot.nodes.filter { $0.domain(on: axis) != home.domain(on: axis) }.map(\.name)
    }

    // MARK: Pods

    private func reassigned(_ plan: Plan, _ snapshot: ClusterSnapshot) -> [Plan] {
        switch self {
        case .assignTwice:
            plan.assignments.map { Self.consistent(plan, plan.assignments + [$0], snapshot) }
        case .assignBoundPod:
            snapshot.pods.compactMap { pod in
                pod.node.map {
                    Self.consistent(plan, plan.assignments + [Assignment(pod: pod.key, node: $0)], snapshot)
                }
            }
        case .assignUnknownPod:
            snapshot.nodes.prefix(1).map { node in
                let ghost = Assignment(pod: PodKey(namespace: "ml", name: "ghost"), node: node.name)
                return Self.consistent(plan, plan.assignments + [ghost], snapshot)
            }
        case .forgetAssignment:
            plan.assignments.indices.map { index in
                var broken = plan
                broken.assignments.remove(at: index)
                broken.summary.placedPods -= 1
                return broken
            }
        default: []
        }
    }

    // MARK: Devices

    private func withOtherDevices(_ plan: Plan, _ snapshot: ClusterSnapshot) -> [Plan] {
        let held = snapshot.heldDevices()
        return plan.assignments.indices.flatMap { index -> [Plan] in
            let assignment = plan.assignments[index]
            guard let first = assignment.devices.first,
                let pool = snapshot.nodes.first(where: { $0.name == assignment.node })?.pool(for: first.resource)
            else { return [] }
            let taken = snapshot.pods.indices.filter { snapshot.pods[$0].node == assignment.node }
                .flatMap { held[$0] ?? [] }
            return self.wrongDevices(assignment.devices, first, pool, taken: taken).map { devices in
                var broken = plan
                broken.assignments[index].devices = devices
                return broken
            }
        }
    }

    private func wrongDevices(
        _ devices: [DeviceAssignment], _ first: DeviceAssignment, _ pool: DevicePool, taken: [DeviceAssignment]
    ) -> [[DeviceAssignment]] {
        var changed = first
        switch self {
        case .dropDevice: return [Array(devices.dropFirst())]
        case .repeatDevice: return [[first] + devices, [first] + devices.dropLast()].filter { $0 != devices }
        case .addDevice:
            let extra = (0..<pool.deviceCount).first { index in !devices.contains { $0.index == index } }
            changed.index = extra ?? pool.deviceCount
            return [(devices + [changed]).sorted { $0.index < $1.index }]
        case .indexOutOfRange:
            changed.index = pool.deviceCount
            return [devices.dropFirst() + [changed]]
        case .takeHeldDevice:
            let whole = taken.filter { $0.resource == first.resource && $0.kind == .whole && pool.kind == .exclusive }
            return whole.map { held in
                changed.index = held.index
                return (devices.dropFirst() + [changed]).sorted { $0.index < $1.index }
            }
        case .misstateMemory:
            changed.memoryMiB = (first.memoryMiB ?? 0) + 1
            return [[changed] + devices.dropFirst()]
        case .misstateKind:
            changed.kind = first.kind == .whole ? .slot : .whole
            return [[changed] + devices.dropFirst()]
        default: return []
        }
    }

    // MARK: Gangs

    private func withOtherGangs(_ plan: Plan, _ snapshot: ClusterSnapshot) -> [Plan] {
        plan.assignments.indices.compactMap { index in
            let assignment = plan.assignments[index]
            guard let key = snapshot.pods.first(where: { $0.key == assignment.pod })?.group,
                let group = snapshot.group(key)
            else { return nil }
            let siblings = snapshot.pods.filter { $0.group == key }.map(\.key)
            let placed = plan.assignments.filter { siblings.contains($0.pod) }
            var assignments = plan.assignments
            switch self {
            case .dropGangMember:
                let boundCount = snapshot.pods.count { $0.group == key && $0.node != nil }
                guard placed.count > 1, boundCount + placed.count == group.minMember else { return nil }
                assignments.remove(at: index)
            case .scatterGang:
                let loner = assignments.firstIndex { candidate in
                    snapshot.pods.contains { $0.key == candidate.pod && $0.group == nil }
                }
                guard placed.count > 1, assignment == placed[0], let loner, loner > index else { return nil }
                assignments.insert(assignments.remove(at: loner), at: index + 1)
            default: return nil
            }
            return Self.consistent(plan, assignments, snapshot)
        }
    }

    // MARK: Reports

    private func misreported(_ plan: Plan) -> [Plan] {
        plan.groups.indices.compactMap { index in
            var broken = plan
            let report = plan.groups[index]
            switch self {
            case .wrongPlacedCount: broken.groups[index].placedCount += 1
            case .wrongMemberCount: broken.groups[index].memberCount -= 1
            case .wrongAxis: broken.groups[index].axis = report.axis == .level(0) ? .host : .level(0)
            case .wrongDomain:
                guard let domain = report.domains.first else { return nil }
                broken.groups[index].domains[0] = TopologyDomain(axis: domain.axis, path: ["elsewhere"])
            case .wrongHops: broken.groups[index].crossDomainHops += 1
            case .dropReport: broken.groups.remove(at: index)
            default: return nil
            }
            return broken
        }
    }

    private func mispending(_ plan: Plan, _ snapshot: ClusterSnapshot) -> [Plan] {
        let others = self == .pendingThoughAssigned ? plan.assignments.map(\.pod) : plan.pending.map(\.pod)
        return others.compactMap { pod in
            var broken = plan
            switch self {
            case .forgetPending: broken.pending.removeAll { $0.pod == pod }
            case .repeatPending: broken.pending += plan.pending.filter { $0.pod == pod }
            case .pendingThoughAssigned:
                let all = BruteForce.pendingPods(of: snapshot, beside: plan.assignments.filter { $0.pod != pod })
                broken.pending = all
            case .wrongPendingGroup:
                guard let index = plan.pending.firstIndex(where: { $0.pod == pod }) else { return nil }
                let wrong = PodGroupKey(namespace: "ml", name: "wrong")
                broken.pending[index].group = plan.pending[index].group == nil ? wrong : nil
            default: return nil
            }
            broken.pending.sort { $0.pod < $1.pod }
            broken.summary.pendingPods = broken.pending.count
            return broken
        }
    }
}
