import ControlLoop
import SchedulingModel

/// The API server's truth: who exists, where everything stands, and what a write needs to be accepted.
///
/// Copied of the real one: a version that grows with every write, UID and version as preconditions, one binding per pod, a pin
/// that can never be changed, eviction within budgets, pods that end after a grace time, pods collected with their node.
struct SimulatedStore {
    struct Pod {
        var observed: ObservedPod
        /// Index of the workload that makes it anew.
        var workload: Int
        /// Admitted by the kubelet.
        var isRunning = false
        /// Placed by Berth: pinned or bound by it.
        var isOurs = false

        var state: PodState { self.observed.state }
        var key: PodKey { self.observed.state.key }
        var isGone = false
    }

    /// One line of a watch.
    enum Change {
        case node(NodeState)
        case nodeGone(NodeName)
        case pod(ObservedPod)
        case podGone(PodKey, uid: String)
        case group(PodGroup)
        case groupGone(PodGroupKey)
        case budgets([DisruptionBudget])
        case claim(LaunchClaim)
        case claimGone(String)
    }

    private(set) var nodes: [NodeName: NodeState] = [:]
    private(set) var pods: [PodKey: Pod] = [:]
    private(set) var groups: [PodGroupKey: PodGroup] = [:]
    /// How many pods of each workload must stay healthy, by the value of their label `app`.
    var minAvailable: [String: Int] = [:]
    private(set) var budgets: [DisruptionBudget] = []
    private(set) var claims: [String: LaunchClaim] = [:]
    /// Configuration of Berth, the same for all replicas.
    var pools: [NodePool] = []
    private var version: UInt64 = 0
    private var uidCount = 0
    /// Not yet handed to the watches, oldest first.
    private(set) var changes: [Change] = []

    let topology: Topology

    init(topology: Topology) { self.topology = topology }

    mutating func takeChanges() -> [Change] {
        defer { self.changes = [] }
        return self.changes
    }

    /// What a list shows now.
    var observed: ObservedCluster {
        ObservedCluster(
            nodes: self.nodes.values.sorted { $0.name < $1.name },
            pods: self.pods.values.map(\.observed).sorted { $0.state.key < $1.state.key },
            groups: self.groups.values.sorted { $0.key < $1.key }, topology: self.topology, budgets: self.budgets,
            pools: self.pools, claims: self.claims.values.sorted { $0.token < $1.token })
    }

    var podsByKey: [Pod] { self.pods.values.sorted { $0.key < $1.key } }

    func pods(on node: NodeName) -> [Pod] { self.podsByKey.filter { $0.state.node == node } }

    func pod(_ key: PodKey, uid: String) -> Pod? {
        self.pods[key].flatMap { $0.observed.uid == uid ? $0 : nil }
    }

    // MARK: Writes of the world

    mutating func put(_ node: NodeState) {
        self.nodes[node.name] = node
        self.changes.append(.node(node))
    }

    /// The node's pods are collected with it.
    mutating func remove(_ node: NodeName) {
        guard self.nodes.removeValue(forKey: node) != nil else { return }
        self.changes.append(.nodeGone(node))
        for pod in self.pods(on: node) { self.remove(pod.key) }
    }

    mutating func put(_ group: PodGroup) {
        self.groups[group.key] = group
        self.changes.append(.group(group))
    }

    mutating func remove(_ group: PodGroupKey) {
        guard self.groups.removeValue(forKey: group) != nil else { return }
        self.changes.append(.groupGone(group))
    }

    mutating func create(_ state: PodState, door: ObservedPod.Door, isRecreated: Bool, workload: Int) {
        self.uidCount += 1
        self.version += 1
        let observed = ObservedPod(
            state: state, uid: "u\(self.uidCount)", version: self.version, door: door, isRecreated: isRecreated)
        self.pods[state.key] = Pod(observed: observed, workload: workload)
        self.changes.append(.pod(observed))
    }

    mutating func update(_ key: PodKey, _ change: (inout Pod) -> Void) {
        guard var pod = self.pods[key] else { return }
        change(&pod)
        self.version += 1
        pod.observed.version = self.version
        self.pods[key] = pod
        self.changes.append(.pod(pod.observed))
    }

    mutating func remove(_ key: PodKey) {
        guard let pod = self.pods.removeValue(forKey: key) else { return }
        self.version += 1
        self.changes.append(.podGone(key, uid: pod.observed.uid))
    }

    // MARK: Claims

    mutating func record(_ claim: LaunchClaim) -> PoolResult {
        let known = self.claims[claim.token]
        guard claim.version == 0 || known != nil else { return .notFound }
        guard known?.version ?? 0 == claim.version else { return .conflict }
        self.version += 1
        var written = claim
        written.version = self.version
        self.claims[claim.token] = written
        self.changes.append(.claim(written))
        return .recorded(version: self.version)
    }

    mutating func forget(_ claim: LaunchClaim) -> PoolResult {
        guard let known = self.claims[claim.token] else { return .notFound }
        guard known.version == claim.version else { return .conflict }
        self.removeClaim(claim.token)
        return .succeeded
    }

    mutating func removeClaim(_ token: String) {
        self.claims[token] = nil
        self.changes.append(.claimGone(token))
    }

    // MARK: Writes of schedulers

    /// The patch that pins and ungates.
    mutating func release(_ target: PodTarget, to node: NodeName) -> ActionResult {
        guard let pod = self.pods[target.key] else { return .notFound }
        guard pod.observed.uid == target.uid, pod.observed.version == target.version, pod.observed.door == .gate,
            !pod.state.isTerminating
        else { return .conflict }
        self.update(target.key) { pod in
            pod.observed.door = .scheduler
            pod.observed.pinnedNode = node
            pod.isOurs = true
        }
        return .succeeded
    }

    mutating func bind(_ key: PodKey, uid: String, to node: NodeName, isOurs: Bool) -> ActionResult {
        guard let pod = self.pods[key] else { return .notFound }
        guard pod.observed.uid == uid, !pod.state.isTerminating, pod.observed.door != .gate else { return .conflict }
        if let bound = pod.state.node { return bound == node ? .succeeded : .conflict }
        self.update(key) { pod in
            pod.observed.state.standing = .bound(node)
            pod.observed.state.nominatedNode = nil
            if isOurs { pod.isOurs = true }
        }
        return .succeeded
    }

    /// Brings the budgets' status in line with the pods, as their controller does.
    mutating func updateBudgets() {
        let now = self.minAvailable.sorted { $0.key < $1.key }.map { app, minimum in
            let healthy = self.pods.values.count {
                $0.state.labels["app"] == app && $0.isRunning && !$0.state.isTerminating
            }
            return DisruptionBudget(
                namespace: "ml", name: app, selector: LabelSelector([LabelRequirement(key: "app", .isIn([app]))]),
                disruptionsAllowed: max(0, healthy - minimum))
        }
        guard now != self.budgets else { return }
        self.budgets = now
        self.changes.append(.budgets(now))
    }

    /// Whether budgets forbid evicting all of the gang's running members at once.
    func isHeldByBudget(_ group: PodGroupKey) -> Bool {
        let members = self.pods.values.filter { $0.state.group == group && $0.isRunning }
        return self.budgets.contains { budget in
            members.count { budget.covers($0.state) } > budget.disruptionsAllowed
        }
    }

    /// Refused where a budget of a running pod is spent. The budget's status is charged at once.
    mutating func evict(_ key: PodKey, uid: String) -> ActionResult {
        if let pod = self.pod(key, uid: uid), pod.isRunning, !pod.state.isTerminating,
            let index = self.budgets.firstIndex(where: { $0.covers(pod.state) })
        {
            guard self.budgets[index].disruptionsAllowed > 0 else { return .rejected("the disruption budget is spent") }
            self.budgets[index].disruptionsAllowed -= 1
            self.changes.append(.budgets(self.budgets))
        }
        return self.delete(key, uid: uid)
    }

    mutating func nominate(_ target: PodTarget, _ node: NodeName?) -> ActionResult {
        guard let pod = self.pods[target.key] else { return .notFound }
        guard pod.observed.uid == target.uid else { return .conflict }
        if pod.state.nominatedNode != node { self.update(target.key) { $0.observed.state.nominatedNode = node } }
        return .succeeded
    }

    /// A pod that no kubelet has is gone at once; another ends when its node says so.
    mutating func delete(_ key: PodKey, uid: String?) -> ActionResult {
        guard let pod = self.pods[key] else { return .notFound }
        guard uid == nil || pod.observed.uid == uid else { return .conflict }
        if pod.state.node == nil {
            self.remove(key)
        } else if !pod.state.isTerminating {
            self.update(key) { $0.observed.state.isTerminating = true }
        }
        return .succeeded
    }
}
