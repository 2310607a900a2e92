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
            allowed?.contains(nominated) ?? true, let candidate = self.fit(pod, on: nominated)
        {
            return candidate
        }
        var candidates = self.shapes[shape].allowedNodes
        if let allowed { candidates.formIntersection(allowed) }
        if self.rules[shape].hasPreferences { return self.preferredNode(for: pod, in: candidates) }
        if self.hasFillPlan {
            return self.plannedCandidate(for: pod, shape, in: candidates)
                ?? self.leastHarmfulNode(for: pod, shape, in: candidates)
        }
        if self.rules[shape].mayShareDevices {
            var shared = candidates
            shared.formIntersection(self.shapes[shape].sharedNodes)
            if !shared.isEmpty, let found = self.fullestNode(for: pod, shape, in: shared) { return found }
        }
        return self.fullestNode(for: pod, shape, in: candidates)
    }

    private func fullestNode(for pod: Int, _ shape: Int, in candidates: NodeBitset) -> Candidate? {
        var found: Candidate?
        self.offerNodes(for: pod, shape, in: candidates) { candidate in
            found = candidate
            return true
        }
        return found
    }

    /// Offers the nodes on which the pod fits, best fit first, until one is taken: parts from the tightest device in use, then
    /// fewest free units, then least free CPU by quarter octaves, then the lowest index.
    @inline(__always)
    func offerNodes(for pod: Int, _ shape: Int, in candidates: NodeBitset, isTaken: (Candidate) -> Bool) {
        let rule = self.rules[shape]
        let checksNeighbours = self.needsNeighbourCheck(shape)
        let fits = { (node: Int) -> Bool in
            guard self.amountsFit(shape, on: node), self.portsFit(shape, on: node) else { return false }
            if checksNeighbours, !self.neighboursAllow(pod, shape, on: node) { return false }
            guard let held = self.chooseDevices(pod, shape, on: node) else { return false }
            return isTaken(Candidate(node: node, held: held))
        }
        let (row, level) = (Int(rule.poolRow), Int(rule.level))
        guard row >= 0 else {
            _ = self.bystanderIndex.firstFit(units: 0, level: level, allowed: candidates, fits: fits)
            return
        }
        if rule.isFraction {
            let size = max(0, rule.device.thousandthsPerDevice)
            if self.partIndexes[row]?.firstFit(size: size, allowed: candidates, fits: fits) != nil { return }
        }
        // No device in use has room for a part: it takes an idle one.
        let units = rule.isFraction ? 1 : Int(rule.unitsNeeded)
        _ = self.unitIndexes[row].firstFit(units: units, level: level, allowed: candidates, fits: fits)
    }

    @inline(__always)
    func needsNeighbourCheck(_ shape: Int) -> Bool {
        !self.holdingCounters.isEmpty || self.rules[shape].isCoupledAcrossNodes
    }

    // MARK: Preferences

    private mutating func preferredNode(for pod: Int, in candidates: NodeBitset) -> Candidate? {
        var fitting: [Candidate] = []
        var members: [Int] = []
        candidates.forEach { members.append($0) }
        for node in members {
            if let candidate = self.fit(pod, on: node) { fitting.append(candidate) }
        }
        guard !fitting.isEmpty else { return nil }
        let scores = self.preferenceScores(pod, nodes: fitting.map(\.node))
        let shape = self.shape(of: pod)
        let sharesByNature = self.rules[shape].mayShareDevices
        let sharedNodes = self.shapes[shape].sharedNodes
        let orders = fitting.indices.map { index in
            let node = fitting[index].node
            let wastesWholeDevice = sharesByNature && !sharedNodes.contains(node)
            return (-scores[index], wastesWholeDevice ? 1 : 0, self.bystanderUnits(node: node), node)
        }
        return orders.indices.min { orders[$0] < orders[$1] }.map { fitting[$0] }
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
