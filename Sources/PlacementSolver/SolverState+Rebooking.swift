import SchedulingModel

/// The bookings of the nodes that an update touches.
extension SolverState {
    /// A pod and the node it has from now on.
    struct Settler {
        let pod: Int
        let node: Int
    }

    /// Brings the snapshot up to date while nobody is on the touched nodes.
    ///
    /// - Parameter newer: What the changes make of the snapshot, where that is at hand already.
    /// - Returns: Who is to be booked there again.
    mutating func apply(
        _ changes: SnapshotChanges, _ changed: ChangedPositions, _ newer: ClusterSnapshot?, vacating touched: [Int]
    ) -> [Settler] {
        for case let pod? in changed.pods { self.holdings.forget(pod) }
        for pod in changed.removedPods { self.holdings.forget(pod) }
        var settlers = self.vacate(touched)
        if changed.keepsPods {
            if let newer {
                self.snapshot = newer
            } else {
                self.snapshot.replace(changes, nodesAt: changed.nodes, podsAt: changed.pods)
            }
            for case (let pod?, let node?) in zip(changed.pods, changed.nodeByPod) {
                settlers.append(Settler(pod: pod, node: node))
            }
            return settlers
        }
        let moves: [Int32]?
        if let newer {
            moves = self.moves(to: newer, changes, changed)
            self.snapshot = newer
        } else {
            moves = self.snapshot.apply(changes)
        }
        if let moves {
            let positions = self.movePods(moves)
            settlers = settlers.map { Settler(pod: Int(positions[$0.pod]), node: $0.node) }
        }
        for position in changes.pods.indices {
            guard let node = changed.nodeByPod[position],
                let pod = self.snapshot.podIndex(of: changes.pods[position].key)
            else { continue }
            settlers.append(Settler(pod: pod, node: node))
        }
        return settlers
    }

    /// Per pod of a newer snapshot its position in this one, -1 for a new one.
    private func moves(
        to newer: ClusterSnapshot, _ changes: SnapshotChanges, _ changed: ChangedPositions
    ) -> [Int32] {
        let isNew = changed.pods.indices.filter { changed.pods[$0] == nil }
            .compactMap { newer.podIndex(of: changes.pods[$0].key) }.sorted()
        let gone = changed.removedPods.sorted()
        var moves: [Int32] = []
        moves.reserveCapacity(newer.pods.count)
        var (old, nextNew, nextGone) = (0, 0, 0)
        for position in newer.pods.indices {
            if nextNew < isNew.count, isNew[nextNew] == position {
                moves.append(-1)
                nextNew += 1
                continue
            }
            while nextGone < gone.count, gone[nextGone] == old {
                nextGone += 1
                old += 1
            }
            moves.append(Int32(old))
            old += 1
        }
        return moves
    }

    /// Takes all pods off these nodes; the indexes are the caller's.
    ///
    /// - Returns: Who was there and has not changed.
    private mutating func vacate(_ nodes: [Int]) -> [Settler] {
        var residents: [Settler] = []
        residents.reserveCapacity(8 * nodes.count)
        for node in nodes {
            var next = self.firstPodOnNode[node]
            while next >= 0 {
                let pod = Int(next)
                next = self.nextPodOnNode[pod]
                if self.holdings.kindByPod[pod] >= 0 { residents.append(Settler(pod: pod, node: node)) }
                self.nodeByPod[pod] = -1
                self.nextPodOnNode[pod] = -1
                self.previousPodOnNode[pod] = -1
                self.heldByPod[pod] = .none
            }
            self.firstPodOnNode[node] = -1
            if !self.hostPortsByNode.isEmpty { self.hostPortsByNode[node] = nil }
            self.devices.clear(node)
            self.freeEverything(on: node)
        }
        return residents
    }

    private mutating func freeEverything(on node: Int) {
        for place in node * self.rowCount..<(node + 1) * self.rowCount {
            self.free[place] = self.allocatable[place]
        }
    }

    mutating func refreshNode(_ node: Int) {
        let start = node * self.rowCount
        for place in start..<start + self.rowCount { self.allocatable[place] = 0 }
        let resources = self.resources
        let rowByResource = self.rowByResource
        Self.write(self.snapshot.nodes[node].allocatable, at: start, of: &self.allocatable) { name in
            Self.row(of: name, among: resources, rowByResource)
        }
        self.freeEverything(on: node)
        self.nodeKinds.update(node, to: self.snapshot.nodes[node])
    }

    /// Books pods where they are from now on, in the order of the pods.
    mutating func settle(_ settlers: [Settler]) {
        var unknown: [Int] = []
        unknown.reserveCapacity(settlers.count)
        for settler in settlers.sorted(by: { $0.pod < $1.pod }) {
            if !self.bookFact(settler.pod, on: settler.node) { unknown.append(settler.pod) }
        }
        self.assumeHeldDevices(unknown)
    }

    /// - Parameter moves: Per pod its position before, -1 for a new one.
    /// - Returns: Per position before the new one, -1 for a pod that is gone.
    private mutating func movePods(_ moves: [Int32]) -> [Int32] {
        var positions = [Int32](repeating: -1, count: self.nodeByPod.count)
        for (new, old) in moves.enumerated() where old >= 0 { positions[Int(old)] = Int32(new) }
        self.nodeByPod = moves.map { $0 < 0 ? -1 : self.nodeByPod[Int($0)] }
        self.heldByPod = moves.map { $0 < 0 ? .none : self.heldByPod[Int($0)] }
        self.holdings.kindByPod = moves.map { $0 < 0 ? -1 : self.holdings.kindByPod[Int($0)] }
        let moved = { (pod: Int32) in pod < 0 ? -1 : positions[Int(pod)] }
        self.nextPodOnNode = moves.map { $0 < 0 ? -1 : moved(self.nextPodOnNode[Int($0)]) }
        self.previousPodOnNode = moves.map { $0 < 0 ? -1 : moved(self.previousPodOnNode[Int($0)]) }
        for node in self.firstPodOnNode.indices { self.firstPodOnNode[node] = moved(self.firstPodOnNode[node]) }
        self.shapeByPod = Array(repeating: -1, count: moves.count)
        return positions
    }
}
