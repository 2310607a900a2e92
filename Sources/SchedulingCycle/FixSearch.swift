import PlacementSolver
import SchedulingModel

/// Looks for the smallest change that makes pending work fit, by trying changes from small to large.
///
/// It owns a copy of the state and leaves it as it was. Bounded: few nodes and few victims are looked at, so no answer
/// does not prove that there is none.
struct FixSearch {
    var state: SolverState
    /// Why the pod last asked about may not run on each node, in the state as this search found it.
    private var judged: (pod: Int, rejections: NodeRejections)?

    /// Nodes examined for moving or evicting pods.
    static let nodeLimit = 32
    /// Pods moved at most.
    static let moveLimit = 3
    /// Fits that the exhaustive search may try each time a gang is tried on a changed state.
    static let gangStepLimit = 2_000

    init(state: SolverState) { self.state = state }

    var snapshot: ClusterSnapshot { self.state.snapshot }

    /// In the state as this search found it; every change has been rolled back when this is asked.
    mutating func rejections(_ pod: Int) -> NodeRejections {
        if let judged, judged.pod == pod { return judged.rejections }
        let rejections = self.state.rejectionsByNode(pod)
        self.judged = (pod, rejections)
        return rejections
    }

    // MARK: One pod

    mutating func fix(for pod: Int, _ explanation: Diagnosis.Explanation) -> Fix? {
        switch explanation.reason {
        case .untoleratedTaint: return self.tolerations(pod).first
        case .nodeAffinityMismatch, .hostPortConflict, .volumeNodeAffinityMismatch, .topologySpreadViolated,
            .podAffinityUnsatisfied, .podAntiAffinityViolated, .nodeUnschedulable, .nodeNotReady:
            return self.relaxed(pod, explanation.reason)
        case .insufficientGPUs, .insufficientCPU, .insufficientMemory, .insufficientResource, .insufficientGPUMemory,
            .tooManyPods, .unsuitableGPUs:
            let nodes = self.nodesShortOfRoom(pod)
            return self.termination(pod, nodes) ?? self.move(pod, nodes) ?? self.preemption(pod, nodes)
                ?? self.newNodes(pod) ?? self.tolerations(pod).first ?? self.smallerRequest(pod, explanation)
                ?? self.lessMemory(pod)
        case .volumeUnavailable, .invalidRequest, .groupInvalid: return .correctObject
        case .noNodes, .searchLimitReached, .topologyDomainTooSmall, .domainOccupied, .tooFewMembers, .siblingsUnplaced:
            return nil
        }
    }

    /// What would have to be tolerated, where that alone is enough: fewest taints first, then what opens most nodes.
    mutating func tolerations(_ pod: Int) -> [Fix] {
        let rejections = self.rejections(pod)
        let tainted = rejections.nodes { reasons in
            if reasons.count == 1, case .untoleratedTaint = reasons[0] { true } else { false }
        }
        let tolerations = self.snapshot.pods[pod].constraints.tolerations
        var nodeCounts: [Set<Taint>: Int] = [:]
        for node in tainted {
            let taints = self.snapshot.nodes[node].taints.filter { taint in
                taint.isHard && !tolerations.contains { $0.tolerates(taint) }
            }
            nodeCounts[Set(taints), default: 0] += 1
        }
        let choices = nodeCounts.keys.map { taints in
            let opened = nodeCounts.reduce(0) { $0 + ($1.key.isSubset(of: taints) ? $1.value : 0) }
            return (taints: taints.sorted { Self.order($0) < Self.order($1) }, nodeCount: opened)
        }
        return choices.sorted { lhs, rhs in
            if lhs.taints.count != rhs.taints.count { return lhs.taints.count < rhs.taints.count }
            if lhs.nodeCount != rhs.nodeCount { return lhs.nodeCount > rhs.nodeCount }
            return lhs.taints.lexicographicallyPrecedes(rhs.taints) { Self.order($0) < Self.order($1) }
        }.map { .addTolerations($0.taints, nodeCount: $0.nodeCount) }
    }

    private static func order(_ taint: Taint) -> (String, String, String) {
        (taint.key, taint.value, taint.effect.rawValue)
    }

    /// Without the one condition, on how many nodes the pod would fit.
    mutating func relaxed(_ pod: Int, _ code: ReasonCode) -> Fix? {
        let count = self.rejections(pod).nodes { !$0.isEmpty && $0.allSatisfy { $0.code == code } }.count
        return count > 0 ? .relaxConstraint(code, nodeCount: count) : nil
    }

    // MARK: Room made by others

    /// Nodes that only lack amounts or devices which evictions could free, nearest first.
    private mutating func nodesShortOfRoom(_ pod: Int) -> [Int] {
        let rejections = self.rejections(pod)
        let shortages = rejections.answers.map(Self.shortage)
        let found = rejections.nodes { reasons in
            !reasons.isEmpty
                && reasons.allSatisfy { reason in
                    switch reason {
                    case .insufficient, .insufficientDeviceMemory, .hostPortConflict: reason.isResolvableByPreemption
                    default: false
                    }
                }
        }.map { (node: $0, shortage: shortages[Int(rejections.answerByNode[$0])]) }
        return found.sorted { ($0.shortage, $0.node) < ($1.shortage, $1.node) }.prefix(Self.nodeLimit).map(\.node)
    }

    private static func shortage(_ reasons: [RejectionReason]) -> Int64 {
        reasons.reduce(0) { sum, reason in
            guard case .insufficient(let resource, let requested, let free, _) = reason else { return sum }
            return sum.addingSaturated(
                resource.isAccelerator ? (requested - free).multipliedReportingOverflow(by: 1000).partialValue : 1)
        }
    }

    private mutating func termination(_ pod: Int, _ nodes: [Int]) -> Fix? {
        for node in nodes {
            let leaving = self.state.pods(on: node).filter { self.snapshot.pods[$0].isTerminating }
            if let needed = self.smallestRelease(leaving, lettingIn: pod, on: node) {
                return .waitForTermination(pods: self.keys(needed), nodes: [self.snapshot.nodes[node].name])
            }
        }
        return nil
    }

    private mutating func preemption(_ pod: Int, _ candidates: [Int]) -> Fix? {
        let state = self.snapshot.pods[pod]
        var best: (victims: [Int], node: Int)?
        for node in candidates {
            let lower = self.victims(on: node) { self.snapshot.pods[$0].priority < state.priority }
            guard let needed = self.smallestRelease(lower, lettingIn: pod, on: node) else { continue }
            if best.map({ needed.count < $0.victims.count }) ?? true { best = (needed, node) }
        }
        guard let best else { return nil }
        let nodes = [self.snapshot.nodes[best.node].name]
        return state.mayPreempt
            ? .preempt(pods: self.keys(best.victims), nodes: nodes)
            : .freePods(pods: self.keys(best.victims), nodes: nodes)
    }

    /// Bound pods that may be evicted at all, those least worth keeping first: priority, then fewest devices, then youngest.
    func victims(on node: Int, where isEligible: (Int) -> Bool) -> [Int] {
        self.state.pods(on: node).filter { pod in
            let state = self.snapshot.pods[pod]
            return state.node != nil && !state.belongsToNode && state.group == nil && isEligible(pod)
        }.sorted { lhs, rhs in
            let (left, right) = (self.snapshot.pods[lhs], self.snapshot.pods[rhs])
            let devices = (self.deviceCount(lhs), self.deviceCount(rhs))
            return (Int(left.priority), devices.0, -left.creationSeconds, lhs)
                < (Int(right.priority), devices.1, -right.creationSeconds, rhs)
        }
    }

    func deviceCount(_ pod: Int) -> Int {
        self.snapshot.pods[pod].deviceRequests.reduce(0) { $0 + $1.count }
    }

    /// Frees all candidates, then keeps each that is not needed, most valuable first. Nil where even all do not help.
    private mutating func smallestRelease(_ candidates: [Int], lettingIn pod: Int, on node: Int) -> [Int]? {
        guard !candidates.isEmpty else { return nil }
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        let places = candidates.map { self.state.candidate(of: $0) }
        for candidate in candidates { self.state.release(candidate) }
        guard self.state.fit(pod, on: node) != nil else { return nil }
        var needed: [Int] = []
        for (candidate, place) in zip(candidates, places).reversed() {
            guard let place else { continue }
            let before = self.state.checkpoint
            self.state.assume(candidate, place)
            if self.state.fit(pod, on: node) != nil { continue }
            self.state.rollback(to: before)
            needed.append(candidate)
        }
        return needed.isEmpty ? nil : needed
    }

    /// Moves up to `moveLimit` pods off one node to others where they fit.
    private mutating func move(_ pod: Int, _ nodes: [Int]) -> Fix? {
        var moves: [(pods: [Int], node: Int)] = []
        for node in nodes {
            let movable = self.victims(on: node) { !self.snapshot.pods[$0].isTerminating }
            guard let needed = self.smallestRelease(movable, lettingIn: pod, on: node) else { continue }
            if needed.count <= Self.moveLimit { moves.append((needed, node)) }
        }
        let fewestFirst = moves.indices.sorted { (moves[$0].pods.count, $0) < (moves[$1].pods.count, $1) }
        for move in fewestFirst {
            if let fix = self.move(pod, to: moves[move].node, moves[move].pods) { return fix }
        }
        return nil
    }

    private mutating func move(_ pod: Int, to node: Int, _ needed: [Int]) -> Fix? {
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        for moved in needed { self.state.release(moved) }
        guard let candidate = self.state.fit(pod, on: node) else { return nil }
        self.state.assume(pod, candidate)
        var targets: [NodeName] = []
        for moved in needed {
            let elsewhere = NodeBitset(capacity: self.state.nodeCount) { $0 != node }
            guard let target = self.state.bestNode(for: moved, in: elsewhere) else { return nil }
            self.state.assume(moved, target)
            targets.append(self.snapshot.nodes[target.node].name)
        }
        return .movePods(pods: self.keys(needed), to: targets)
    }

    // MARK: Other nodes, other requests

    /// One more node like the first that would take the pod if it were empty.
    private mutating func newNodes(_ pod: Int) -> Fix? {
        for node in self.snapshot.nodes.indices where self.fitsEmpty([pod], on: node) == 1 {
            return .addNodes(count: 1, like: self.snapshot.nodes[node].name)
        }
        return nil
    }

    /// How many of the pods fit on a node like this one when nobody but the node's own pods runs there.
    mutating func fitsEmpty(_ pods: some Sequence<Int>, on node: Int) -> Int {
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        for other in self.state.pods(on: node) where !self.snapshot.pods[other].belongsToNode {
            self.state.release(other)
        }
        var count = 0
        for pod in pods {
            guard let candidate = self.state.fit(pod, on: node) else { break }
            self.state.assume(pod, candidate)
            count += 1
        }
        return count
    }

    /// The most of the short resource that some node has for this pod, where nothing else keeps it away.
    private mutating func smallerRequest(_ pod: Int, _ explanation: Diagnosis.Explanation) -> Fix? {
        guard let resource = Self.shortResource(explanation) else { return nil }
        return self.smallerAmounts(of: resource, for: pod).first.map { .lowerRequest(resource: resource, to: $0) }
    }

    static func shortResource(_ explanation: Diagnosis.Explanation) -> ResourceName? {
        explanation.evidence.shortfalls.first { shortfall in
            RejectionReason.insufficient(resource: shortfall.resource, requested: 1, free: 0, allocatable: 0).code
                == explanation.reason
        }?.resource
    }

    /// Different amounts of the resource that nodes have for this pod, largest first, where nothing else keeps it away.
    mutating func smallerAmounts(of resource: ResourceName, for pod: Int) -> [Int64] {
        let nodes = self.rejections(pod).nodes { reasons in
            reasons.allSatisfy { reason in
                switch reason {
                case .insufficient(resource, _, _, _), .unsuitableDevices(resource, _, _): true
                default: false
                }
            }
        }
        return Set(nodes.map { self.largestRequest(of: resource, by: pod, on: $0) }).filter { $0 > 0 }.sorted(by: >)
    }

    private func largestRequest(of resource: ResourceName, by pod: Int, on node: Int) -> Int64 {
        let free = self.state.freeAmount(of: resource, on: node)
        guard var request = self.snapshot.pods[pod].deviceRequests.first(where: { $0.resource == resource }) else {
            return free
        }
        guard let ledger = self.state.deviceLedgers(on: node).first(where: { $0.pool.resource == resource }) else {
            return 0
        }
        let largest = Int(clamping: min(free, Int64(request.count) - 1))
        for count in stride(from: largest, to: 0, by: -1) {
            request.count = count
            if ledger.choose(request) != nil { return Int64(count) }
        }
        return 0
    }

    func keys(_ pods: [Int]) -> [PodKey] { pods.map { self.snapshot.pods[$0].key }.sorted() }
}
