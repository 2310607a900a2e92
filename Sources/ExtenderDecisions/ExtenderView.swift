package import ControlLoop
import PlacementSolver
package import SchedulingModel

/// A published plan, laid out for answering questions about single pods: the cluster with every planned pod on its node, with the
/// devices that the plan gives it.
///
/// Asking changes nothing that a later answer could depend on: what is tried is taken back. The methods are mutating so that
/// it is tried in place, without a copy.
package struct ExtenderView: Sendable {
    package let cycle: UInt64
    var state: SolverState
    private let podByUID: [String: Int]
    private let keys: Set<PodKey>
    let nodeTable: NodeNameTable
    /// Whether the pod had its node before the plan.
    let isFactByPod: [Bool]
    /// Pods that room is kept for while others leave it, with what the plan decided for each.
    private var preemptionByPod: [Int: Preemption] = [:]
    /// The first position, where a pod that the plan does not know yet is seated.
    static let guest = 0

    /// - Parameter uids: Of the snapshot's pods.
    /// - Complexity: That of compiling the snapshot.
    package init(_ published: PublishedPlan, uids: [PodKey: String]) {
        self.cycle = published.cycle
        let snapshot = published.snapshot
        self.keys = Set(snapshot.pods.map(\.key))
        var pods = snapshot.pods
        for assignment in published.plan.assignments {
            guard let pod = snapshot.podIndex(of: assignment.pod) else { continue }
            pods[pod].standing = .bound(assignment.node)
            pods[pod].knownDevices = assignment.devices.filter { !$0.isAssumed }
        }
        // Beside those who leave: nobody else gets the room, now or then.
        for reservation in published.plan.preemptions.flatMap(\.reservations) {
            guard let pod = snapshot.podIndex(of: reservation.pod) else { continue }
            pods[pod].standing = .bound(reservation.node)
            pods[pod].knownDevices = reservation.devices
        }
        self.isFactByPod = [false] + snapshot.pods.map { $0.node != nil }
        pods.append(Self.placeForGuests(on: snapshot.nodes))
        self.state = SolverState(
            ClusterSnapshot(nodes: snapshot.nodes, pods: pods, groups: snapshot.groups, topology: snapshot.topology))
        var podByUID: [String: Int] = [:]
        for (index, pod) in self.state.snapshot.pods.enumerated() {
            if let uid = uids[pod.key] { podByUID[uid] = index }
        }
        self.podByUID = podByUID
        for preemption in published.plan.preemptions {
            for key in preemption.reservations.map(\.pod) {
                if let pod = self.state.snapshot.podIndex(of: key) { self.preemptionByPod[pod] = preemption }
            }
        }
        self.nodeTable = NodeNameTable(snapshot.nodes.lazy.map(\.name))
    }

    /// Keeps a place for pods that no plan has seen. They may be the first to ask for something that nodes have, so it asks for
    /// all of that. No Kubernetes name is empty, so nobody stands before it.
    private static func placeForGuests(on nodes: [NodeState]) -> PodState {
        var place = PodState(key: PodKey(namespace: "", name: ""))
        var last = ResourceAmounts()
        // Nodes of one kind allocate the same, and stand together.
        for node in nodes where node.allocatable != last {
            last = node.allocatable
            place.requests.formMaximum(last)
        }
        return place
    }

    package func pod(ofUID uid: String) -> Int? { self.podByUID[uid] }

    package func asksForDevices(_ pod: Int) -> Bool { !self.state.snapshot.pods[pod].deviceRequests.isEmpty }

    // MARK: Which pod is meant

    /// What is known of a pod that is asked about.
    package enum Subject: Hashable {
        /// A position in the view's snapshot.
        case pod(Int)
        /// Member of a gang that no plan has seen yet.
        case newGangMember
        /// The snapshot knows another pod under the name.
        case otherUnderItsName
        /// It asks for a resource that no node has.
        case unservable
    }

    /// - Parameter state: What the request says of the pod, for one that the snapshot does not know yet.
    package mutating func subject(uid: String, _ state: PodState) -> Subject {
        if let pod = self.podByUID[uid] { return .pod(pod) }
        if self.keys.contains(state.key) { return .otherUnderItsName }
        if state.group != nil { return .newGangMember }
        return self.state.seat(state, at: Self.guest) ? .pod(Self.guest) : .unservable
    }

    // MARK: Filter

    package enum Verdict: Hashable {
        case fits
        /// Would fit if others left.
        case busy(Cause)
        /// Nothing that leaves would help.
        case never(Cause)
    }

    /// Told without the node's name, so that the scheduler can count equal ones.
    package enum Cause: Hashable {
        case gangWaits
        case gangElsewhere
        case keptForPlanned
        case nodeNotSeen
        case nameTaken
        case resourceUnknown
        case rejection(ReasonCode)

        package var text: String {
            switch self {
            case .gangWaits: "the gang waits whole"
            case .gangElsewhere: "the plan keeps the gang elsewhere"
            case .keptForPlanned: "kept for planned pods"
            case .nodeNotSeen: "node not seen yet"
            case .nameTaken: "another pod of this name is known"
            case .resourceUnknown: "no node has a resource that the pod asks for"
            case .rejection(let code): code.rawValue
            }
        }
    }

    package var nodeCount: Int { self.state.snapshot.nodes.count }

    /// The node that the plan, or a decision made before it, gives the pod.
    package func plannedNode(of pod: Int) -> NodeName? {
        self.plannedPosition(of: pod).map { self.state.snapshot.nodes[$0].name }
    }

    package func plannedPosition(of pod: Int) -> Int? {
        self.preemptionByPod[pod] == nil ? self.state.node(of: pod) : nil
    }

    package func isGangMember(_ pod: Int) -> Bool { self.state.groups.topGroupByPod[pod] >= 0 }

    /// The position of a node by the bytes of its name; nil for one that the snapshot does not hold.
    package func position(ofNodeNamed name: UnsafeBufferPointer<UInt8>) -> Int? { self.nodeTable.position(of: name) }

    package func position(of name: NodeName) -> Int? { self.nodeTable.position(of: name) }

    /// What is to be said of each node: a member of a gang goes where the plan says and nowhere else; a single pod goes where it
    /// fits beside everything that is planned.
    package mutating func verdicts(of pod: Int, on nodes: [Int?]) -> [Verdict] {
        if self.isGangMember(pod) {
            guard let planned = self.plannedPosition(of: pod) else { return nodes.map { _ in .busy(.gangWaits) } }
            return nodes.map { $0 == planned ? .fits : .busy(.gangElsewhere) }
        }
        let start = self.state.checkpoint
        self.state.release(pod)
        defer { self.state.rollback(to: start) }
        return nodes.map { self.verdict(of: pod, on: $0) }
    }

    private mutating func verdict(of pod: Int, on node: Int?) -> Verdict {
        guard let node else { return .busy(.nodeNotSeen) }
        if self.state.fit(pod, on: node) != nil { return .fits }
        guard let code = self.state.firstRejection(pod, on: node)?.code else { return .busy(.keptForPlanned) }
        return code.isCuredByLeaving ? .busy(.rejection(code)) : .never(.rejection(code))
    }

    // MARK: Prioritize

    /// 0 to 10: the planned node 10, others by how few devices they have free, the fullest 9.
    package func scores(of pod: Int, on nodes: [Int?]) -> [Int] {
        let planned = self.plannedPosition(of: pod)
        let free = nodes.map { node in node.map { self.state.deviceCounts(on: $0).idle } }
        // How many lower levels of free devices occur, by level.
        var rank = [Int](repeating: 0, count: (free.lazy.compactMap(\.self).max() ?? 0) + 1)
        for case .some(let level) in free { rank[level] = 1 }
        var levels = 0
        for level in rank.indices { (rank[level], levels) = (levels, levels + rank[level]) }
        if free.contains(nil) { levels += 1 }
        return zip(nodes, free).map { node, free in
            if node != nil, node == planned { return 10 }
            return max(0, 9 - (free.map { rank[$0] } ?? levels - 1) * 10 / levels)
        }
    }

    // MARK: Preempt

    /// What the plan has decided for a single pod; nil where it decided nothing, or something that kube-scheduler cannot carry
    /// out: victims on other nodes are the controller's to evict.
    package func plannedVictims(of pod: Int) -> (node: NodeName, uids: [String])? {
        guard let preemption = self.preemptionByPod[pod], preemption.group == nil,
            let node = preemption.reservations.first?.node
        else { return nil }
        let victims = preemption.victims.compactMap { self.state.snapshot.podIndex(of: $0) }
        guard !victims.isEmpty, victims.allSatisfy({ self.state.snapshot.pods[$0].node == node }) else { return nil }
        let wanted = Set(victims)
        let uids = self.podByUID.filter { wanted.contains($0.value) }.map(\.key).sorted()
        return uids.count == victims.count ? (node, uids) : nil
    }

    /// Whether the pod fits on a node once these have left it, and no gang is torn by that.
    package mutating func fits(_ pod: Int, on name: NodeName, without victims: [String]) -> Bool {
        guard let node = self.nodeTable.position(of: name), !victims.isEmpty else { return false }
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
