/// The frozen view that one scheduling cycle decides from.
///
/// Nodes are sorted by name, pods and groups by key, so that equal clusters are equal snapshots whatever order they
/// were read in. `NodeIndex` and `PodIndex` are positions in these arrays and mean nothing outside their snapshot.
public struct ClusterSnapshot: Hashable, Sendable {
    public internal(set) var nodes: [NodeState]
    public internal(set) var pods: [PodState]
    public internal(set) var groups: [PodGroup]
    public internal(set) var topology: Topology
    public internal(set) var budgets: [DisruptionBudget]

    /// - Precondition: Names and keys are unique. Import reports duplicates before they get here.
    public init(
        nodes: consuming [NodeState], pods: consuming [PodState], groups: [PodGroup] = [],
        topology: Topology = Topology(), budgets: [DisruptionBudget] = []
    ) {
        // In place: a large cluster's pods are not held twice.
        nodes.sort { $0.name < $1.name }
        pods.sort { $0.key < $1.key }
        self.nodes = nodes
        self.pods = pods
        self.groups = groups.sorted { $0.key < $1.key }
        self.topology = topology
        self.budgets = budgets.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        self.checkInvariants()
    }

    public func nodeIndex(of name: NodeName) -> Int? {
        Self.position(in: self.nodes.count) { self.nodes[$0].name < name }
            .flatMap { self.nodes[$0].name == name ? $0 : nil }
    }

    public func podIndex(of key: PodKey) -> Int? {
        Self.position(in: self.pods.count) { self.pods[$0].key < key }
            .flatMap { self.pods[$0].key == key ? $0 : nil }
    }

    public func group(_ key: PodGroupKey) -> PodGroup? {
        Self.position(in: self.groups.count) { self.groups[$0].key < key }
            .flatMap { self.groups[$0].key == key ? self.groups[$0] : nil }
    }

    /// Puts a pod that is no part of the cluster in the place of one, so that questions about it can be asked.
    ///
    /// The order by key is not kept: only its index finds it.
    public mutating func seat(_ guest: PodState, at index: Int) { self.pods[index] = guest }

    /// The first position for which `isBefore` is false, or nil where there is none.
    static func position(in count: Int, isBefore: (Int) -> Bool) -> Int? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(middle) { low = middle + 1 } else { high = middle }
        }
        return low < count ? low : nil
    }

    /// Devices held by bound pods, per pod index: what the API says, else what the node's allocation rule would have
    /// given, pods taken by creation time, then key.
    ///
    /// - Complexity: O(*p* log *p* + *p* · *d*), *p* bound pods with devices, *d* devices on a node.
    public func heldDevices() -> [Int: [DeviceAssignment]] {
        var ledgers = Dictionary(
            uniqueKeysWithValues: self.nodes.filter { !$0.devicePools.isEmpty }
                .map { ($0.name, $0.devicePools.map(DeviceLedger.init(pool:))) })
        let holders = self.pods.indices.filter { self.pods[$0].node != nil && !self.pods[$0].deviceRequests.isEmpty }
            .sorted { (self.pods[$0].creationSeconds, $0) < (self.pods[$1].creationSeconds, $1) }
        var held: [Int: [DeviceAssignment]] = [:]
        // Known devices first: an assumption must not claim what somebody is known to hold.
        for index in holders where !self.pods[index].knownDevices.isEmpty {
            guard let node = self.pods[index].node else { continue }
            held[index] = self.pods[index].knownDevices
            ledgers[node]?.take(self.pods[index].knownDevices)
        }
        for index in holders where self.pods[index].knownDevices.isEmpty {
            guard let node = self.pods[index].node, var onNode = ledgers[node] else { continue }
            var assigned: [DeviceAssignment] = []
            for request in self.pods[index].deviceRequests {
                guard let pool = onNode.firstIndex(where: { $0.pool.resource == request.resource }) else { continue }
                let devices = onNode[pool].assignments(request, at: onNode[pool].assumeHeld(request))
                    .map { assignment in
                        var assumed = assignment
                        assumed.isAssumed = true
                        return assumed
                    }
                devices.forEach { onNode[pool].take($0) }
                assigned += devices
            }
            ledgers[node] = onNode
            held[index] = assigned
        }
        return held
    }

    public func checkInvariants() {
        for (lower, higher) in zip(self.nodes, self.nodes.dropFirst()) {
            precondition(lower.name < higher.name, "node \(lower.name) stands twice in the snapshot")
        }
        for (lower, higher) in zip(self.pods, self.pods.dropFirst()) {
            precondition(lower.key < higher.key, "pod \(lower.key) stands twice in the snapshot")
        }
        for (lower, higher) in zip(self.groups, self.groups.dropFirst()) {
            precondition(lower.key < higher.key, "pod group \(lower.key) stands twice in the snapshot")
        }
    }
}

extension [DeviceLedger] {
    /// Books each assignment on the ledger of its resource; assignments of other resources are passed over.
    public mutating func take(_ assignments: [DeviceAssignment]) {
        for assignment in assignments {
            guard let pool = self.firstIndex(where: { $0.pool.resource == assignment.resource }) else { continue }
            self[pool].take(assignment)
        }
    }

    /// Undoes `take`.
    public mutating func giveBack(_ assignments: [DeviceAssignment]) {
        for assignment in assignments {
            guard let pool = self.firstIndex(where: { $0.pool.resource == assignment.resource }) else { continue }
            self[pool].giveBack(assignment)
        }
    }
}
