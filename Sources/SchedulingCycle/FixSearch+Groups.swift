import PlacementSolver
import SchedulingModel

extension FixSearch {
    /// Bound pods released at most when looking for room for a gang.
    private static let victimLimit = 64
    /// New nodes tried at most; a larger count is computed from what one such node takes.
    private static let newNodeLimit = 256

    /// For a gang without room: the one condition that keeps it off the nodes, pods that leave anyway, one level wider, pods
    /// that move, pods of lower priority, more nodes, fewer members, smaller ones.
    mutating func fix(forGroup top: Int, _ explanation: Diagnosis.Explanation) -> Fix? {
        switch explanation.reason {
        case .untoleratedTaint:
            if let fix = self.groupToleration(top) { return fix }
        case .nodeAffinityMismatch, .hostPortConflict, .volumeNodeAffinityMismatch, .topologySpreadViolated,
            .podAffinityUnsatisfied, .podAntiAffinityViolated, .nodeUnschedulable, .nodeNotReady:
            if let fix = self.groupRelaxed(top, explanation.reason) { return fix }
        default: break
        }
        return self.groupTermination(top) ?? self.widerTopology(top) ?? self.groupMove(top) ?? self.groupPreemption(top)
            ?? self.moreNodes(top, explanation.evidence) ?? self.groupToleration(top)
            ?? self.fewerMembers(top) ?? self.groupSmallerRequest(top, explanation)
    }

    func pending(_ top: Int) -> [Int] {
        self.state.groups.pods(below: top).filter { pod in
            self.snapshot.pods[pod].standing == .pending && self.state.node(of: pod) == nil
        }
    }

    private mutating func places(_ top: Int, _ query: GangQuery = GangQuery()) -> [Int]? {
        var query = query
        query.stepLimit = Self.gangStepLimit
        return if case .satisfied(let placed) = self.state.placeGroup(top, query), !placed.isEmpty { placed } else {
            nil
        }
    }

    private mutating func groupTermination(_ top: Int) -> Fix? {
        let leaving = self.snapshot.pods.indices.filter { pod in
            self.snapshot.pods[pod].isTerminating && self.state.node(of: pod) != nil
        }
        guard !leaving.isEmpty, let needed = self.smallestRelease(leaving, lettingIn: top) else { return nil }
        return .waitForTermination(pods: self.keys(needed), nodes: self.nodes(of: needed))
    }

    /// Frees candidates until the gang fits, then keeps each that is not needed, most valuable first.
    private mutating func smallestRelease(_ candidates: [Int], lettingIn top: Int) -> [Int]? {
        guard candidates.count <= Self.victimLimit else { return nil }
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        let places = candidates.map { self.state.candidate(of: $0) }
        for candidate in candidates { self.state.release(candidate) }
        guard self.wouldPlace(top) else { return nil }
        var needed: [Int] = []
        for (candidate, place) in zip(candidates, places).reversed() {
            guard let place else { continue }
            let before = self.state.checkpoint
            self.state.assume(candidate, place)
            if self.wouldPlace(top) { continue }
            self.state.rollback(to: before)
            needed.append(candidate)
        }
        return needed.isEmpty ? nil : needed
    }

    mutating func wouldPlace(_ top: Int) -> Bool {
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        return self.places(top) != nil
    }

    private mutating func widerTopology(_ top: Int) -> Fix? {
        let requires = self.state.groups.pods(below: top).contains { pod in
            var group = self.state.groups.leafByPod[pod]
            while group >= 0 {
                if self.state.groups.groups[group].topology.contains(where: \.isRequired) { return true }
                group = self.state.groups.parentByGroup[group]
            }
            return false
        }
        guard requires else { return nil }
        var query = GangQuery()
        query.ignoresRequiredTopology = true
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        guard self.places(top, query) != nil else { return nil }
        let placed = self.state.groups.pods(below: top).compactMap { self.state.node(of: $0) }
        let nodes = placed.map { self.snapshot.nodes[$0] }
        let axes = self.snapshot.topology.levels.indices.reversed().map(TopologyAxis.level)
        return .widenTopology(to: axes.first { axis in Set(nodes.map { $0.domain(on: axis) }).count == 1 })
    }

    // MARK: Room made by others

    private mutating func groupPreemption(_ top: Int) -> Fix? {
        let members = self.pending(top)
        let priority = members.map { self.snapshot.pods[$0].priority }.max() ?? 0
        guard let needed = self.releaseOnNearNodes(top, where: { $0.priority < priority }) else { return nil }
        let mayPreempt = members.allSatisfy { self.snapshot.pods[$0].mayPreempt }
        let nodes = self.nodes(of: needed)
        return mayPreempt
            ? .preempt(pods: self.keys(needed), nodes: nodes) : .freePods(pods: self.keys(needed), nodes: nodes)
    }

    /// Pods no more important than the gang that find room elsewhere once the gang is placed.
    private mutating func groupMove(_ top: Int) -> Fix? {
        let priority = self.pending(top).map { self.snapshot.pods[$0].priority }.max() ?? 0
        guard let needed = self.releaseOnNearNodes(top, where: { !$0.isTerminating && $0.priority <= priority }),
            needed.count <= 2 * Self.moveLimit
        else { return nil }
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        for pod in needed { self.state.release(pod) }
        guard self.places(top) != nil else { return nil }
        var targets: [PodKey: NodeName] = [:]
        for pod in needed {
            guard let target = self.state.bestNode(for: pod) else { return nil }
            self.state.assume(pod, target)
            targets[self.snapshot.pods[pod].key] = self.snapshot.nodes[target.node].name
        }
        let keys = self.keys(needed)
        return .movePods(pods: keys, to: keys.compactMap { targets[$0] })
    }

    /// Eligible pods on the nodes that lack least for one member, as few as let the gang in.
    private mutating func releaseOnNearNodes(_ top: Int, where isEligible: (PodState) -> Bool) -> [Int]? {
        guard let member = self.pending(top).first else { return nil }
        var candidates: [Int] = []
        for node in self.nearNodes(for: member) {
            let snapshot = self.snapshot
            let onNode = self.victims(on: node) { isEligible(snapshot.pods[$0]) }
            if candidates.count + onNode.count > Self.victimLimit { break }
            candidates += onNode
        }
        return candidates.isEmpty ? nil : self.smallestRelease(candidates, lettingIn: top)
    }

    /// Nodes that would take the member if others left, those with the fewest devices in use first.
    private mutating func nearNodes(for member: Int) -> [Int] {
        let nodes = self.rejections(member).nodes { !$0.isEmpty && $0.allSatisfy(\.isResolvableByPreemption) }
        let found = nodes.map { node in
            let (idle, all) = self.state.deviceCounts(on: node)
            return (node: node, used: all - idle)
        }
        return found.sorted { ($0.used, $0.node) < ($1.used, $1.node) }.prefix(Self.nodeLimit).map(\.node)
    }

    private func nodes(of pods: [Int]) -> [NodeName] {
        Set(pods.compactMap { self.snapshot.pods[$0].node }).sorted()
    }

    // MARK: More nodes, fewer members

    /// Empty nodes like the one that takes most members, enough for those that the best domain has no room for.
    private mutating func moreNodes(_ top: Int, _ evidence: Evidence) -> Fix? {
        let members = self.neededMembers(top)
        let best = evidence.domains.first
        var largest: (node: Int, count: Int)?
        // The new nodes must join the domain that lacks least, so one of its own is the pattern if there is any.
        let inBestDomain = best.flatMap { self.state.nodes(in: $0.domain) }
        var wanted = self.requests(of: members.prefix(1))
        let ofBestDomain = self.snapshot.nodes.indices.filter { inBestDomain?.contains($0) ?? false }
        let order = ofBestDomain + self.snapshot.nodes.indices
        var next = 0
        while let position = self.state.firstPosition(in: order, from: next, offering: wanted) {
            next = position + 1
            let node = order[position]
            let count = self.fitsEmpty(members, on: node)
            guard count > largest?.count ?? 0 else { continue }
            largest = (node, count)
            if count == members.count { break }
            wanted = self.requests(of: members.prefix(count + 1))
        }
        guard let largest else { return nil }
        let nodes = best.map { _ in inBestDomain ?? self.state.everyNode }
        var left = (nodes.map { self.withoutRoom(members, in: $0) } ?? members)[...]
        var count = 0
        while !left.isEmpty {
            let taken = self.fitsEmpty(left, on: largest.node)
            guard taken > 0 else { return nil }
            left = left.dropFirst(taken)
            count += 1
        }
        return self.tryNewNodes(max(1, count), like: largest.node, for: top)
    }

    private func requests(of members: ArraySlice<Int>) -> ResourceAmounts {
        var sum = ResourceAmounts()
        for member in members { sum.add(self.snapshot.pods[member].requests) }
        return sum
    }

    /// Plans the gang on the cluster with the new nodes in it, and with up to two more where they turn out too few.
    private func tryNewNodes(_ count: Int, like pattern: Int, for top: Int) -> Fix? {
        guard count <= Self.newNodeLimit else {
            return .addNodes(count: count, like: self.snapshot.nodes[pattern].name)
        }
        for tried in count...count + 2 {
            var trial = FixSearch(state: SolverState(self.snapshot(adding: tried, like: pattern)))
            if trial.places(top) != nil { return .addNodes(count: tried, like: self.snapshot.nodes[pattern].name) }
        }
        return nil
    }

    /// Pending members, biggest first; of a gang without subgroups no more than its minimum lacks.
    private func neededMembers(_ top: Int) -> [Int] {
        let groups = self.state.groups
        let members = self.pending(top).map { (pod: $0, devices: self.deviceCount($0)) }
            .sorted { ($1.devices, $0.pod) < ($0.devices, $1.pod) }.map(\.pod)
        guard groups.childrenByGroup[top].isEmpty else { return members }
        let running = groups.pods(below: top).count { self.state.node(of: $0) != nil }
        return Array(members.prefix(max(1, groups.groups[top].minMember - running)))
    }

    /// Members that find no node when they are placed one by one on these.
    private mutating func withoutRoom(_ members: [Int], in nodes: NodeBitset) -> [Int] {
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        // Nodes only fill up here: whose like was refused has no room either.
        var refusals = Refusals()
        return members.filter { member in
            if refusals.cover(member, in: &self.state) { return true }
            guard let candidate = self.state.bestNode(for: member, in: nodes) else {
                refusals.insert(member, in: &self.state)
                return true
            }
            self.state.assume(member, candidate)
            return false
        }
    }

    /// The largest `minMember` that would let a gang without subgroups start.
    mutating func fewerMembers(_ top: Int) -> Fix? {
        guard self.state.groups.childrenByGroup[top].isEmpty else { return nil }
        var query = GangQuery()
        query.minMember = 1
        let start = self.state.checkpoint
        defer { self.state.rollback(to: start) }
        guard let placed = self.places(top, query) else { return nil }
        return .lowerMinMember(to: placed.count)
    }
}
