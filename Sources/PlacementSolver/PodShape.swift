import SchedulingModel

/// What a pod asks for and under which conditions, without its name: pods of one shape are interchangeable to the solver.
///
/// Shapes are interned: a `ShapeIndex` is a position in `SolverState.shapes`.
struct PodShape {
    /// One resource the shape asks for, addressed by its row in the free matrix.
    struct Request {
        let row: Int
        let amount: Int64
    }

    let requests: [Request]
    let deviceRequests: [DeviceRequest]
    /// The row of free units that the first device request is looked up in; nil for a shape without devices.
    let poolRow: Int?
    /// Free units a node must have for the first device request; 0 for fractions, which may join a device in use.
    let unitsNeeded: Int
    /// Whether a slot or a fraction is asked for.
    let mayShareDevices: Bool
    let constraints: SchedulingConstraints
    let namespace: String
    /// Nodes whose taints, labels, name, volumes and kinds of devices allow the shape. Never changes.
    let allowedNodes: NodeBitset
    /// Of those, the ones where a slot or fraction finds devices that are shared already by their nature.
    let sharedNodes: NodeBitset
    /// Counters of the required pod affinity terms; existing pods count that match all of them.
    var affinityCounters: [Int] = []
    var antiAffinityCounters: [Int] = []
    /// Counters of this shape's own required anti-affinity as seen by others: pods that hold the term.
    var heldTerms: [Int] = []
    var spreadCounters: [Int] = []
    /// Whether any soft preference asks for comparing all nodes.
    let hasPreferences: Bool

    /// Whether where one pod of this shape goes changes where another may go, other than by using up a node.
    var isCoupledAcrossNodes: Bool {
        !(self.constraints.requiredPodAffinity.isEmpty && self.constraints.requiredPodAntiAffinity.isEmpty
            && self.constraints.topologySpread.allSatisfy { !$0.isRequired })
    }

    /// Whether a whole set of such pods fits on a node by counting alone.
    var isCountable: Bool {
        self.constraints.hostPorts.isEmpty && self.deviceRequests.count <= 1
            && self.deviceRequests.allSatisfy { $0.kind == .whole || $0.kind.isMIG }
    }
}

extension DeviceRequest.Kind {
    var isMIG: Bool { if case .mig = self { true } else { false } }
}

/// The part of a pod that decides its shape.
struct ShapeKey: Hashable {
    let requests: ResourceAmounts
    let deviceRequests: [DeviceRequest]
    let constraints: SchedulingConstraints
    /// Empty where no constraint looks at the namespace, so that equal work of many tenants is one shape.
    let namespace: String
    /// Labels that the pod's own spread and affinity terms may match; empty where it has none.
    let labels: [String: String]

    init(_ pod: PodState) {
        let constraints = pod.constraints
        let looksAtPods =
            !(constraints.topologySpread.isEmpty && constraints.requiredPodAffinity.isEmpty
            && constraints.requiredPodAntiAffinity.isEmpty && constraints.preferredPodAffinity.isEmpty
            && constraints.preferredPodAntiAffinity.isEmpty)
        self.requests = pod.requests
        self.deviceRequests = pod.deviceRequests
        self.constraints = constraints
        self.namespace = looksAtPods ? pod.key.namespace : ""
        self.labels = looksAtPods ? pod.labels : [:]
    }
}
