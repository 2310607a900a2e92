public import SchedulingModel

/// A snapshot compiled for searching: flat arrays addressed by node and pod index, plus a log that can take back.
///
/// Protocol of use:
/// 1. Create one per scheduling cycle. Bound pods hold what they hold from the start.
/// 2. Ask (`firstRejection`, `bestNode`, `placeGroup`); asking changes nothing but caches.
/// 3. `assume` books a pod on a node, `release` frees a bound or assumed one.
/// 4. `checkpoint` marks a place in the log; `rollback(to:)` undoes everything after it, newest first.
///
/// The state is a value: a copy is an independent world.
public struct SolverState: Sendable {
    public let snapshot: ClusterSnapshot
    public var nodeCount: Int { self.snapshot.nodes.count }

    // MARK: Amounts

    /// Row of each resource in the free matrix. Row 0 is `pods`.
    let rowByResource: [ResourceName: Int]
    let resources: [ResourceName]
    /// `free[row * nodeCount + node]`, in the resource's unit. Negative where facts over-commit.
    var free: [Int64]
    let allocatable: [Int64]

    // MARK: Devices

    /// Per node, one ledger per pool, in the node's pool order.
    var ledgers: [[DeviceLedger]]
    /// Free whole devices or free slots of a resource, `freeUnits[pool row][node]`.
    var freeUnits: [[Int]]
    var unitIndexes: [FreeUnitIndex]
    let poolRowByResource: [ResourceName: Int]
    /// The pool row of each ledger in `ledgers`.
    let poolRowsByNode: [[Int]]
    /// 0 for a node without devices, else 1 + free units of all its pools: where pods without devices go first.
    var bystanderIndex: FreeUnitIndex
    /// Devices held by bound and assumed pods.
    var devicesByPod: [Int: [DeviceAssignment]]

    // MARK: Pods

    /// Node index per pod, -1 without one.
    var nodeByPod: [Int32]
    /// Bound and assumed pods per node, unordered.
    var podsByNode: [[Int32]]
    var hostPortsByNode: [Int: [HostPort]] = [:]
    public let groups: GroupTree

    // MARK: Shapes and counters

    var shapes: [PodShape] = []
    var shapeByKey: [ShapeKey: Int] = [:]
    var shapeByPod: [Int32]
    var counters: [PodCounter] = []
    var counterBySubject: [CounterKey: Int] = [:]
    /// Counters of held anti-affinity terms, for the check on every candidate.
    var holdingCounters: [Int] = []
    var countersByPod: [Int: [Int]] = [:]
    var labelDomains: [LabelDomains] = []
    var labelRowByKey: [String: Int] = [:]

    // MARK: Topology

    /// Host is not listed: there a node's index is its domain.
    var axes: [TopologyAxis: AxisDomains] = [:]
    let hasNVLinkDomains: Bool
    public let everyNode: NodeBitset
    /// Position of each node in a walk of the topology tree; neighbours in the walk are near.
    let treePosition: [Int32]
    /// Domains that an exclusive group holds for itself.
    var exclusiveOwners: [ExclusiveDomain: PodGroupKey] = [:]

    // MARK: Expected demand

    /// Places kept for pods that are expected, if anybody planned them.
    var fillPlan: FillPlan?

    // MARK: Search

    var log: [LogEntry] = []
    /// Steps that exhaustive searches may still take in this cycle's current search.
    var stepsLeft = 0
    public internal(set) var searchLimitReached = false

    struct CounterKey: Hashable {
        let subject: PodCounter.Subject
        let topologyKey: String
    }

    struct ExclusiveDomain: Hashable {
        let axis: TopologyAxis
        let domain: Int32
    }

    enum LogEntry: Sendable {
        /// `place`: what it took of the fill plan.
        case placed(pod: Int, place: FillPlan.PlaceReference?)
        case released(pod: Int, node: Int, devices: [DeviceAssignment])
        case claimed(ExclusiveDomain)
    }

    public init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
        let count = snapshot.nodes.count
        let rows = Self.resourceRows(snapshot)
        self.resources = rows
        self.rowByResource = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        self.allocatable = Self.allocatableMatrix(snapshot, rows: rows)
        self.free = self.allocatable
        self.ledgers = snapshot.nodes.map { $0.devicePools.map(DeviceLedger.init(pool:)) }
        let poolResources = Set(snapshot.nodes.flatMap { $0.devicePools.map(\.resource) }).sorted()
        let poolRows = Dictionary(uniqueKeysWithValues: poolResources.enumerated().map { ($1, $0) })
        self.poolRowByResource = poolRows
        self.poolRowsByNode = snapshot.nodes.map { $0.devicePools.compactMap { poolRows[$0.resource] } }
        self.hasNVLinkDomains = snapshot.nodes.contains { $0.nvlinkDomain != nil }
        self.everyNode = NodeBitset(capacity: count) { _ in true }
        self.freeUnits = Array(repeating: Array(repeating: 0, count: count), count: poolResources.count)
        self.unitIndexes = []
        self.bystanderIndex = FreeUnitIndex(freeUnits: [])
        self.devicesByPod = snapshot.heldDevices()
        self.nodeByPod = Array(repeating: -1, count: snapshot.pods.count)
        self.podsByNode = Array(repeating: [], count: count)
        self.shapeByPod = Array(repeating: -1, count: snapshot.pods.count)
        self.groups = GroupTree(snapshot)
        self.treePosition = Self.treePositions(snapshot)
        self.bookFacts()
        self.buildUnitIndexes()
        self.compileHeldTerms()
        self.claimFactsOfExclusiveGroups()
    }

    // MARK: Compiling

    private static func resourceRows(_ snapshot: ClusterSnapshot) -> [ResourceName] {
        var names = Set<ResourceName>()
        for pod in snapshot.pods { for entry in pod.requests.entries { names.insert(entry.name) } }
        names.remove(.pods)
        return [.pods] + names.sorted()
    }

    private static func allocatableMatrix(_ snapshot: ClusterSnapshot, rows: [ResourceName]) -> [Int64] {
        let count = snapshot.nodes.count
        var matrix = [Int64](repeating: 0, count: rows.count * count)
        let rowByName = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        for (index, node) in snapshot.nodes.enumerated() {
            for entry in node.allocatable.entries {
                guard let row = rowByName[entry.name] else { continue }
                matrix[row * count + index] = entry.amount
            }
            // A node that does not say how many pods it takes is not limited by it.
            let saysPods = node.allocatable.entries.contains { $0.name == .pods }
            if !saysPods { matrix[index] = Int64(Int32.max) }
        }
        return matrix
    }

    private mutating func bookFacts() {
        for (index, pod) in self.snapshot.pods.enumerated() {
            guard let name = pod.node, let node = self.snapshot.nodeIndex(of: name) else { continue }
            self.occupy(node: node, pod: index)
            if let devices = self.devicesByPod[index] { self.ledgers[node].take(devices) }
        }
    }

    private mutating func buildUnitIndexes() {
        for node in self.ledgers.indices {
            for (row, ledger) in zip(self.poolRowsByNode[node], self.ledgers[node]) {
                self.freeUnits[row][node] = Self.units(of: ledger)
            }
        }
        self.unitIndexes = self.freeUnits.map(FreeUnitIndex.init(freeUnits:))
        self.bystanderIndex = FreeUnitIndex(freeUnits: self.ledgers.indices.map(self.bystanderUnits))
    }

    /// Idle devices of an unshared pool, free slots of a shared one.
    static func units(of ledger: DeviceLedger) -> Int {
        ledger.pool.kind == .exclusive ? ledger.idleCount : ledger.freeSlotCount
    }

    func bystanderUnits(node: Int) -> Int {
        let ledgers = self.ledgers[node]
        return ledgers.isEmpty ? 0 : 1 + ledgers.reduce(0) { $0 + Self.units(of: $1) }
    }

    /// A walk of the tree: by path from the widest level, NVLink domains kept together at their first node's place.
    private static func treePositions(_ snapshot: ClusterSnapshot) -> [Int32] {
        let narrowest = snapshot.topology.levels.count - 1
        let paths = snapshot.nodes.map { $0.domain(on: .level(narrowest)).path }
        let byPath = snapshot.nodes.indices.sorted { lhs, rhs in
            paths[lhs] != paths[rhs] ? paths[lhs].lexicographicallyPrecedes(paths[rhs]) : lhs < rhs
        }
        var firstInDomain: [String: Int] = [:]
        for (position, node) in byPath.enumerated() {
            guard let domain = snapshot.nodes[node].nvlinkDomain else { continue }
            firstInDomain[domain] = min(position, firstInDomain[domain] ?? position)
        }
        let anchors = byPath.enumerated().map { position, node in
            snapshot.nodes[node].nvlinkDomain.flatMap { firstInDomain[$0] } ?? position
        }
        let walk = byPath.indices.sorted { (anchors[$0], $0) < (anchors[$1], $1) }
        var result = [Int32](repeating: 0, count: byPath.count)
        for (position, place) in walk.enumerated() { result[byPath[place]] = Int32(position) }
        return result
    }
}
