import PlacementSolver
import SchedulingModel

/// Shapes that found no node while nodes only fill up: pods of one gang like them need no search.
struct Refusals {
    private var shapes: Set<Int> = []

    /// Whether a pod like this one was refused.
    func cover(_ pod: Int, in state: inout SolverState) -> Bool {
        !self.shapes.isEmpty && state.isLikeItsShape(pod) && self.shapes.contains(state.shapeIdentity(of: pod))
    }

    mutating func insert(_ pod: Int, in state: inout SolverState) {
        self.shapes.insert(state.shapeIdentity(of: pod))
    }
}

extension SolverState {
    /// Whether all pods of its shape and gang get the answer that this one gets: not where an answer depends on other pods and so on
    /// labels, or a nomination sets the pod apart.
    fileprivate func isLikeItsShape(_ pod: Int) -> Bool {
        !self.looksAtOtherPods && self.snapshot.pods[pod].nominatedNode == nil
    }

    /// Per pod of one gang, whether it finds a node alone.
    mutating func fitAlone(_ pods: [Int]) -> [Bool] {
        var known: [Int: Bool] = [:]
        return pods.map { pod in
            guard self.isLikeItsShape(pod) else { return self.bestNode(for: pod) != nil }
            let shape = self.shapeIdentity(of: pod)
            let fits = known[shape] ?? (self.bestNode(for: pod) != nil)
            known[shape] = fits
            return fits
        }
    }
}
