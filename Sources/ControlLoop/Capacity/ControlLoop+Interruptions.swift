import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Gangs that lose members: shrunk, completed again, or moved as a whole.
extension ControlLoop {
    /// What becomes of each gang with members on a node that is taken. That it moves stays decided.
    mutating func answerInterruptions(_ snapshot: ClusterSnapshot, _ now: Int64) {
        guard !self.capacity.notices.isEmpty else {
            self.capacity.answers = [:]
            return
        }
        let gangs = InterruptedGangs(snapshot, taken: Set(self.capacity.notices.keys)) {
            self.pods[$0]?.movesWhole ?? false
        }
        let before = self.capacity.answers
        self.capacity.answers = [:]
        for (gang, answer) in gangs.answers.sorted(by: { $0.key < $1.key }) {
            let decided = before[gang] == .move ? .move : answer
            self.capacity.answers[gang] = decided
            if before[gang] != decided { self.record(decided, of: gang, now) }
        }
    }

    private mutating func record(_ answer: InterruptionAnswer, of gang: PodGroupKey, _ now: Int64) {
        let nodes = self.holders(of: gang).compactMap(\.state.node).filter { self.capacity.notices[$0] != nil }
        guard let node = nodes.min() else { return }
        self.capacity.noticeRecords.append(
            NoticeRecord(
                atMillis: self.wallMillis(now), node: node, source: "berth", gangs: [gang], kind: .answered(answer)))
    }

    /// Members that hold a node and are not about to leave it.
    private func holders(of gang: PodGroupKey) -> [ObservedPod] {
        let tops = PodGroup.topGroups(of: Array(self.groups.values))
        return self.pods.values.filter { pod in
            pod.state.node != nil && !pod.state.isTerminating && !pod.state.belongsToNode
                && self.evicting[pod.state.key] != pod.uid && pod.state.group.map { tops[$0] ?? $0 } == gang
        }
        .sorted { $0.state.key < $1.state.key }
    }

    /// Gangs that end as a whole, the members that are elsewhere with those on the node.
    mutating func evictMovingGangs(from name: NodeName) -> [Action] {
        var actions: [Action] = []
        for gang in self.capacity.answers.keys.sorted() where self.capacity.answers[gang] == .move {
            let members = self.holders(of: gang)
            guard members.contains(where: { $0.state.node == name }) else { continue }
            self.capacity.answers[gang] = nil
            for pod in members {
                self.evicting[pod.state.key] = pod.uid
                let isThere = pod.state.node == name
                actions.append(
                    self.action(.evict(self.target(pod), isThere ? .interrupted(name) : .gangMoves(gang, from: name))))
            }
        }
        return actions
    }

    /// What is bought instead so that a gang moves whole, where what it lost can be replaced nowhere: its domain has no room, and no launch
    /// is sure to share it. Adopted only where all of the gang is served and nobody else less.
    ///
    /// - Throws: `RefusedPlan` where the verifier rejects a trial: a bug of ours.
    mutating func moveInstead(
        of purchases: PurchasePlan, _ plan: Plan, _ snapshot: ClusterSnapshot, _ planner: CapacityPlanner, _ now: Int64
    ) throws(RefusedPlan) -> PurchasePlan? {
        let unserved = Set(purchases.unserved.map(\.pod))
        for gang in self.capacity.answers.keys.sorted() where self.capacity.answers[gang] == .replace {
            let members = self.holders(of: gang)
            let keys = Set(members.map(\.state.key))
            guard !keys.isDisjoint(with: unserved), members.allSatisfy(\.isRecreated) else { continue }
            self.capacity.answers[gang] = .move
            let future = FutureCluster(self, plan, snapshot)
            let ahead = try Planner(configuration: planner.configuration).plan(future.snapshot)
            let moved = try planner.plan(
                future.snapshot, leaving: ahead, pools: self.countedPools,
                blocked: self.capacity.backoff.blocked(atSeconds: now / 1000), atSeconds: self.wallSeconds)
            if moved.unserved.count < purchases.unserved.count, keys.isDisjoint(with: moved.unserved.map(\.pod)) {
                self.record(.move, of: gang, now)
                return moved
            }
            self.capacity.answers[gang] = .replace
        }
        return nil
    }

    // MARK: Patience

    /// Gangs below their minimum that will be whole once what is bought has joined and who leaves has left.
    mutating func noteAwaitedGangs(_ future: ClusterSnapshot, _ ahead: Plan) {
        guard !self.partialGangs.isEmpty else {
            self.capacity.awaited = []
            return
        }
        let incomplete = Set(GangStanding(future, ahead).incompleteTopGroups)
        self.capacity.awaited = Set(self.partialGangs.keys).subtracting(incomplete)
    }

    /// Whether the rest of the gang is on its way, and not for longer than a machine may take.
    func isAwaited(_ gang: PodGroupKey, _ now: Int64) -> Bool {
        guard self.capacity.awaited.contains(gang), let hold = self.partialGangs[gang] else { return false }
        return now - hold.sinceMillis < self.configuration.joinMillis
    }
}
