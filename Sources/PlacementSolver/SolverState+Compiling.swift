import SchedulingModel

extension SolverState {
    /// `pods`, then every resource that a pod asks for, by name.
    static func resourceRows(_ snapshot: ClusterSnapshot) -> [ResourceName] {
        var names = Set<ResourceName>()
        var last = ResourceAmounts()
        // Pods of one kind ask for the same, and stand together.
        for pod in snapshot.pods where pod.requests != last {
            last = pod.requests
            for entry in last.entries { names.insert(entry.name) }
        }
        names.remove(.pods)
        return [.pods] + names.sorted()
    }

    static func allocatableMatrix(_ snapshot: ClusterSnapshot, rows: [ResourceName]) -> [Int64] {
        var matrix = [Int64](repeating: 0, count: rows.count * snapshot.nodes.count)
        let rowByName = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        for (index, node) in snapshot.nodes.enumerated() {
            Self.write(node.allocatable, at: index * rows.count, of: &matrix) { rowByName[$0] }
        }
        return matrix
    }

    /// - Precondition: Nothing but zeros stands there.
    @inline(__always)
    static func write(
        _ amounts: ResourceAmounts, at start: Int, of matrix: inout [Int64], row: (ResourceName) -> Int?
    ) {
        // A node that does not say how many pods it takes is not limited by it.
        matrix[start] = Int64(Int32.max)
        for entry in amounts.entries {
            if let row = row(entry.name) { matrix[start + row] = entry.amount }
        }
    }

    /// Pods that have nodes hold amounts and devices: known devices first, so that no assumption claims what somebody is
    /// known to hold; the others in the order they were created, as their nodes' rules would have given them.
    mutating func bookFacts() {
        var unknown: [Int] = []
        for pod in self.snapshot.pods.indices {
            guard let name = self.snapshot.pods[pod].node, let node = self.snapshot.nodeIndex(of: name) else {
                continue
            }
            if !self.bookFact(pod, on: node) { unknown.append(pod) }
        }
        self.assumeHeldDevices(unknown)
    }

    /// - Returns: False where nobody says which devices the pod holds.
    mutating func bookFact(_ pod: Int, on node: Int) -> Bool {
        let kind =
            self.holdings.kind(of: pod)
            ?? self.holdings.note(
                pod, self.snapshot.pods[pod], rowByResource: self.rowByResource,
                poolRowByResource: self.poolRowByResource)
        self.occupy(node: node, pod: pod)
        if kind.deviceRequestCount == 0 { return true }
        if !kind.knowsDevices { return false }
        self.heldByPod[pod].assignments = self.snapshot.pods[pod].knownDevices
        self.book(self.heldByPod[pod], of: pod, on: node, sign: 1)
        return true
    }

    mutating func assumeHeldDevices(_ pods: [Int]) {
        var byAge = pods.map { (age: self.snapshot.pods[$0].creationSeconds, pod: $0) }
        byAge.sort { $0.age != $1.age ? $0.age < $1.age : $0.pod < $1.pod }
        for (_, pod) in byAge { self.assumeHeldDevices(pod, on: Int(self.nodeByPod[pod])) }
    }

    private mutating func assumeHeldDevices(_ pod: Int, on node: Int) {
        guard let kind = self.holdings.kind(of: pod), kind.deviceRequestCount == 1 else {
            return self.assumeSeveralHeld(pod, on: node)
        }
        guard let pool = self.devices.pool(on: node, row: Int(kind.poolRow)) else { return }
        let chosen = self.devices.assumeHeld(kind.device, in: pool)
        self.devices.book(kind.device, in: pool, devices: chosen, sign: 1)
        self.heldByPod[pod].pool = Int32(pool)
        self.heldByPod[pod].devices = chosen
    }

    /// For a pod with several device requests.
    private mutating func assumeSeveralHeld(_ pod: Int, on node: Int) {
        for request in self.snapshot.pods[pod].deviceRequests {
            guard let pool = self.devices.pool(on: node, of: request.resource) else { continue }
            let rule = DeviceDemandRule(request)
            let chosen = self.devices.assumeHeld(rule, in: pool)
            self.devices.book(rule, in: pool, devices: chosen, sign: 1)
            let ledger = DeviceLedger(pool: self.devices.kind(of: pool), loads: [])
            self.heldByPod[pod].assignments += ledger.assignments(request, at: chosen.indices).map { assignment in
                var assumed = assignment
                assumed.isAssumed = true
                return assumed
            }
        }
    }

    /// A walk of the tree: by path from the widest level, NVLink domains kept together at their first node's place.
    static func nodesAlongTree(_ snapshot: ClusterSnapshot) -> [Int] {
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
        return byPath.indices.sorted { (anchors[$0], $0) < (anchors[$1], $1) }.map { byPath[$0] }
    }

    static func positions(_ walk: [Int]) -> [Int32] {
        var result = [Int32](repeating: 0, count: walk.count)
        for (position, node) in walk.enumerated() { result[node] = Int32(position) }
        return result
    }
}
