import SchedulingModel

extension SolverState {
    /// Plans places for pods that wait, and for as much more as would just fill what is free, if it came in the
    /// proportions of `mix`.
    ///
    /// `bestNode` looks at these places first from now on. Without demand for devices or free devices there is no plan.
    ///
    /// - Complexity: Bounded by `FillConfiguration`; tens of milliseconds on a cluster of a thousand unlike nodes.
    public mutating func planFill(pending: DemandMix = DemandMix(), expecting mix: DemandMix) {
        let configuration = pending.devicePodCount > 0 ? FillConfiguration.thorough : FillConfiguration()
        let previous = self.fillPlan
        var assembly = FillAssembly(self, pending: pending, expecting: mix, configuration)
        self.fillPlan = assembly?.plan(after: previous)
    }

    /// Drops the plan: `bestNode` packs by what is free alone.
    public mutating func forgetFillPlan() { self.fillPlan = nil }

    /// The value of all planned places when the plan was made, in devices; nil without a plan.
    public var plannedFill: Double? { self.fillPlan?.plannedValue }

    /// How many pods the plan expects until the free devices are used up; nil without a plan.
    public var expectedPods: Double? { self.fillPlan?.expectedPods }

    /// Places looked at per shape before a pod is put elsewhere.
    private static let placeScanLimit = 64

    /// The place that the fill plan keeps for pods of just this shape; nil where none is open and fits, and for pods whose
    /// preferences decide.
    public mutating func keptNode(for pod: Int) -> Candidate? {
        let shape = self.shape(of: pod)
        guard let own = self.fillPlan?.position(ofShape: shape), !self.rules[shape].hasPreferences,
            self.snapshot.pods[pod].nominatedNode == nil
        else { return nil }
        return self.openPlace(of: own, for: pod, shape: shape, in: self.shapes[shape].allowedNodes)
    }

    /// A place of the plan for this pod: of its own shape, else of a similar one; nil where none is open and fits.
    mutating func plannedCandidate(for pod: Int, shape: Int, in candidates: NodeBitset) -> Candidate? {
        let own = self.fillPlan?.position(ofShape: shape)
        if let own, let found = self.openPlace(of: own, for: pod, shape: shape, in: candidates) { return found }
        for other in self.substitutes(ofShape: shape) {
            if let found = self.openPlace(of: other, for: pod, shape: shape, in: candidates) { return found }
        }
        return nil
    }

    private mutating func substitutes(ofShape shape: Int) -> [Int] {
        guard let plan = self.fillPlan else { return [] }
        if let known = plan.knownSubstitutes(ofShape: shape) { return known }
        guard let device = FillProblemBuilder.device(of: shape, in: self, partRow: plan.problem.partRow) else {
            return []
        }
        let requests = self.shapes[shape].requests
        let profile = FillPlan.Profile(
            device: device, value: device == .part ? FillProblemBuilder.partValue(of: shape, in: self) : 0,
            needs: plan.problem.resourceRows.map { row in requests.first { $0.row == row }?.amount ?? 0 },
            isAllowed: plan.problem.classes.map { self.shapes[shape].allowedNodes.contains($0.example) })
        self.fillPlan?.rememberSubstitutes(ofShape: shape, profile)
        return self.fillPlan?.knownSubstitutes(ofShape: shape) ?? []
    }

    private mutating func openPlace(
        of other: Int, for pod: Int, shape: Int, in candidates: NodeBitset
    ) -> Candidate? {
        guard let range = self.fillPlan?.openRange(other) else { return nil }
        let isOwn = self.fillPlan?.problem.shapes[other].shape == shape
        for index in range.prefix(Self.placeScanLimit) {
            guard let place = self.fillPlan?.places[other][index], !place.isTaken else { continue }
            let node = Int(place.node)
            guard candidates.contains(node), isOwn || self.hasSlack(for: shape, inPlaceOf: other, on: node),
                self.amountsFit(shape, on: node), self.portsFit(shape, on: node),
                !self.needsNeighbourCheck(shape) || self.neighboursAllow(pod, shape, on: node),
                let held = self.devices(for: pod, shape, at: place)
            else { continue }
            let reference = FillPlan.PlaceReference(shape: other, index: index)
            return Candidate(node: node, held: held, place: reference)
        }
        return nil
    }

    /// Whether the node's slack and what the place of `other` keeps suffice for the shape.
    private func hasSlack(for shape: Int, inPlaceOf other: Int, on node: Int) -> Bool {
        guard let plan = self.fillPlan else { return false }
        let rowCount = plan.problem.resourceRows.count
        for request in self.shapes[shape].requests {
            guard let row = plan.problem.resourceRows.firstIndex(of: request.row) else { continue }
            guard plan.slack[node * rowCount + row] + plan.need(other, row: row) >= request.amount else { return false }
        }
        return true
    }

    /// The planned device where the plan names one, else what the pool's rule chooses.
    private func devices(for pod: Int, _ shape: Int, at place: FillPlan.Place) -> HeldDevices? {
        let node = Int(place.node)
        let row = Int(self.rules[shape].poolRow)
        guard place.device >= 0, row >= 0 else { return self.chooseDevices(pod, shape, on: node) }
        let device = Int(place.device)
        guard let pool = self.devices.pool(on: node, row: row),
            self.devices.hasRoom(for: self.rules[shape].device, in: pool, at: device),
            !self.siblingDevices(of: pod, on: node, in: pool).contains(device)
        else { return nil }
        return HeldDevices(pool: Int32(pool), devices: DeviceSet([device]))
    }

    // MARK: Without a place

    /// Nodes that are compared for a pod without a planned place.
    private static let comparedNodeLimit = 32

    /// The node where a pod without a planned place does least harm: takes least of what is kept for others, and leaves
    /// least of a device over. Of the best fits so many are compared; the first of equals wins.
    func leastHarmfulNode(for pod: Int, shape: Int, in candidates: NodeBitset) -> Candidate? {
        var best: Candidate?
        var bestHarm = Double.infinity
        var compared = 0
        self.offerNodes(for: pod, shape, in: candidates) { candidate in
            let harm = self.harm(of: shape, candidate)
            if harm < bestHarm {
                best = candidate
                bestHarm = harm
            }
            compared += 1
            return harm <= 0 || compared >= Self.comparedNodeLimit
        }
        return best
    }

    /// What the shape takes beyond the slack of the node, and what a part leaves of its device, in devices; half as much
    /// again of a device that was idle.
    private func harm(of shape: Int, _ candidate: Candidate) -> Double {
        guard let plan = self.fillPlan else { return 0 }
        let rule = self.rules[shape]
        var harm = 0.0
        for position in rule.requests {
            harm +=
                0.7
                * plan.overdraft(
                    node: candidate.node, solverRow: Int(self.requestRows[Int(position)]),
                    amount: self.requestAmounts[Int(position)])
        }
        if rule.isFraction, candidate.held.pool >= 0, let device = candidate.held.devices.first {
            let left = self.devices.partLeft(in: Int(candidate.held.pool), at: device)
            let rest = Double(max(0, left - max(0, rule.device.thousandthsPerDevice))) / 1000
            return harm + (left == 1000 ? 1.5 * rest : rest)
        }
        return harm + Double(max(0, rule.unitsNeeded - plan.unitSlack[candidate.node]))
    }
}
