public import SchedulingModel

extension PlanReport {
    /// What `--explain` can be asked about.
    public enum Subject: Hashable, Sendable {
        case pod(PodKey)
        case group(PodGroupKey)
    }

    /// The pod or group that `namespace/name` means here, a pod where both exist; nil where there is neither.
    public func subject(named text: String) -> Subject? {
        guard let slash = text.firstIndex(of: "/") else { return nil }
        let (namespace, name) = (String(text[..<slash]), String(text[text.index(after: slash)...]))
        let pod = PodKey(namespace: namespace, name: name)
        if self.snapshot.podIndex(of: pod) != nil { return .pod(pod) }
        let group = PodGroupKey(namespace: namespace, name: name)
        return self.snapshot.group(group) == nil ? nil : .group(group)
    }

    /// The whole story of one pod or group, as lines for people.
    public func explanation(of subject: Subject, style: TableStyle = TableStyle()) -> String {
        let lines =
            switch subject {
            case .pod(let key): self.explainPod(key, style)
            case .group(let key): self.explainGroup(key, style)
            }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: One pod

    private func explainPod(_ key: PodKey, _ style: TableStyle) -> [String] {
        guard let pod = self.pod(key) else { return ["pod \(key): not in the input"] }
        var lines = [style.heading("Pod \(key)")] + self.request(of: pod)
        lines.append("")
        if let assignment = self.plan.assignments.first(where: { $0.pod == key }) {
            lines.append(style.good("Placed") + " on \(assignment.node)")
            lines.append("  devices  " + DeviceText.full(assignment.devices))
            if let rank = assignment.rank { lines.append("  rank     \(rank)") }
            lines += self.topLevelGroup(of: key).map { ["", "see also the gang: --explain \($0)"] } ?? []
        } else if let pending = self.plan.pending.first(where: { $0.pod == key }) {
            lines += self.why(pending, style)
        } else {
            lines.append(Self.standing(of: pod))
        }
        return lines
    }

    private static func standing(of pod: PodState) -> String {
        switch pod.standing {
        case .bound(let node):
            pod.isTerminating
                ? "Bound to \(node) and terminating: it holds its resources until it is gone"
                : "Bound to \(node): a fact, not demand"
        case .gatedElsewhere(let gate): "Waits for the scheduling gate \(gate), which is not ours: not demand"
        case .foreignScheduler(let name): "Names the scheduler \(name), which is not ours: not demand"
        case .invalid(let why): "Cannot be planned: \(why)"
        case .pending: "Demand without an answer in this plan"
        }
    }

    /// The request as the planner understood it.
    private func request(of pod: PodState) -> [String] {
        var columns = AlignedColumns()
        let amounts = pod.requests.entries.map { "\($0.name) \(AmountText.amount($0.amount, of: $0.name))" }
        columns.add("requests", amounts.isEmpty ? "nothing" : amounts.joined(separator: ", "))
        for request in pod.deviceRequests { columns.add("devices", Self.text(of: request)) }
        columns.add("priority", String(pod.priority))
        let selector = pod.constraints.nodeSelector.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        if !selector.isEmpty { columns.add("selector", selector.joined(separator: ", ")) }
        if let group = pod.group { columns.add("group", group.description + (pod.rank.map { ", rank \($0)" } ?? "")) }
        return columns.lines(indentation: 2)
    }

    private static func text(of request: DeviceRequest) -> String {
        let what =
            switch request.kind {
            case .whole: "whole devices"
            case .slot: "places on devices that others may use too"
            case .mig(let profile): "slices \(profile)"
            case .fraction: "parts of devices"
            }
        let memory = request.memoryMiBPerDevice.map { ", \($0) MiB on each" } ?? ""
        let part = request.thousandthsPerDevice.map { ", \(AmountText.oneDecimal(Double($0) / 10)) % of each" } ?? ""
        return "\(request.count) \(request.resource) as \(what)\(memory)\(part)"
    }

    // MARK: Why not

    private func why(_ pending: PendingPod, _ style: TableStyle) -> [String] {
        var lines = ["\(style.warning("Pending")): \(pending.reason.rawValue)", "  \(self.message(for: pending))"]
        let evidence = pending.evidence
        if !evidence.nodesByReason.isEmpty {
            var columns = AlignedColumns()
            for (reason, count) in Self.inOrder(evidence.nodesByReason) { columns.add(String(count), reason.rawValue) }
            lines += ["", "Nodes by the first check they fail"] + columns.lines(indentation: 2)
        }
        if let best = evidence.bestNode {
            lines += ["", "Best node \(best) lacks"]
            lines += evidence.bestNodeReasons.map { "  \(self.reasons.sentence(for: $0))" }
        }
        lines += self.domainTable(evidence)
        if let fix = pending.fix {
            lines += ["", "\(style.good("Fix")) (\(fix.kindName))"]
            lines.append("  \(self.reasons.fixMessage(pending) ?? "")")
        } else {
            lines += ["", "No small change was found that makes it fit"]
        }
        return lines
    }

    private func domainTable(_ evidence: Evidence) -> [String] {
        guard let first = evidence.domains.first else { return [] }
        let level = self.reasons.levelName(of: first.domain)
        var columns = AlignedColumns()
        columns.add(level.uppercased(), "MEMBERS THAT FIT", "GPUS FREE")
        for fit in evidence.domains {
            columns.add(
                fit.domain.path.joined(separator: " / "), "\(fit.fittingMembers) of \(fit.neededMembers)",
                "\(fit.freeAccelerators) of \(fit.neededAccelerators)")
        }
        return ["", "Best domains"] + columns.lines(indentation: 2)
    }

    // MARK: One group

    private func explainGroup(_ key: PodGroupKey, _ style: TableStyle) -> [String] {
        guard let group = self.snapshot.group(key) else { return ["group \(key): not in the input"] }
        var lines = [style.heading("Gang \(key)")] + self.declaration(of: group)
        guard let placement = self.placement(of: key) else {
            if let parent = group.parent { return lines + ["", "part of another gang: --explain \(parent)"] }
            return lines + ["", "No member of it is demand in this plan"]
        }
        lines += ["", "\(placement.placedCount) of \(placement.memberCount) members have a node"]
        if let place = self.place(of: placement) { lines.append("  stands      \(place)") }
        if placement.placedCount > 1 { lines.append("  hops        \(placement.crossDomainHops) cross-domain") }
        if let allReduce = placement.allReduce { lines.append("  prediction  \(Self.text(of: allReduce))") }
        lines += placement.notes.map { "  note        \($0)" }
        lines += self.rankMap(of: key)
        // The members that wait for others say less than the one they wait for.
        let waiting = self.plan.pending.filter { $0.group == key }
        if let dominant = waiting.first(where: { $0.reason != .siblingsUnplaced }) ?? waiting.first {
            lines += ["", "Shown for \(dominant.pod), one of \(AmountText.count(waiting.count, "pending member")):"]
            lines += self.why(dominant, style)
        }
        return lines
    }

    private func declaration(of group: PodGroup) -> [String] {
        var columns = AlignedColumns()
        columns.add("declared by", group.source.rawValue)
        columns.add("min members", String(group.minMember))
        if let desired = group.desiredMembers { columns.add("wants", String(desired)) }
        for wish in group.topology {
            let level = self.snapshot.topology.name(of: wish.axis)
            columns.add("topology", "\(wish.isRequired ? "required" : "preferred"): one \(level)")
        }
        if let axis = group.exclusiveAxis {
            columns.add("exclusive", "one gang per \(self.snapshot.topology.name(of: axis))")
        }
        if let problem = group.problem { columns.add("problem", problem) }
        return columns.lines(indentation: 2)
    }

    private func rankMap(of key: PodGroupKey) -> [String] {
        let members = self.placementsInOrder().filter { $0.group == key }.map(\.assignment)
        guard !members.isEmpty else { return [] }
        var columns = AlignedColumns()
        columns.add("RANK", "POD", "NODE", "DEVICES")
        for member in members {
            columns.add(
                member.rank.map(String.init) ?? "-", member.pod.name, member.node.rawValue,
                DeviceText.full(member.devices))
        }
        return ["", "Placed by this plan"] + columns.lines(indentation: 2)
    }
}
