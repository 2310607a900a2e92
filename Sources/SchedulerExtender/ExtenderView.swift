public import ControlLoop
import PlacementSolver
public import SchedulingModel

/// A published plan, laid out for answering questions about single pods: the cluster with every planned pod in its place.
///
/// Asking changes nothing that a later answer could depend on: what is tried is taken back.
public struct ExtenderView: Sendable {
    public let cycle: UInt64
    private var state: SolverState
    private let podByUID: [String: Int]
    private let plannedNode: [Int: Int]

    /// - Parameter uids: Of the snapshot's pods.
    public init(_ published: PublishedPlan, uids: [PodKey: String]) {
        self.cycle = published.cycle
        var state = SolverState(published.snapshot)
        var planned: [Int: Int] = [:]
        for assignment in published.plan.assignments {
            guard let pod = state.snapshot.podIndex(of: assignment.pod),
                let node = state.snapshot.nodeIndex(of: assignment.node), let candidate = state.fit(pod, on: node)
            else { continue }
            state.assume(pod, candidate)
            planned[pod] = node
        }
        state.forgetHistory()
        self.state = state
        self.plannedNode = planned
        var podByUID: [String: Int] = [:]
        for (index, pod) in published.snapshot.pods.enumerated() {
            if let uid = uids[pod.key] { podByUID[uid] = index }
        }
        self.podByUID = podByUID
    }

    private init(_ view: ExtenderView, adding pod: PodState) {
        self.cycle = view.cycle
        let old = view.state.snapshot
        self.state = SolverState(
            ClusterSnapshot(nodes: old.nodes, pods: old.pods + [pod], groups: old.groups, topology: old.topology))
        var planned: [Int: Int] = [:]
        for (index, node) in view.plannedNode {
            guard let moved = self.state.snapshot.podIndex(of: old.pods[index].key),
                let candidate = self.state.fit(moved, on: node)
            else { continue }
            self.state.assume(moved, candidate)
            planned[moved] = node
        }
        self.state.forgetHistory()
        self.plannedNode = planned
        self.podByUID = [:]
    }

    /// Whether the snapshot holds a pod of this UID.
    func knows(_ uid: String) -> Bool { self.podByUID[uid] != nil }

    // MARK: Which pod is meant

    /// A pod of the snapshot, and the view that knows it.
    struct Subject {
        var view: ExtenderView
        var pod: Int
    }

    /// - Parameter state: What the request says of the pod, for one that the snapshot does not know yet.
    /// - Returns: Nil where the snapshot knows another pod under the name.
    /// - Complexity: O(1) for a known pod; else a solver state is compiled for it.
    func subject(uid: String, _ state: PodState) -> Subject? {
        if let pod = self.podByUID[uid] { return Subject(view: self, pod: pod) }
        guard self.state.snapshot.podIndex(of: state.key) == nil else { return nil }
        let view = ExtenderView(self, adding: state)
        return view.state.snapshot.podIndex(of: state.key).map { Subject(view: view, pod: $0) }
    }

    // MARK: Filter

    enum Verdict: Hashable {
        case fits
        /// Would fit if others left.
        case busy(String)
        /// Nothing that leaves would help.
        case never(String)
    }

    var nodeCount: Int { self.state.snapshot.nodes.count }

    /// The node that the plan gives the pod.
    func plannedNode(of pod: Int) -> NodeName? { self.plannedNode[pod].map { self.state.snapshot.nodes[$0].name } }

    func isGangMember(_ pod: Int) -> Bool { self.state.groups.topGroupByPod[pod] >= 0 }

    /// What is to be said of each node: a member of a gang goes where the plan says and nowhere else; a single pod goes where it
    /// fits beside everything that is planned.
    mutating func verdicts(of pod: Int, on names: [NodeName]) -> [Verdict] {
        if self.isGangMember(pod) {
            guard let planned = self.plannedNode[pod] else {
                return names.map { _ in .busy("the gang waits whole") }
            }
            let name = self.state.snapshot.nodes[planned].name
            return names.map { $0 == name ? .fits : .busy("the plan keeps the gang elsewhere") }
        }
        let start = self.state.checkpoint
        self.state.release(pod)
        defer { self.state.rollback(to: start) }
        return names.map { self.verdict(of: pod, on: $0) }
    }

    private mutating func verdict(of pod: Int, on name: NodeName) -> Verdict {
        guard let node = self.state.snapshot.nodeIndex(of: name) else { return .busy("node not seen yet") }
        if self.state.fit(pod, on: node) != nil { return .fits }
        guard let code = self.state.rejections(pod, on: node).first?.code else { return .busy("kept for planned pods") }
        return code.isCuredByLeaving ? .busy(code.rawValue) : .never(code.rawValue)
    }

    // MARK: Prioritize

    /// 0 to 10: the planned node 10, others by how few devices they have free, the fullest 9.
    mutating func scores(of pod: Int, on names: [NodeName]) -> [Int] {
        let planned = self.plannedNode(of: pod)
        let free = names.map { name in
            self.state.snapshot.nodeIndex(of: name).map { self.state.deviceCounts(on: $0).idle } ?? .max
        }
        let levels = Array(Set(free)).sorted()
        let rank = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, $0) })
        return zip(names, free).map { name, free in
            if name == planned { return 10 }
            return max(0, 9 - (rank[free] ?? 9) * 10 / max(1, levels.count))
        }
    }

    // MARK: Preempt

    /// Whether the pod fits on a node once these have left it, and no gang is torn by that.
    mutating func fits(_ pod: Int, on name: NodeName, without victims: [String]) -> Bool {
        guard let node = self.state.snapshot.nodeIndex(of: name), !victims.isEmpty else { return false }
        let pods = victims.compactMap { self.podByUID[$0] }
        guard pods.count == victims.count, !pods.contains(where: { self.isGangMember($0) }) else { return false }
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        self.state.release(pod)
        for victim in pods { self.state.release(victim) }
        return self.state.fit(pod, on: node) != nil
    }
}

extension ReasonCode {
    /// Whether the reason goes when other pods leave the node.
    fileprivate var isCuredByLeaving: Bool {
        switch self {
        case .insufficientGPUs, .insufficientGPUMemory, .insufficientCPU, .insufficientMemory, .insufficientResource,
            .hostPortConflict, .tooManyPods, .podAntiAffinityViolated, .topologySpreadViolated:
            true
        default: false
        }
    }
}
