import SchedulingModel

extension SolverState {
    /// The node for one pod, or nil where none fits now.
    ///
    /// Without preferences: the node left with the fewest free devices (best fit), lowest index among equals; a slot
    /// or fraction goes to devices that are shared by nature before it takes a whole one; a pod without devices goes
    /// to nodes without devices first, then to those with the fewest free. With preferences (preferred affinity,
    /// soft taints, ScheduleAnyway spread) the highest score first, and the same order among equals.
    /// A pod that is nominated to a node goes there if it fits.
    ///
    /// - Parameter allowed: Only these nodes; nil for all.
    /// - Complexity: Near constant for the first fitting node of the fullest bucket; O(*n*) with preferences.
    public mutating func bestNode(for pod: Int, in allowed: NodeBitset? = nil) -> Candidate? {
        let shape = self.shape(of: pod)
        if let name = self.snapshot.pods[pod].nominatedNode, let nominated = self.snapshot.nodeIndex(of: name),
            allowed?.contains(nominated) ?? true, let devices = self.fit(pod, on: nominated)
        {
            return Candidate(node: nominated, devices: devices)
        }
        var candidates = self.shapes[shape].allowedNodes
        if let allowed { candidates.formIntersection(allowed) }
        if self.shapes[shape].hasPreferences { return self.preferredNode(for: pod, in: candidates) }
        if self.fillPlan != nil {
            return self.plannedCandidate(for: pod, shape: shape, in: candidates)
                ?? self.leastHarmfulNode(for: pod, shape: shape, in: candidates)
        }
        if self.shapes[shape].mayShareDevices {
            var shared = candidates
            shared.formIntersection(self.shapes[shape].sharedNodes)
            if let found = self.fullestNode(for: pod, in: shared) { return found }
        }
        return self.fullestNode(for: pod, in: candidates)
    }

    private mutating func fullestNode(for pod: Int, in candidates: NodeBitset) -> Candidate? {
        let shape = self.shape(of: pod)
        let row = self.shapes[shape].poolRow
        let index = row.map { self.unitIndexes[$0] } ?? self.bystanderIndex
        let units = self.shapes[shape].unitsNeeded
        let checksNeighbours = self.needsNeighbourCheck(shape)
        var devices: [DeviceAssignment] = []
        let node = index.firstFit(units: units, allowed: candidates) { node in
            guard self.amountsFit(shape, on: node), self.portsFit(shape, on: node) else { return false }
            if checksNeighbours, !self.neighboursAllow(pod, on: node) { return false }
            guard let chosen = self.chooseDevices(pod, on: node) else { return false }
            devices = chosen
            return true
        }
        return node.map { Candidate(node: $0, devices: devices) }
    }

    func needsNeighbourCheck(_ shape: Int) -> Bool {
        !self.holdingCounters.isEmpty || self.shapes[shape].isCoupledAcrossNodes
    }

    // MARK: Preferences

    private mutating func preferredNode(for pod: Int, in candidates: NodeBitset) -> Candidate? {
        var fitting: [(node: Int, devices: [DeviceAssignment])] = []
        var members: [Int] = []
        candidates.forEach { members.append($0) }
        for node in members {
            if let devices = self.fit(pod, on: node) { fitting.append((node, devices)) }
        }
        guard !fitting.isEmpty else { return nil }
        let scores = self.preferenceScores(pod, nodes: fitting.map(\.node))
        let shape = self.shape(of: pod)
        let sharesByNature = self.shapes[shape].mayShareDevices
        let sharedNodes = self.shapes[shape].sharedNodes
        let orders = fitting.indices.map { index in
            let node = fitting[index].node
            let wastesWholeDevice = sharesByNature && !sharedNodes.contains(node)
            return (-scores[index], wastesWholeDevice ? 1 : 0, self.bystanderUnits(node: node), node)
        }
        return orders.indices.min { orders[$0] < orders[$1] }.map {
            Candidate(node: fitting[$0].node, devices: fitting[$0].devices)
        }
    }

    /// One score per node: the sum of four preferences, each scaled to 0 … 100 over these nodes as kube-scheduler does,
    /// with its default weights (soft taints 3, node affinity 2, spread 2, pod affinity 2).
    private mutating func preferenceScores(_ pod: Int, nodes: [Int]) -> [Int] {
        let constraints = self.snapshot.pods[pod].constraints
        let taints = nodes.map { self.softTaintCount(constraints, $0) }
        let affinity = nodes.map { self.preferredAffinityWeight(constraints, $0) }
        let spread = self.spreadCounts(pod, nodes: nodes)
        let pods = self.podAffinityWeights(pod, nodes: nodes)
        let scaled = [
            (3, Self.scaled(taints.map { -$0 })), (2, Self.scaled(affinity)), (2, Self.scaled(spread.map { -$0 })),
            (2, Self.scaled(pods)),
        ]
        return nodes.indices.map { index in scaled.reduce(0) { $0 + $1.0 * $1.1[index] } }
    }

    /// Untolerated PreferNoSchedule taints of a node.
    func softTaintCount(_ constraints: SchedulingConstraints, _ node: Int) -> Int {
        self.snapshot.nodes[node].taints.count { taint in
            !taint.isHard && !constraints.tolerations.contains { $0.tolerates(taint) }
        }
    }

    private func preferredAffinityWeight(_ constraints: SchedulingConstraints, _ node: Int) -> Int {
        let state = self.snapshot.nodes[node]
        return constraints.preferredNodeAffinity.reduce(0) { sum, preference in
            preference.term.matches(name: state.name, labels: state.labels) ? sum + preference.weight : sum
        }
    }

    /// How much the shape likes a node for its own sake: the weights of preferred affinity, 100 less per soft taint.
    func nodePreference(_ shape: Int, _ node: Int) -> Int {
        let constraints = self.shapes[shape].constraints
        return self.preferredAffinityWeight(constraints, node) - 100 * self.softTaintCount(constraints, node)
    }

    /// Maps the smallest value to 0 and the largest to 100; all equal values to 0.
    private static func scaled(_ values: [Int]) -> [Int] {
        guard let low = values.min(), let high = values.max(), high > low else { return values.map { _ in 0 } }
        return values.map { ($0 - low) * 100 / (high - low) }
    }

    private mutating func spreadCounts(_ pod: Int, nodes: [Int]) -> [Int] {
        let shape = self.shape(of: pod)
        return nodes.map { node in
            zip(self.shapes[shape].spreadCounters, self.shapes[shape].constraints.topologySpread).reduce(0) {
                sum, pair in
                guard !pair.1.isRequired else { return sum }
                let domain = self.labelDomains[self.counters[pair.0].labelRow].domainByNode[node]
                return domain < 0 ? sum + 1000 : sum + Int(self.counters[pair.0].countByDomain[Int(domain)])
            }
        }
    }

    private mutating func podAffinityWeights(_ pod: Int, nodes: [Int]) -> [Int] {
        let constraints = self.snapshot.pods[pod].constraints
        let terms =
            constraints.preferredPodAffinity.map { ($0.weight, $0.term) }
            + constraints.preferredPodAntiAffinity.map { (-$0.weight, $0.term) }
        guard !terms.isEmpty else { return nodes.map { _ in 0 } }
        let counters = terms.map { ($0.0, self.counter(.matching([$0.1]), topologyKey: $0.1.topologyKey)) }
        return nodes.map { node in
            counters.reduce(0) { sum, weighted in
                let counter = self.counters[weighted.1]
                let domain = self.labelDomains[counter.labelRow].domainByNode[node]
                return domain < 0 ? sum : sum + weighted.0 * Int(counter.countByDomain[Int(domain)])
            }
        }
    }
}
