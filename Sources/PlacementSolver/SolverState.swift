public import SchedulingModel

/// A snapshot compiled into flat arrays, with everything that has been decided so far booked on it.
///
/// Protocol of use: 1. `bestNode`, `fit` and `placeGroup` look for room; 2. `assume` books what was found; 3. `checkpoint`
/// and `rollback` take back everything after it, newest first.
///
/// The state is a value: a copy is an independent world.
public struct SolverState: Sendable {
    public internal(set) var snapshot: ClusterSnapshot
    public let nodeCount: Int

    // MARK: Amounts

    /// Row of each resource in the free matrix. Row 0 is `pods`.
    let rowByResource: [ResourceName: Int]
    let resources: [ResourceName]
    let rowCount: Int
    /// `free[node * rowCount + row]`, in the resource's unit. Negative where facts over-commit.
    var free: [Int64]
    var allocatable: [Int64]
    /// The row whose free amount orders nodes with equal free devices: CPU, or `pods` where nobody asks for CPU.
    let levelRow: Int
    /// How many pods ask for each row's resource; nil until an update needs it.
    var askingByRow: [Int]?

    // MARK: Devices

    var devices: DeviceTable
    let poolRowByResource: [ResourceName: Int]
    /// Free whole devices or free slots: `freeUnits[row * nodeCount + node]`.
    var freeUnits: [Int32]
    /// One per pool row.
    var unitIndexes: [FreeUnitIndex]
    /// One per pool row that fractions are asked of.
    var partIndexes: [PartIndex?]
    /// By 0 for a node without devices, else 1 + free units of all its pools: where pods without devices go first.
    var bystanderIndex: FreeUnitIndex
    /// One per pod.
    var heldByPod: [HeldDevices]
    /// What pods hold that have nodes in the snapshot.
    var holdings: HoldingKinds

    // MARK: Pods

    /// Node index per pod, -1 without one.
    var nodeByPod: [Int32]
    /// Bound and assumed pods of each node as a chain: the newest first, -1 at the end.
    var firstPodOnNode: [Int32]
    var nextPodOnNode: [Int32]
    var previousPodOnNode: [Int32]
    var hostPortsByNode: [Int: [HostPort]] = [:]
    public internal(set) var groups: GroupTree

    // MARK: Shapes and counters

    var nodeKinds: NodeKinds
    var shapes: [PodShape] = []
    /// One per shape.
    var rules: [ShapeRule] = []
    var requestRows: [Int32] = []
    var requestAmounts: [Int64] = []
    /// Shapes by the fingerprint of their keys.
    var shapesByFingerprint: [UInt64: [Int32]] = [:]
    var shapeKeys: [ShapeKey] = []
    var lastShape = 0
    var shapeByPod: [Int32]
    /// One per kind of pods with nodes as far as it reaches, -1 where nobody has asked.
    var shapeByHoldingKind: [Int32] = []
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
    /// The nodes in the order of that walk.
    let nodesAlongTree: [Int]
    /// Domains that an exclusive group holds for itself.
    var exclusiveOwners: [ExclusiveDomain: PodGroupKey] = [:]

    // MARK: Expected demand

    /// Places kept for pods that are expected.
    var fillPlan = FillPlan.none
    /// Plans made so far.
    var fillPlanCount: Int32 = 0

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
        case placed(pod: Int)
        /// `place`: what it had of the fill plan.
        case released(pod: Int, node: Int, held: HeldDevices, place: FillPlan.PlaceReference?)
        case claimed(ExclusiveDomain)
    }

    public init(_ snapshot: ClusterSnapshot) {
        self.snapshot = snapshot
        let count = snapshot.nodes.count
        self.nodeCount = count
        let rows = Self.resourceRows(snapshot)
        self.resources = rows
        self.rowCount = rows.count
        self.rowByResource = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        self.levelRow = self.rowByResource[.cpu] ?? 0
        self.allocatable = Self.allocatableMatrix(snapshot, rows: rows)
        self.free = self.allocatable
        let poolResources = Set(snapshot.nodes.flatMap { $0.devicePools.map(\.resource) }).sorted()
        self.poolRowByResource = Dictionary(uniqueKeysWithValues: poolResources.enumerated().map { ($1, $0) })
        self.devices = DeviceTable(snapshot.nodes, rowByResource: self.poolRowByResource)
        self.nodeKinds = NodeKinds(snapshot.nodes)
        self.hasNVLinkDomains = snapshot.nodes.contains { $0.nvlinkDomain != nil }
        self.everyNode = NodeBitset(capacity: count) { _ in true }
        self.freeUnits = Array(repeating: 0, count: count * poolResources.count)
        self.unitIndexes = Array(repeating: FreeUnitIndex(nodeCount: count), count: poolResources.count)
        self.partIndexes = Array(repeating: nil, count: poolResources.count)
        self.bystanderIndex = FreeUnitIndex(nodeCount: count)
        self.heldByPod = Array(repeating: .none, count: snapshot.pods.count)
        self.holdings = HoldingKinds(podCount: snapshot.pods.count)
        self.nodeByPod = Array(repeating: -1, count: snapshot.pods.count)
        self.firstPodOnNode = Array(repeating: -1, count: count)
        self.nextPodOnNode = Array(repeating: -1, count: snapshot.pods.count)
        self.previousPodOnNode = Array(repeating: -1, count: snapshot.pods.count)
        self.shapeByPod = Array(repeating: -1, count: snapshot.pods.count)
        self.groups = GroupTree(snapshot)
        self.nodesAlongTree = Self.nodesAlongTree(snapshot)
        self.treePosition = Self.positions(self.nodesAlongTree)
        self.bookFacts()
        for node in 0..<count { self.reindex(node) }
        self.compileHeldTerms()
        self.claimFactsOfExclusiveGroups()
    }
}
