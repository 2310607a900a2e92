public import SchedulingModel

extension PlanReport {
    /// Why a pod waits and what would help, in one sentence: the reason code, the evidence, the smallest change.
    public func sentence(for pending: PendingPod) -> String {
        let gang = pending.group.flatMap { self.placement(of: $0) }
        let reason = "\(pending.reason.rawValue): \(self.reasons.message(for: pending, in: gang))"
        guard let fix = self.reasons.fixMessage(pending) else { return reason }
        return "\(reason). Fix: \(fix)"
    }
}
