import KubernetesAPI
import SchedulingModel

/// What a pod says about its place in the ring. Ordered as the ring runs.
struct RankHint: Hashable, Comparable {
    /// Coordinating roles before workers.
    var role = 0
    /// The job within its set, where a gang spans several.
    var job = 0
    var index: Int

    /// Nil where nothing on the pod says.
    init?(_ pod: Pod) {
        let labels = pod.metadata.labels
        func number(_ key: String) -> Int? { labels[key].flatMap(Int.init(index:)) }
        if let index = number(TrainingJobKeys.replicaIndex) {
            let role = labels[TrainingJobKeys.replicaType] ?? labels[TrainingJobKeys.jobRole] ?? "worker"
            self.role = TrainingJob.rankOrder(ofRole: role.lowercased())
            self.index = index
        } else if let index = pod.completionIndex {
            self.job = number(JobSetKeys.jobGlobalIndex) ?? 0
            self.index = index
        } else if let index = number(LeaderWorkerSetKeys.workerIndex) ?? number(RayKeys.hostIndex)
            ?? number(GangKeys.Kueue.podIndex) ?? number("apps.kubernetes.io/pod-index")
        {
            self.index = index
        } else if let index = number(VolcanoKeys.taskIndex) {
            self.role = TrainingJob.rankOrder(ofRole: labels[VolcanoKeys.task]?.lowercased() ?? "")
            self.index = index
        } else if let index = Self.environmentRank(pod) {
            self.index = index
        } else {
            return nil
        }
    }

    private static func environmentRank(_ pod: Pod) -> Int? {
        for name in Container.rankVariables {
            for container in pod.spec.containers {
                if let rank = container.environment[name].flatMap(Int.init(index:)) { return rank }
            }
        }
        return nil
    }

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.role, lhs.job, lhs.index) < (rhs.role, rhs.job, rhs.index)
    }
}

extension RankHint {
    /// Ranks of the pods in the order given, each once. Pods with the same hint, or with none, come in that order, the
    /// ones without a hint last.
    ///
    /// Where hints differ, a missing member leaves its rank free: roles follow each other, each as long as its largest
    /// index. Where two pods claim one place, as a pod and its replacement do, ranks are counted without gaps.
    static func ranks(_ hints: [RankHint?]) -> [Int] {
        let order = hints.indices.sorted { lhs, rhs in
            switch (hints[lhs], hints[rhs]) {
            case (let left?, let right?): left == right ? lhs < rhs : left < right
            case (_?, nil): true
            case (nil, _?): false
            case (nil, nil): lhs < rhs
            }
        }
        var ranks = [Int](repeating: 0, count: hints.count)
        let given = hints.compactMap(\.self)
        let isExact = given.count == hints.count && Set(given).count == given.count
        var (offset, last): (Int, RankHint?) = (0, nil)
        for (position, member) in order.enumerated() {
            guard isExact, let hint = hints[member] else {
                ranks[member] = position
                continue
            }
            if let last, (last.role, last.job) != (hint.role, hint.job) {
                offset = offset.addingSaturated(last.index).addingSaturated(1)
            }
            ranks[member] = offset.addingSaturated(hint.index)
            last = hint
        }
        return ranks
    }
}
