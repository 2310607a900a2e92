public import SchedulingModel

/// A plan as the lines of a scenario's expectation: placements in the order they were decided, then groups, then what
/// stays pending, then what the command asked for besides.
///
/// Text of tests only: the product's own text is made elsewhere, so that neither hides a mistake of the other.
public struct ScenarioRenderer: Sendable {
    public struct Options: Sendable {
        public var showsSummary: Bool
        public var showsAllReduce: Bool
        public var showsNotes: Bool

        public init(showsSummary: Bool = false, showsAllReduce: Bool = false, showsNotes: Bool = false) {
            self.showsSummary = showsSummary
            self.showsAllReduce = showsAllReduce
            self.showsNotes = showsNotes
        }
    }

    let snapshot: ClusterSnapshot
    let options: Options

    public init(snapshot: ClusterSnapshot, options: Options = Options()) {
        self.snapshot = snapshot
        self.options = options
    }

    public func lines(_ plan: Plan) -> [String] {
        var lines = plan.assignments.map(self.placement)
        lines += plan.groups.map(self.group)
        lines += self.pending(plan.pending)
        if self.options.showsSummary { lines.append(self.summary(plan.summary)) }
        return lines.isEmpty ? ["nothing to plan"] : lines
    }

    // MARK: Placements

    /// `ml/a -> r1-0 gpu 0-3 rank 2`; the rank only where the plan chose it.
    private func placement(_ assignment: Assignment) -> String {
        var parts = ["\(assignment.pod) -> \(assignment.node)"]
        parts += self.devices(assignment.devices)
        let ownRank = self.snapshot.podIndex(of: assignment.pod).flatMap { self.snapshot.pods[$0].rank }
        if let rank = assignment.rank, rank != ownRank { parts.append("rank \(rank)") }
        return parts.joined(separator: " ")
    }

    /// Runs of equal shares of one resource: `gpu 0-3`, `gpu slot 2 7000MiB`, `gpu 0 500/1000 named`.
    private func devices(_ devices: [DeviceAssignment]) -> [String] {
        var runs: [(example: DeviceAssignment, indices: [Int])] = []
        for device in devices {
            var example = device
            example.index = 0
            if let last = runs.indices.last, runs[last].example == example {
                runs[last].indices.append(device.index)
            } else {
                runs.append((example, [device.index]))
            }
        }
        return runs.map { run in
            let kind = run.example.kind == .slot ? " slot" : ""
            let share = run.example.thousandths.map { " \($0)/1000" } ?? ""
            let memory = run.example.memoryMiB.map { " \($0)MiB" } ?? ""
            let isNamed = run.example.isAssumed ? "" : " named"
            return "\(Self.short(run.example.resource))\(kind) \(Self.ranges(run.indices))\(share)\(memory)\(isNamed)"
        }
    }

    /// The last part of a resource's name.
    static func short(_ resource: ResourceName) -> String {
        resource.rawValue.split(separator: "/").last.map(String.init) ?? resource.rawValue
    }

    /// `0-3,6` for 0, 1, 2, 3, 6.
    static func ranges(_ indices: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for index in indices {
            if let last = ranges.last, last.upperBound + 1 == index {
                ranges[ranges.count - 1] = last.lowerBound...index
            } else {
                ranges.append(index...index)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }

    // MARK: Groups

    /// `ml/trainer: 4 of 4 in rack a/r1, hops 0`; min where it is not the member count.
    private func group(_ group: GroupPlacement) -> String {
        var text = "\(group.group): \(group.placedCount) of \(group.memberCount)"
        if group.minMember != group.memberCount { text += " (min \(group.minMember))" }
        guard group.placedCount > 0 else { return text }
        if group.axis != nil {
            text += " in " + group.domains.map(self.domain).joined(separator: ", ")
        } else if !group.domains.isEmpty {
            text += " over " + group.domains.map(self.domain).joined(separator: ", ")
        }
        text += ", hops \(group.crossDomainHops)"
        if self.options.showsAllReduce, let prediction = group.allReduce {
            let (seconds, bound) = (Self.micros(prediction.seconds), Self.micros(prediction.boundSeconds))
            text += ", all-reduce \(seconds), bound \(bound)"
        }
        return self.options.showsNotes ? text + group.notes.map { "; note: \($0)" }.joined() : text
    }

    /// The axis and the path; an evidence about the whole cluster has a domain of that name.
    func domain(_ domain: TopologyDomain) -> String {
        if domain.path == ["(cluster)"] { return "cluster" }
        return "\(self.snapshot.topology.name(of: domain.axis)) \(domain.path.joined(separator: "/"))"
    }

    private static func micros(_ seconds: Double) -> String {
        "\(Int((seconds * 1e6).rounded()))us"
    }

    // MARK: Summary

    private func summary(_ summary: PlanSummary) -> String {
        var text = "summary: \(summary.acceleratorsAllocatedBefore) of \(summary.acceleratorsAllocatable) before,"
        text += " \(summary.acceleratorsAllocatedAfter) after"
        let hundredths = Int((summary.fragmentedAccelerators * 100).rounded())
        text += ", fragmented \(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
        text += ", \(summary.placedPods) placed, \(summary.pendingPods) pending"
        if summary.gatedElsewhere > 0 { text += ", \(summary.gatedElsewhere) gated elsewhere" }
        if summary.foreignScheduler > 0 { text += ", \(summary.foreignScheduler) of other schedulers" }
        return text
    }
}
