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
    private let ports: [Int: [HostPort]]
    private let owners: [SolverState.ExclusiveDomain: PodGroupKey]
    private let counts: [[Int32]]
    private let leaves: [Int]
    private let snapshot: ClusterSnapshot

    init(_ state: SolverState) {
        self.free = state.free
        self.allocatable = state.allocatable
        self.units = state.freeUnits
        self.loads = state.devices.loads
        self.nodes = state.nodeByPod
        self.devices = state.snapshot.pods.indices.map { state.devices(of: $0) }
        self.ports = state.hostPortsByNode.filter { !$0.value.isEmpty }
        self.owners = state.exclusiveOwners
        self.counts = state.counters.map(\.countByDomain)
        self.leaves = state.groups.leafByPod
        self.snapshot = state.snapshot
    }
}
