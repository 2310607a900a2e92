import KubernetesAPI
import KubernetesClient
import PlanReport
import SchedulingModel

/// What is to be told on the object that declares a gang.
struct GroupNotice: Sendable {
    let path: ResourcePath
    let object: ManifestObject
    /// Whether at least the minimum has nodes.
    let isPlaced: Bool
    /// The reason code of what waits, or `Placed`.
    let reason: String
    /// The evidence and the smallest change that helps, in one sentence.
    let text: String
}

/// Keeps track of what has been told on pod groups, so that only news is written.
///
/// Of gangs that wait the reason is told; of gangs that were told to wait that they do no more. One that never waited
/// is left alone.
struct GroupNotices {
    private struct Told: Hashable {
        var reason: String
        var fix: Fix?
    }

    private var told: [String: Told] = [:]

    /// What the plan says that was not told yet; it counts as told from now on.
    mutating func news(_ report: PlanReport, _ cache: ClusterCache, _ paths: [ResourcePath]) -> [GroupNotice] {
        let waiting = Dictionary(
            report.plan.pending.compactMap { pod in pod.group.map { ($0, pod) } },
            uniquingKeysWith: { first, _ in first })
        let placements = Dictionary(report.plan.groups.map { ($0.group, $0) }, uniquingKeysWith: { first, _ in first })
        var notices: [GroupNotice] = []
        var seen: Set<String> = []
        for group in report.snapshot.groups where group.parent == nil {
            guard let (path, object) = Self.object(of: group, cache, paths) else { continue }
            seen.insert(object.uid)
            let placement = placements[group.key]
            let isPlaced = placement.map { $0.placedCount > 0 && $0.placedCount >= $0.minMember } ?? false
            let news: Told
            var text = ""
            if isPlaced, let placement {
                guard self.hasWaited(object) else { continue }
                news = Told(reason: Self.placed)
                text =
                    "\(placement.placedCount) of \(placement.memberCount) members have nodes (min \(placement.minMember))"
            } else if let pending = waiting[group.key] {
                news = Told(reason: pending.reason.rawValue, fix: pending.fix)
                text = report.sentence(for: pending)
            } else {
                continue
            }
            guard self.told[object.uid] != news else { continue }
            self.told[object.uid] = news
            notices.append(
                GroupNotice(path: path, object: object, isPlaced: isPlaced, reason: news.reason, text: text))
        }
        self.told = self.told.filter { seen.contains($0.key) }
        return notices
    }

    /// It is told again with the next plan.
    mutating func forget(_ notice: GroupNotice) { self.told[notice.object.uid] = nil }

    private static let placed = "Placed"

    private func hasWaited(_ object: ManifestObject) -> Bool {
        if let told = self.told[object.uid] { return told.reason != Self.placed }
        // Told by a process before this one.
        return GroupTeller.condition(of: object)?["status"]?.string == "False"
    }

    /// Group and plural of what declares gangs, by how membership is declared.
    private static func kinds(_ source: PodGroup.Source) -> (group: String, plurals: [String])? {
        switch source {
        case .schedulerPlugins: ("scheduling.x-k8s.io", ["podgroups"])
        case .volcano: ("scheduling.volcano.sh", ["podgroups"])
        case .kai: ("scheduling.run.ai", ["podgroups"])
        case .kubernetes: (GroupTeller.kubernetes, ["podgroups", "compositepodgroups"])
        case .berth, .kueue, .koordinator, .leaderWorkerSet, .jobSet, .kubeflow, .ray, .job, .yunikorn, .workload: nil
        }
    }

    private static func object(
        of group: PodGroup, _ cache: ClusterCache, _ paths: [ResourcePath]
    ) -> (ResourcePath, ManifestObject)? {
        guard let kinds = Self.kinds(group.source) else { return nil }
        let key = ManifestObject.Key(namespace: group.key.namespace, name: group.key.name)
        for path in paths where kinds.plurals.contains(path.plural) && path.apiVersion.hasPrefix(kinds.group + "/") {
            guard let object = cache.object(path, key) else { continue }
            var own = path
            own.namespace = group.key.namespace
            own.name = group.key.name
            return (own, object)
        }
        return nil
    }
}
