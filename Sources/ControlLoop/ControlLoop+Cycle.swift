import PlacementVerifier
import SchedulingCycle
import SchedulingModel

extension ControlLoop {
    /// One scheduling cycle: snapshot, plan, verdict, and, for a leader, the actions.
    mutating func runCycle(_ now: Int64) -> [Action] {
        let snapshot = self.snapshot(now)
        self.cycleCount += 1
        let digest = SnapshotDigest.text(of: snapshot)
        var plan: Plan
        var verdict = PublishedPlan.Verdict.accepted
        do throws(RefusedPlan) {
            plan = try Planner(configuration: self.configuration.planner).plan(snapshot, on: &self.compiled)
        } catch {
            plan = error.plan
            verdict = .refused(error.violations)
        }
        var actions: [Action] = []
        if self.isLeader, case .accepted = verdict {
            actions =
                self.placements(plan) + self.explanations(plan) + self.evictions(plan, snapshot, now)
                + self.preemptionActions(plan, now)
        }
        var purchases: PurchasePlan?
        var violations: [Violation] = []
        do throws(RefusedPlan) {
            if case .accepted = verdict { purchases = try self.planCapacity(plan, snapshot, version: digest, now) }
        } catch {
            violations = error.violations
        }
        actions += self.takeConsolidationEvictions()
        let decisions = actions.map {
            DecisionRecord(atMillis: now, cycle: self.cycleCount, snapshotDigest: digest, action: $0)
        }
        self.published = PublishedPlan(
            cycle: self.cycleCount, atMillis: now, snapshot: snapshot, plan: plan, verdict: verdict,
            snapshotDigest: digest, decisions: decisions)
        self.published?.purchases = purchases
        self.published?.purchaseViolations = violations
        return actions
    }

    /// The cluster with every decision that is under way counted as a fact.
    private func snapshot(_ now: Int64) -> ClusterSnapshot {
        let unsettled = self.unsettledGroups()
        let pods = self.pods.values.compactMap { pod in
            self.fact(pod).map { self.withPreemptionFacts($0, pod, unsettled, now) }
        }
        var groups = self.groups
        for key in pods.compactMap(\.group) where groups[key] == nil {
            // Deleted before its pods, or not seen yet.
            groups[key] = PodGroup(key: key, minMember: 1, problem: "pod group \(key) does not exist")
        }
        return ClusterSnapshot(
            nodes: self.openNodes(), pods: pods, groups: Array(groups.values),
            topology: self.topology, budgets: self.budgets)
    }

    /// Nodes that are given back or taken are closed from the decision on, before the watch shows it; so are nodes that are back under their
    /// name while what was decided before may still land on them.
    private func openNodes() -> [NodeState] {
        let closed = self.closedNodes().union(self.uncertainNodes.keys)
        guard !closed.isEmpty else { return Array(self.nodes.values) }
        return self.nodes.values.map { node in
            guard closed.contains(node.name), !node.taints.contains(.givingBack) else { return node }
            var node = node
            node.taints.append(.givingBack)
            return node
        }
    }

    /// Nil for a pod that holds nothing and wants nothing any more.
    private func fact(_ pod: ObservedPod) -> PodState? {
        var state = pod.state
        if state.isTerminating || self.evicting[state.key] == pod.uid {
            // It holds its room and is no member any more: nobody may start because it is there.
            state.group = nil
            if state.node == nil, !state.isTerminating, let pinned = pod.pinnedNode, self.nodes[pinned] != nil {
                state.standing = .bound(pinned)
            }
            state.isTerminating = true
            return state.node == nil ? nil : state
        }
        guard state.node == nil else { return state }
        if let pinned = pod.pinnedNode {
            state.standing =
                self.nodes[pinned] != nil
                ? .bound(pinned) : .invalid("pinned to node \(pinned), which is gone")
        } else if let assumption = self.assumptions[state.key] {
            state.standing = .bound(assumption.assignment.node)
            state.knownDevices = assumption.assignment.devices.filter { !$0.isAssumed }
        } else if let refusal = self.refusals[state.key], state.standing == .pending {
            state.standing = .invalid(refusal.message)
        }
        return state
    }

    /// The planner lets go a gang only with at least its minimum, counting members that stand already.
    private mutating func placements(_ plan: Plan) -> [Action] {
        plan.assignments.compactMap { assignment in
            guard let pod = self.pods[assignment.pod] else { return nil }
            let target = self.target(pod)
            switch pod.door {
            case .scheduler: return nil
            case .gate: return self.assume(assignment, target, isRelease: true)
            case .binding: return self.assume(assignment, target, isRelease: false)
            }
        }
    }

    mutating func assume(_ assignment: Assignment, _ target: PodTarget, isRelease: Bool) -> Action {
        self.assumptions[assignment.pod] = Assumption(assignment: assignment, uid: target.uid)
        self.explained[assignment.pod] = nil
        return self.action(isRelease ? .release(target, assignment) : .bind(target, assignment))
    }

    /// Only what is news: a reason that is written already is not written again.
    private mutating func explanations(_ plan: Plan) -> [Action] {
        plan.pending.compactMap { pending in
            guard let pod = self.pods[pending.pod] else { return nil }
            let news = Explained(uid: pod.uid, reason: pending.reason, fix: pending.fix)
            guard self.explained[pending.pod] != news else { return nil }
            self.explained[pending.pod] = news
            return self.action(.explain(self.target(pod), pending))
        }
    }
}
