import SchedulingModel

extension PlanReport {
    /// The plan as `berth.dev/v1alpha1` JSON with a line break at the end; `docs/plan-output.md` describes every key.
    ///
    /// Top-level keys and the elements of the top-level lists stand on lines of their own, so that two plans can be
    /// compared line by line and `grep` finds a pod whole.
    public func json() -> String {
        var members: [JSONValue.Member] = [
            .init("apiVersion", .string("berth.dev/v1alpha1")),
            .init("kind", .string("Plan")),
            .init("placements", .array(self.placementsInOrder().map(self.value(of:)))),
            .init("groups", .array(self.plan.groups.map(self.value(of:)))),
            .init("pending", .array(self.plan.pending.map(self.value(of:)))),
            .init("summary", self.summaryValue()),
        ]
        if !self.plan.preemptions.isEmpty {
            members.append(.init("preemptions", .array(self.plan.preemptions.map(Self.value(of:)))))
        }
        if let purchases { members += purchases.members() }
        return JSONValue.object(members).text(lineDepth: 2) + "\n"
    }

    /// By namespace, then group, rank and pod name; a pod without a group or rank comes before those with one.
    func placementsInOrder() -> [(assignment: Assignment, group: PodGroupKey?)] {
        self.plan.assignments
            .map { (assignment: $0, group: self.topLevelGroup(of: $0.pod)) }
            .sorted { lhs, rhs in
                let (left, right) = (lhs.assignment, rhs.assignment)
                if left.pod.namespace != right.pod.namespace { return left.pod.namespace < right.pod.namespace }
                // A pod's group is of its own namespace, so names are enough.
                let (leftGroup, rightGroup) = (lhs.group?.name ?? "", rhs.group?.name ?? "")
                if leftGroup != rightGroup { return leftGroup < rightGroup }
                return (left.rank ?? -1, left.pod.name) < (right.rank ?? -1, right.pod.name)
            }
    }

    private func value(of placement: (assignment: Assignment, group: PodGroupKey?)) -> JSONValue {
        let assignment = placement.assignment
        return .object([
            .init("namespace", .string(assignment.pod.namespace)),
            .init("pod", .string(assignment.pod.name)),
            .init("group", .optional(placement.group?.description)),
            .init("rank", .optional(assignment.rank.map(Int64.init))),
            .init("node", .string(assignment.node.rawValue)),
            .init("devices", .array(assignment.devices.map(Self.value(of:)))),
        ])
    }

    private static func value(of device: DeviceAssignment) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("resource", .string(device.resource.rawValue)),
            .init("index", .integer(device.index)),
            .init("kind", .string(device.kind.name)),
            .init("memoryMiB", .optional(device.memoryMiB)),
            .init("assumed", .bool(device.isAssumed)),
        ]
        if case .mig(let profile) = device.kind { members.append(.init("migProfile", .string(profile))) }
        if let thousandths = device.thousandths { members.append(.init("thousandths", .integer(thousandths))) }
        return .object(members)
    }

    private func value(of group: GroupPlacement) -> JSONValue {
        .object([
            .init("name", .string(group.group.description)),
            .init("members", .integer(group.memberCount)),
            .init("minMember", .integer(group.minMember)),
            .init("placed", .integer(group.placedCount)),
            .init("level", .optional(group.axis.map(self.snapshot.topology.name(of:)))),
            .init("domains", .array(group.domains.map { .strings($0.path) })),
            .init("crossDomainHops", .integer(group.crossDomainHops)),
            .init("allReduce", group.allReduce.map(Self.value(of:)) ?? .null),
            .init("notes", .strings(group.notes)),
        ])
    }

    private static func value(of prediction: AllReducePrediction) -> JSONValue {
        .object([
            .init("payloadBytes", .integer(prediction.payloadBytes)),
            .init("seconds", .number(prediction.seconds)),
            .init("boundSeconds", .number(prediction.boundSeconds)),
        ])
    }

    private func value(of pending: PendingPod) -> JSONValue {
        .object([
            .init("namespace", .string(pending.pod.namespace)),
            .init("pod", .string(pending.pod.name)),
            .init("group", .optional(pending.group?.description)),
            .init("reason", .string(pending.reason.rawValue)),
            .init("message", .string(self.message(for: pending))),
            .init("evidence", self.value(of: pending.evidence)),
            .init("fix", pending.fix.map { self.value(of: $0, pending) } ?? .null),
        ])
    }

    private func summaryValue() -> JSONValue {
        let summary = self.plan.summary
        let ignored = self.ignoredObjects.sorted { $0.key < $1.key }
        return .object([
            .init("nodes", .integer(summary.nodeCount)),
            .init("gpusAllocatable", .integer(summary.acceleratorsAllocatable)),
            .init("gpusAllocatedBefore", .integer(summary.acceleratorsAllocatedBefore)),
            .init("gpusAllocatedAfter", .integer(summary.acceleratorsAllocatedAfter)),
            .init("fragmentedGPUs", .number(summary.fragmentedAccelerators)),
            .init("requestedGPUs", .number(Self.thousandths(summary.demand.asked))),
            .init("servedGPUs", .number(Self.thousandths(summary.demand.served))),
            .init("servableGPUsAtMost", .number(Self.thousandths(summary.demand.atMost))),
            .init("placedPods", .integer(summary.placedPods)),
            .init("pendingPods", .integer(summary.pendingPods)),
            .init("gatedElsewherePods", .integer(summary.gatedElsewhere)),
            .init("foreignSchedulerPods", .integer(summary.foreignScheduler)),
            .init("searchLimitReached", .bool(summary.searchLimitReached)),
            .init("ignoredObjects", .object(ignored.map { .init($0.key, .integer($0.value)) })),
        ])
    }

    private static func thousandths(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    func message(for pending: PendingPod) -> String {
        self.reasons.message(for: pending, in: pending.group.flatMap(self.placement(of:)))
    }
}

extension DeviceRequest.Kind {
    /// As plans print it.
    var name: String {
        switch self {
        case .whole: "whole"
        case .slot: "slot"
        case .mig: "mig"
        case .fraction: "fraction"
        }
    }
}
