import SchedulingModel

/// On which terms work may be bought for, by the time that it has left.
enum DeadlineTerms: Int, CaseIterable {
    /// No time for an interruption: spot only where there is nothing else.
    case urgent
    /// No deadline: whatever is expected to cost least.
    case cheapest
    /// Time to wait for spot: nothing on demand while spot could run it.
    case patient

    /// - Parameters:
    ///   - pods: Positions in the snapshot; the earliest deadline counts for all.
    ///   - now: Seconds since 1970; nil where nobody knows, and deadlines do not count.
    init(of pods: [Int], in snapshot: ClusterSnapshot, interruptions: InterruptionModel, atSeconds now: Int64?) {
        let starts = pods.compactMap { snapshot.pods[$0].deadline?.latestStartSeconds }
        guard let now, let start = starts.min() else {
            self = .cheapest
            return
        }
        self = now < start - interruptions.reserveSeconds ? .patient : .urgent
    }

    func allows(_ capacityType: CapacityType) -> Bool {
        switch self {
        case .urgent: capacityType != .spot
        case .cheapest: true
        case .patient: capacityType != .onDemand
        }
    }
}

extension InterruptionModel {
    /// What a start on spot must leave before the latest start: two interruptions, each with the work that it loses and the time until
    /// work goes on.
    public var reserveSeconds: Int64 { Int64((2 * (self.lostWorkHours + self.restartHours) * 3600).rounded()) }
}
