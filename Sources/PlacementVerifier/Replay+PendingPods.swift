import SchedulingModel

/// Every pod that is demand is either placed or said to be pending; the summary counts both.
extension Replay {
    func pendingViolations(in plan: Plan) -> [Violation] {
        var violations: [Violation] = []
        var seen: Set<PodKey> = []
        let assigned = Set(plan.assignments.map(\.pod))
        for entry in plan.pending {
            guard let pod = self.snapshot.podIndex(of: entry.pod), self.snapshot.pods[pod].isDemand else {
                violations.append(Violation(.pendingWithoutDemand, pod: entry.pod))
                continue
            }
            if !seen.insert(entry.pod).inserted { violations.append(Violation(.pendingTwice, pod: entry.pod)) }
            if assigned.contains(entry.pod) { violations.append(Violation(.assignedAndPending, pod: entry.pod)) }
            let root = self.snapshot.pods[pod].group.map(self.forest.root(of:))
            if entry.group != root { violations.append(Violation(.pendingGroupWrong(actual: root), pod: entry.pod)) }
        }
        for pod in self.snapshot.pods where pod.isDemand && !seen.contains(pod.key) && !assigned.contains(pod.key) {
            violations.append(Violation(.forgotten, pod: pod.key))
        }
        if zip(plan.pending, plan.pending.dropFirst()).contains(where: { $0.pod > $1.pod }) {
            violations.append(Violation(.pendingUnsorted))
        }
        return violations
    }

    func summaryViolations(in plan: Plan) -> [Violation] {
        let (summary, pods) = (plan.summary, self.snapshot.pods)
        var gated = 0
        var foreign = 0
        for pod in pods {
            switch pod.standing {
            case .gatedElsewhere: gated += 1
            case .foreignScheduler: foreign += 1
            case .bound, .pending, .invalid: break
            }
        }
        let figures: [(name: String, stated: Int, actual: Int)] = [
            ("nodeCount", summary.nodeCount, self.snapshot.nodes.count),
            ("pendingPods", summary.pendingPods, plan.pending.count),
            ("placedPods", summary.placedPods, plan.assignments.count),
            ("gatedElsewhere", summary.gatedElsewhere, gated),
            ("foreignScheduler", summary.foreignScheduler, foreign),
            (
                "acceleratorsAllocatedAfter", summary.acceleratorsAllocatedAfter,
                max(summary.acceleratorsAllocatedAfter, summary.acceleratorsAllocatedBefore)
            ),
        ]
        return figures.filter { $0.stated != $0.actual }.map {
            Violation(.summaryWrong(figure: $0.name, stated: $0.stated, actual: $0.actual))
        }
    }
}
