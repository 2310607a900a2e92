import SchedulingModel

/// Who goes for whom.
extension PlanReport {
    static func value(of preemption: Preemption) -> JSONValue {
        .object([
            .init("group", .optional(preemption.group?.description)),
            .init(
                "reservations",
                .array(
                    preemption.reservations.map { reservation in
                        .object([
                            .init("namespace", .string(reservation.pod.namespace)),
                            .init("pod", .string(reservation.pod.name)),
                            .init("node", .string(reservation.node.rawValue)),
                        ])
                    })),
            .init("disruptions", .array(preemption.disruptions.map(Self.value(of:)))),
        ])
    }

    private static func value(of disruption: Disruption) -> JSONValue {
        .object([
            .init("kind", .string(disruption.kind.rawValue)),
            .init("group", .optional(disruption.group?.description)),
            .init("pods", .strings(disruption.pods.map(\.description))),
            .init("priority", .integer(Int64(disruption.priority))),
        ])
    }

    func preemptionSection(_ style: TableStyle) -> [String] {
        guard !self.plan.preemptions.isEmpty else { return [] }
        var lines = [style.heading("Preemptions")]
        for preemption in self.plan.preemptions {
            let nodes = NameFolding.fold(Set(preemption.reservations.map(\.node.rawValue)).sorted())
            let pods = NameFolding.fold(preemption.reservations.map(\.pod.description))
            let who = preemption.group.map { "gang \($0)" } ?? AmountText.list(pods)
            lines.append("  \(who)  room kept on \(AmountText.list(nodes))")
            for disruption in preemption.disruptions { lines.append("      " + Self.text(of: disruption)) }
            if preemption.disruptions.isEmpty { lines.append("      waits for those who are leaving") }
        }
        return lines
    }

    private static func text(of disruption: Disruption) -> String {
        let pods = AmountText.list(NameFolding.fold(disruption.pods.map(\.description)))
        return switch (disruption.kind, disruption.group) {
        case (.shrink, let group?):
            "shrinks gang \(group) of priority \(disruption.priority) by \(disruption.pods.count): \(pods)"
        case (.gang, let group?): "evicts gang \(group) of priority \(disruption.priority): \(pods)"
        case (.pod, _), (_, nil): "evicts \(pods) of priority \(disruption.priority)"
        }
    }
}
