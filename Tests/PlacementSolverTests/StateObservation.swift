import SchedulingModel

@testable import PlacementSolver

/// Everything a search can see of a state.
struct StateObservation: Equatable {
    private let free: [Int64]
    private let allocatable: [Int64]
    private let units: [Int32]
    private let loads: [DeviceLoad]
    private let nodes: [Int32]
    private let devices: [[DeviceAssignment]]
    private let ports: [String]
    private let owners: [String]
    private let counts: [[Int32]]
    private let leaves: [Int]
    private let residents: [[Int]]
    private let unitBuckets: [[IndexBucket]]
    private let bystanderBuckets: [IndexBucket]
    private let partBuckets: [[IndexBucket]?]
    private let places: [[FillPlan.Place]]
    private let slack: [Int64]
    private let unitSlack: [Int32]
    private let snapshot: ClusterSnapshot

    init(_ state: SolverState) {
        self.free = state.free
        self.allocatable = state.allocatable
        self.units = state.freeUnits
        self.loads = state.devices.loads
        self.nodes = state.nodeByPod
        self.devices = state.snapshot.pods.indices.map { state.devices(of: $0) }
        self.ports = state.hostPortsByNode.flatMap { node, ports in ports.map { "\(node): \($0)" } }.sorted()
        self.owners = state.exclusiveOwners.map { "\($0)" }.sorted()
        self.counts = state.counters.map(\.countByDomain)
        self.leaves = state.groups.leafByPod
        self.residents = (0..<state.nodeCount).map { state.pods(on: $0) }
        self.unitBuckets = state.unitIndexes.map(\.contents)
        self.bystanderBuckets = state.bystanderIndex.contents
        self.partBuckets = state.partIndexes.map { $0?.contents }
        self.places = state.fillPlan.places
        self.slack = state.fillPlan.slack
        self.unitSlack = state.fillPlan.unitSlack
        self.snapshot = state.snapshot
    }

    /// The names of what is not the same.
    func differences(from other: StateObservation) -> [String] {
        let pairs = zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children)
        return pairs.compactMap { mine, theirs in
            // Equal dictionaries, which snapshots hold, may print differently.
            if let mine = mine.value as? ClusterSnapshot { return mine == other.snapshot ? nil : "snapshot" }
            return "\(mine.value)" == "\(theirs.value)" ? nil : mine.label
        }
    }
}
