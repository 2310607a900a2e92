import SchedulingModel

extension PlanReport {
    /// Gangs up to this size are listed member by member; larger ones a run of ranks per line.
    private static var listedMemberCount: Int { 16 }

    func gangSection(_ style: TableStyle) -> [String] {
        let members = Dictionary(grouping: self.placementsInOrder().filter { $0.group != nil }) { $0.group }
        let placed = self.plan.groups.filter { members[$0.group] != nil }
        guard !placed.isEmpty else { return [] }
        var lines = [style.heading("Placed gangs")]
        for group in placed {
            lines.append("  " + self.headline(of: group, style))
            lines += self.memberLines(members[group.group]?.map(\.assignment) ?? [])
            lines += group.notes.map { "    " + style.quiet("note: ") + $0 }
        }
        return lines
    }

    private func headline(of group: GroupPlacement, _ style: TableStyle) -> String {
        var parts = [
            style.good("\(group.placedCount) of \(group.memberCount) placed") + " (min \(group.minMember))"
        ]
        if let place = self.place(of: group) { parts.append(place) }
        if group.placedCount > 1 { parts.append(AmountText.count(group.crossDomainHops, "cross-domain hop")) }
        if let allReduce = group.allReduce { parts.append(Self.text(of: allReduce)) }
        return style.heading(group.group.description) + ": " + parts.joined(separator: "; ")
    }

    /// `in rack r7`, or `over 3 blocks: b1, b2 and b3`.
    func place(of group: GroupPlacement) -> String? {
        if let axis = group.axis, let domain = group.domains.first {
            let level = self.snapshot.topology.name(of: axis)
            return (axis == .host ? "on node " : "in \(level) ") + ReasonText.text(of: domain)
        }
        guard let first = group.domains.first else { return nil }
        let level = self.snapshot.topology.name(of: first.axis)
        return "over \(AmountText.count(group.domains.count, "domain")) of \(level): "
            + AmountText.list(group.domains.map(ReasonText.text(of:)))
    }

    static func text(of prediction: AllReducePrediction) -> String {
        "all-reduce of \(AmountText.bytes(prediction.payloadBytes)) in \(AmountText.seconds(prediction.seconds))"
            + " (bound \(AmountText.seconds(prediction.boundSeconds)))"
    }

    private func memberLines(_ members: [Assignment]) -> [String] {
        var columns = AlignedColumns()
        let level = self.snapshot.topology.levels.last
        columns.add("RANK", "POD", "NODE", level?.name.uppercased() ?? "", "DEVICES EACH")
        if members.count <= Self.listedMemberCount {
            for member in members {
                columns.add(
                    member.rank.map(String.init) ?? "-", member.pod.name, member.node.rawValue,
                    self.narrowestDomain(of: member.node), DeviceText.summary(member.devices))
            }
        } else {
            for run in self.runs(of: members) {
                columns.add(
                    Self.rankRange(run), NameFolding.text(run.map(\.pod.name)),
                    AmountText.list(NameFolding.fold(Set(run.map(\.node.rawValue)).sorted())),
                    self.narrowestDomain(of: run[0].node), DeviceText.summary(run[0].devices))
            }
        }
        return columns.lines(indentation: 4)
    }

    private static func rankRange(_ run: [Assignment]) -> String {
        guard let low = run.first?.rank, let high = run.last?.rank else { return "-" }
        return low == high ? "\(low)" : "\(low)-\(high)"
    }

    /// Neighbours in the ring that stand in one domain of the narrowest level and hold alike devices.
    private func runs(of members: [Assignment]) -> [[Assignment]] {
        var runs: [[Assignment]] = []
        for member in members {
            if let last = runs.last?.last,
                self.narrowestDomain(of: last.node) == self.narrowestDomain(of: member.node),
                DeviceText.summary(last.devices) == DeviceText.summary(member.devices)
            {
                runs[runs.count - 1].append(member)
            } else {
                runs.append([member])
            }
        }
        return runs
    }

    private func narrowestDomain(of name: NodeName) -> String {
        guard let node = self.node(name), let level = self.snapshot.topology.levels.indices.last else { return "" }
        return ReasonText.text(of: node.domain(on: .level(level)))
    }
}
