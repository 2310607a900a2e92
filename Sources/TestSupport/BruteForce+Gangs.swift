import PlacementVerifier
public import SchedulingModel

/// What is possible for one gang.
public struct GangOutcomes: Sendable {
    /// Members with a node (bound ones among them), and the axes on which these share one domain, of every legal
    /// outcome that places at least one member more.
    public struct Outcome: Hashable, Sendable {
        public let placedCount: Int
        /// All axes of the topology on which the placed members share a domain, and the labels the gang asks for.
        public let sharedAxes: Set<TopologyAxis>

        public init(placedCount: Int, sharedAxes: Set<TopologyAxis>) {
            self.placedCount = placedCount
            self.sharedAxes = sharedAxes
        }
    }

    public var outcomes: Set<Outcome> = []
    /// One way to get there, per outcome.
    public var examples: [Outcome: [Assignment]] = [:]
    /// False where the search was cut short: then an outcome may be missing.
    public var isComplete = true
}

extension BruteForce {
    /// Everything legal that can be done for the gang now.
    ///
    /// Members are placed in every order, because affinity, spread and plugins that pick cards depend on it. Equal
    /// members are exchangeable, and so are equal cards that the planner picks: of worlds that differ in such only one
    /// is followed.
    ///
    /// - Parameter stateLimit: Worlds looked at before the search gives up.
    public func outcomes(of root: PodGroupKey, stateLimit: Int = 4000) -> GangOutcomes {
        var search = GangSearch(snapshot: self.replay.snapshot, root: root, stateLimit: stateLimit)
        search.explore(self.replay, path: [])
        return search.found
    }
}

private struct GangSearch {
    let snapshot: ClusterSnapshot
    let root: PodGroupKey
    let stateLimit: Int
    let members: [Int]
    /// Per pod, the lowest index of a pod that differs from it in nothing that matters here.
    let likeness: [Int]
    var seen: Set<WorldKey> = []
    var found = GangOutcomes()

    init(snapshot: ClusterSnapshot, root: PodGroupKey, stateLimit: Int) {
        self.snapshot = snapshot
        self.root = root
        self.stateLimit = stateLimit
        let replay = Replay(snapshot: snapshot)
        self.members = replay.memberIndices(under: root)
        let stripped = snapshot.pods.map(Self.stripped)
        self.likeness = stripped.map { pod in stripped.firstIndex(of: pod) ?? 0 }
    }

    private static func stripped(_ pod: PodState) -> PodState {
        var copy = pod
        copy.key = PodKey(namespace: pod.key.namespace, name: "")
        copy.rank = nil
        copy.creationSeconds = 0
        return copy
    }

    mutating func explore(_ world: Replay, path: [Assignment]) {
        guard self.seen.insert(WorldKey(world, likeness: self.likeness)).inserted else { return }
        guard self.seen.count <= self.stateLimit else {
            self.found.isComplete = false
            return
        }
        if !path.isEmpty { self.record(world, path: path) }
        var tried: Set<Int> = []
        for member in self.members where world.nodeOfPod[member] == nil {
            guard self.snapshot.pods[member].standing == .pending, tried.insert(self.likeness[member]).inserted else {
                continue
            }
            for node in self.snapshot.nodes.indices { self.place(member, on: node, in: world, path: path) }
        }
    }

    private mutating func place(_ member: Int, on node: Int, in world: Replay, path: [Assignment]) {
        for devices in DeviceChoices.all(for: member, on: node, in: self.snapshot) {
            let assignment = Assignment(
                pod: self.snapshot.pods[member].key, node: self.snapshot.nodes[node].name, devices: devices,
                rank: self.snapshot.pods[member].rank)
            var next = world
            guard next.assume(assignment).isEmpty, next.domainViolations(under: self.root).isEmpty else { continue }
            self.explore(next, path: path + [assignment])
        }
    }

    private mutating func record(_ world: Replay, path: [Assignment]) {
        guard world.groupViolations(under: self.root).isEmpty,
            world.lateAffinityViolations(under: self.root).isEmpty
        else { return }
        let placed = self.members.filter { world.nodeOfPod[$0] != nil }
        let levels = self.snapshot.topology.levels.indices.map(TopologyAxis.level)
        let wished = self.snapshot.groups.flatMap { $0.topology.map(\.axis) }
        let axes = Set([.host, .nvlink] + levels + wished).filter { axis in
            Set(placed.compactMap { world.nodeOfPod[$0] }.map { self.snapshot.nodes[$0].domain(on: axis) }).count == 1
        }
        let outcome = GangOutcomes.Outcome(placedCount: placed.count, sharedAxes: axes)
        if self.found.outcomes.insert(outcome).inserted { self.found.examples[outcome] = path }
    }
}

/// What tells two worlds apart as far as the future of the gang goes.
private struct WorldKey: Hashable {
    struct Load: Hashable, Comparable {
        var clients: [Int]
        var memoryMiB: Int64
        var thousandths: Int

        static func < (lhs: Self, rhs: Self) -> Bool {
            if lhs.memoryMiB != rhs.memoryMiB { return lhs.memoryMiB < rhs.memoryMiB }
            if lhs.thousandths != rhs.thousandths { return lhs.thousandths < rhs.thousandths }
            return lhs.clients.lexicographicallyPrecedes(rhs.clients)
        }
    }

    var pods: [[Int]]
    var loads: [[[Load]]]
    var unmet: [Int]

    init(_ world: Replay, likeness: [Int]) {
        self.pods = world.podsOnNode.map { $0.map { likeness[$0] }.sorted() }
        self.unmet = world.unmetAffinity.map { likeness[$0] }.sorted()
        self.loads = world.snapshot.nodes.indices.map { node in
            world.snapshot.nodes[node].devicePools.indices.map { pool in
                let loads = world.deviceLoads[node][pool].map { load in
                    Load(
                        clients: load.clients.map { likeness[$0] }.sorted(), memoryMiB: load.memoryMiB,
                        thousandths: load.thousandths)
                }
                let isOrdered = world.snapshot.nodes[node].devicePools[pool].chooser != .planner
                return isOrdered ? loads : loads.sorted()
            }
        }
    }
}
