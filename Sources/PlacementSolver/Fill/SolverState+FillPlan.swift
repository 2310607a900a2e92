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
        self.planFill(pending: pending, expecting: mix, configuration)
    }

    mutating func planFill(pending: DemandMix, expecting mix: DemandMix, _ configuration: FillConfiguration) {
        let previous = self.fillPlan
        self.fillPlan = .none
        var assembly = FillAssembly(self, pending: pending, expecting: mix, configuration)
        self.fillPlanCount += 1
        guard let plan = assembly?.plan(number: self.fillPlanCount, after: previous) else { return }
        self.fillPlan = plan
        for shape in plan.problem.shapes { self.rememberSubstitutes(ofShape: shape.shape) }
    }

    /// Drops the plan: `bestNode` packs by what is free alone.
    public mutating func forgetFillPlan() { self.fillPlan = .none }

    /// Whether places are kept for expected pods.
    public var hasFillPlan: Bool { !self.fillPlan.isNone }

    /// The value of all planned places when the plan was made, in devices.
    public var plannedFill: Double { self.fillPlan.plannedValue }

    /// How many pods the plan expects until the free devices are used up.
    public var expectedPods: Double { self.fillPlan.expectedPods }

    // MARK: Planned places

    /// Open places looked at of a pod's own shape, and of each shape that stands in for it.
    private static let ownPlaceLimit = 64
    private static let substitutePlaceLimit = 8

    /// The place that the fill plan keeps for pods of just this shape; nil where none is open and fits, and for pods whose
    /// preferences decide.
    public mutating func keptNode(for pod: Int) -> Candidate? {
        let shape = self.shape(of: pod)
        guard !self.rules[shape].hasPreferences, self.snapshot.pods[pod].nominatedNode == nil else { return nil }
        let allowed = self.shapes[shape].allowedNodes
        return self.ownPlace(for: pod, shape, in: allowed)
    }

    private func ownPlace(for pod: Int, _ shape: Int, in candidates: NodeBitset) -> Candidate? {
        guard let own = self.fillPlan.position(ofShape: shape) else { return nil }
        var held = HeldDevices.none
        let index = self.fillPlan.firstOpenPlace(of: own, limit: Self.ownPlaceLimit) { place in
            guard candidates.contains(Int(place.node)), let found = self.devices(for: pod, shape, at: place) else {
                return false
            }
            held = found
            return true
        }
        return index.map { self.candidate(at: self.fillPlan.reference(shape: own, index: $0), held) }
    }

    /// A place of the plan for this pod: of its own shape, else of a similar one; nil where none is open and fits.
    mutating func plannedCandidate(for pod: Int, _ shape: Int, in candidates: NodeBitset) -> Candidate? {
        if let own = self.ownPlace(for: pod, shape, in: candidates) { return own }
        if !self.fillPlan.knowsSubstitutes(ofShape: shape) { self.rememberSubstitutes(ofShape: shape) }
        return self.substitutePlace(for: pod, shape, in: candidates)
    }

    private func substitutePlace(for pod: Int, _ shape: Int, in candidates: NodeBitset) -> Candidate? {
        for other in self.fillPlan.substitutes(ofShape: shape) {
            var held = HeldDevices.none
            let index = self.fillPlan.firstOpenPlace(of: other, limit: Self.substitutePlaceLimit) { place in
                guard candidates.contains(Int(place.node)),
                    self.hasSlack(for: shape, inPlaceOf: other, on: Int(place.node)),
                    let found = self.devices(for: pod, shape, at: place)
                else { return false }
                held = found
                return true
            }
            if let index { return self.candidate(at: self.fillPlan.reference(shape: other, index: index), held) }
        }
        return nil
    }

    private func candidate(at reference: FillPlan.PlaceReference, _ held: HeldDevices) -> Candidate {
        let place = self.fillPlan.places[Int(reference.shape)][Int(reference.index)]
        return Candidate(node: Int(place.node), held: held, place: reference)
    }

    private mutating func rememberSubstitutes(ofShape shape: Int) {
        let problem = self.fillPlan.problem
        guard let device = FillProblemBuilder.device(of: shape, in: self, partRow: problem.partRow) else { return }
        let requests = self.shapes[shape].requests
        let profile = FillPlan.Profile(
            device: device, value: self.partValue(of: shape, device),
            needs: problem.resourceRows.map { row in requests.first { $0.row == row }?.amount ?? 0 },
            isAllowed: problem.classes.map { self.shapes[shape].allowedNodes.contains($0.example) })
        self.fillPlan.rememberSubstitutes(ofShape: shape, profile)
    }

    private func partValue(of shape: Int, _ device: FillShape.Device) -> Double {
        device == .part ? FillProblemBuilder.deviceValue(of: shape, in: self, unitValues: [], roundsDown: false) : 0
    }

    /// Whether the node's slack and what the place of `other` keeps suffice for the shape.
    private func hasSlack(for shape: Int, inPlaceOf other: Int, on node: Int) -> Bool {
        for position in self.rules[shape].requests {
            let (row, amount) = (Int(self.requestRows[Int(position)]), self.requestAmounts[Int(position)])
            guard self.fillPlan.slack(node: node, solverRow: row, withPlaceOf: other) >= amount else { return false }
        }
        return true
    }

    /// What the pod would get at a place: the planned device where the plan names one, else what the pool's rule chooses.
    /// Nil where it does not fit any more.
    private func devices(for pod: Int, _ shape: Int, at place: FillPlan.Place) -> HeldDevices? {
        let node = Int(place.node)
        guard self.amountsFit(shape, on: node), self.portsFit(shape, on: node),
            !self.needsNeighbourCheck(shape) || self.neighboursAllow(pod, shape, on: node)
        else { return nil }
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
    func leastHarmfulNode(for pod: Int, _ shape: Int, in candidates: NodeBitset) -> Candidate? {
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
        let rule = self.rules[shape]
        var harm = 0.0
        for position in rule.requests {
            harm +=
                0.7
                * self.fillPlan.overdraft(
                    node: candidate.node, solverRow: Int(self.requestRows[Int(position)]),
                    amount: self.requestAmounts[Int(position)])
        }
        if rule.isFraction, candidate.held.pool >= 0, let device = candidate.held.devices.first {
            let left = self.devices.partLeft(in: Int(candidate.held.pool), at: device)
            let rest = Double(max(0, left - max(0, rule.device.thousandthsPerDevice))) / 1000
            return harm + (left == 1000 ? 1.5 * rest : rest)
        }
        return harm + Double(max(0, rule.unitsNeeded - self.fillPlan.unitSlack[candidate.node]))
    }
}
