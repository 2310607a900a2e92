import PlacementSolver
import SchedulingModel

extension PlanningCycle {
    /// Bound pods that the estimate of demand is made from; of more, every so many counts.
    private static let evidenceLimit = 16_384

    /// Plans where single pods go, for those that wait and for the demand that the pods in the cluster let expect.
    ///
    /// Where few pods ask for devices there is nothing to learn from, and pods are packed by what is free alone.
    mutating func planFill() {
        self.fillPlanIsDue = false
        var pending = DemandMix()
        var mix = DemandMix()
        let bound = self.snapshot.pods.indices.filter { self.isEvidence($0) }
        let stride = max(1, bound.count / Self.evidenceLimit)
        for position in Swift.stride(from: 0, to: bound.count, by: stride) {
            self.state.observe(bound[position], in: &mix)
        }
        for (pod, state) in self.snapshot.pods.enumerated()
        where state.standing == .pending && self.state.node(of: pod) == nil {
            self.state.observe(pod, in: &mix)
            // Members of gangs that found no room wait for a change of the cluster.
            if self.state.groups.topGroupByPod[pod] < 0 { self.state.observe(pod, in: &pending) }
        }
        guard mix.devicePodCount >= DemandMix.leastEvidence else { return }
        self.state.planFill(pending: pending, expecting: mix)
    }

    /// A bound pod that competes for nodes with devices: others say nothing of what is to come there.
    private func isEvidence(_ pod: Int) -> Bool {
        let state = self.snapshot.pods[pod]
        guard !state.belongsToNode, let node = self.state.node(of: pod) else { return false }
        return !state.deviceRequests.isEmpty || !self.snapshot.nodes[node].devicePools.isEmpty
    }
}
