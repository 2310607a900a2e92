import SchedulingModel

extension PlanReport {
    /// The plan for people: gangs, single pods, what stays pending and why, and the cluster's figures.
    public func table(style: TableStyle = TableStyle()) -> String {
        let sections = [
            self.gangSection(style), self.singlesSection(style), self.pendingSection(style),
            self.preemptionSection(style), self.purchases?.section(style) ?? [], self.summarySection(style),
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    // MARK: Single pods

    private func singlesSection(_ style: TableStyle) -> [String] {
        let singles = self.placementsInOrder().filter { $0.group == nil }.map(\.assignment)
        guard !singles.isEmpty else { return [] }
        var alike: [SingleKey: [String]] = [:]
        for single in singles {
            let key = SingleKey(
                namespace: single.pod.namespace, node: single.node, devices: DeviceText.summary(single.devices))
            alike[key, default: []].append(single.pod.name)
        }
        let rows = alike.map { (key: $0.key, pods: NameFolding.text($0.value)) }
            .sorted { ($0.key.namespace, $0.pods, $0.key.node) < ($1.key.namespace, $1.pods, $1.key.node) }
        var columns = AlignedColumns()
        columns.add("NAMESPACE", "PODS", "NODE", "DEVICES EACH")
        for row in rows { columns.add(row.key.namespace, row.pods, row.key.node.rawValue, row.key.devices) }
        return [style.heading("Placed pods")] + columns.lines(indentation: 2)
    }

    /// Pods that one line can stand for.
    private struct SingleKey: Hashable {
        var namespace: String
        var node: NodeName
        var devices: String
    }

    // MARK: Pending

    private func pendingSection(_ style: TableStyle) -> [String] {
        guard !self.plan.pending.isEmpty else { return [] }
        var order: [PendingKey] = []
        var alike: [PendingKey: [String]] = [:]
        for pending in self.plan.pending {
            let key = PendingKey(
                owner: pending.group?.description ?? pending.pod.namespace, isGang: pending.group != nil,
                reason: pending.reason, message: self.message(for: pending),
                fix: self.reasons.fixMessage(pending), makesRoomForOne: pending.fix?.makesRoom ?? false)
            if alike[key] == nil { order.append(key) }
            alike[key, default: []].append(pending.pod.name)
        }
        var lines = [style.heading("Pending")]
        for key in order {
            let pods = NameFolding.text(alike[key] ?? [])
            let who = key.isGang ? "gang \(key.owner): \(pods)" : "\(key.owner)/\(pods)"
            lines.append("  \(who)  \(style.warning(key.reason.rawValue)): \(key.message)")
            guard let fix = key.fix else { continue }
            let isForOne = key.makesRoomForOne && !key.isGang && (alike[key]?.count ?? 0) > 1
            lines.append("      " + style.quiet(isForOne ? "fix for one of them: " : "fix: ") + fix)
        }
        return lines
    }

    /// Pods that wait for the same reason with the same way out.
    private struct PendingKey: Hashable {
        var owner: String
        var isGang: Bool
        var reason: ReasonCode
        var message: String
        var fix: String?
        var makesRoomForOne: Bool
    }

    // MARK: Summary

    private func summarySection(_ style: TableStyle) -> [String] {
        let summary = self.plan.summary
        var columns = AlignedColumns()
        columns.add("nodes", String(summary.nodeCount))
        columns.add(
            "GPUs",
            "\(summary.acceleratorsAllocatable) allocatable, \(summary.acceleratorsAllocatedBefore) allocated before, "
                + "\(summary.acceleratorsAllocatedAfter) after")
        columns.add(
            "fragmented",
            "\(AmountText.oneDecimal(summary.fragmentedAccelerators)) GPUs free where this demand cannot use them")
        if summary.pendingPods > 0 { columns.add("served", Self.served(summary.demand)) }
        columns.add("pods", "\(summary.placedPods) placed, \(summary.pendingPods) pending")
        let leftOut = self.leftOut()
        if !leftOut.isEmpty { columns.add("left out", leftOut.joined(separator: ", ")) }
        if summary.searchLimitReached {
            columns.add("note", "a search limit was reached: more may fit than was found")
        }
        return [style.heading("Summary")] + columns.lines(indentation: 2)
    }

    private static func served(_ demand: ServedDevices) -> String {
        "\(AmountText.oneDecimal(demand.served)) of \(AmountText.oneDecimal(demand.asked)) GPUs asked for; "
            + "no plan can serve more than \(AmountText.oneDecimal(demand.atMost))"
    }

    private func leftOut() -> [String] {
        let summary = self.plan.summary
        var parts: [String] = []
        if summary.gatedElsewhere > 0 {
            parts.append("\(AmountText.count(summary.gatedElsewhere, "pod")) behind somebody else's gate")
        }
        if summary.foreignScheduler > 0 {
            parts.append("\(AmountText.count(summary.foreignScheduler, "pod")) of another scheduler")
        }
        let kinds = self.ignoredObjects.sorted { $0.key < $1.key }
        if !kinds.isEmpty {
            parts.append("objects of other kinds: " + kinds.map { "\($0.value) \($0.key)" }.joined(separator: ", "))
        }
        return parts
    }
}

extension Fix {
    /// Whether it gives room to the pod that it was found for, and not to all that ask for the same.
    fileprivate var makesRoom: Bool {
        switch self {
        case .waitForTermination, .movePods, .preempt, .freePods, .addNodes: true
        case .addTolerations, .widenTopology, .lowerMinMember, .lowerRequest, .lowerDeviceMemory, .relaxConstraint,
            .correctObject:
            false
        }
    }
}
