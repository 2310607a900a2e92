import ControlLoop
import ExtenderDecisions
import SchedulingModel

/// What a replica's extender answers from: its newest accepted plan, and the UIDs that it knew then.
struct SimulatedExtender {
    private var plan: PublishedPlan?
    private var uids: [PodKey: String] = [:]
    /// Laid out when the first question comes.
    private var view: ExtenderView?

    private(set) var cycle: UInt64?

    mutating func publish(_ plan: PublishedPlan, uids: [PodKey: String]) {
        self.cycle = plan.cycle
        guard plan.isAccepted else { return }
        self.plan = plan
        self.uids = uids
        self.view = nil
    }

    /// Asks nothing before the first plan.
    mutating func ask(_ question: (inout ExtenderView, PublishedPlan) -> Void) {
        guard let plan = self.plan else { return }
        var view = self.view ?? ExtenderView(plan, uids: self.uids)
        question(&view, plan)
        self.view = view
    }
}

extension SimulatedReplica {
    /// - Returns: Whether kube-scheduler has something to bind by a plan that is new.
    mutating func publishToExtender() -> Bool {
        guard let published = self.loop.published, published.cycle != self.extender.cycle else { return false }
        self.extender.publish(published, uids: self.view.pods.mapValues(\.uid))
        return published.plan.assignments.contains { self.view.pods[$0.pod]?.door == .scheduler }
    }
}

/// A kube-scheduler that asks Berth's extender: it looks at a sample of the nodes, asks what it does not act on, and evicts whom the plan names.
extension ChaosWorld {
    /// Longest time until kube-scheduler tries a pod again for which no event of its own has come.
    private static let flushMillis = 300_000

    /// Every third cluster, drawn apart, so that a seed gives the others as it would without.
    mutating func buildExtender() {
        self.extenderGenerator = SeededGenerator(seed: self.seed ^ 0x0DD_BA11)
        self.hasExtender = self.options.hasExtender && self.extenderGenerator.once(in: 3)
    }

    /// Some of the workloads are left to kube-scheduler and the extender: no gate, no binding of ours.
    mutating func letSchedulerBind(_ workload: inout SimulatedWorkload) {
        guard self.hasExtender, !workload.isForeign, self.extenderGenerator.once(in: 2) else { return }
        workload.door = .scheduler
        workload.asksExtender = true
    }

    /// Kube-scheduler is not told of plans: without an event of its own it tries again after minutes.
    mutating func publishToExtender(of index: Int) {
        guard self.hasExtender, self.replicas[index].publishToExtender() else { return }
        self.scheduleLater(self.extenderDelay(1000...Self.flushMillis))
    }

    /// One later attempt at a time.
    private mutating func scheduleLater(_ delay: Int64) {
        if let known = self.scheduler.againMillis, known > self.now, known <= self.now + delay { return }
        self.scheduler.againMillis = self.now + delay
        self.queue.schedule(.schedule, atMillis: self.now + delay)
    }

    private mutating func extenderDelay(_ range: ClosedRange<Int>) -> Int64 {
        Int64(self.extenderGenerator.int(in: range))
    }

    /// The nodes that the extender lets pass, best first where it says so; all of them for pods that it is not asked about.
    mutating func filtered(_ pod: ObservedPod, _ fitting: [NodeName]) -> [NodeName] {
        guard self.hasExtender, self.isPlannedByUs(pod) else { return fitting }
        var offered = fitting
        if !self.isHealing, fitting.count > 1, self.extenderGenerator.once(in: 4) {
            self.count("extender asked about a sample of the nodes")
            offered.remove(at: self.extenderGenerator.int(in: 0...fitting.count - 1))
            // Nodes are looked at in turn: another attempt begins elsewhere.
            self.scheduleLater(self.extenderDelay(1000...10_000))
        }
        guard let index = self.answeringReplica() else { return [] }
        let others = self.scheduler.view.pods.values.map(\.uid).sorted()
        let hypothesis = others.isEmpty ? nil : self.extenderGenerator.pick(others)
        var answer: (passing: [NodeName], finding: String?)?
        self.replicas[index].extender.ask { view, plan in
            answer = Self.answer(&view, plan, pod, offered, hypothesis)
        }
        guard let answer else { return [] }
        self.auditor.questionCount += 1
        if let finding = answer.finding { self.auditor.report("\(finding) at \(self.now)") }
        return answer.passing
    }

    /// Every replica answers that lives.
    private mutating func answeringReplica() -> Int? {
        let alive = self.replicas.indices.filter { self.replicas[$0].isAlive }
        return alive.isEmpty ? nil : self.extenderGenerator.pick(alive)
    }

    private func isPlannedByUs(_ pod: ObservedPod) -> Bool {
        if case .foreignScheduler = pod.state.standing { return false }
        return true
    }

    private static func answer(
        _ view: inout ExtenderView, _ plan: PublishedPlan, _ pod: ObservedPod, _ offered: [NodeName],
        _ hypothesis: String?
    ) -> (passing: [NodeName], finding: String?) {
        guard case .pod(let subject) = view.subject(uid: pod.uid, pod.state) else { return ([], nil) }
        let nodes = offered.map { view.position(of: $0) }
        let verdicts = view.verdicts(of: subject, on: nodes)
        // Nobody acts on this one.
        if let other = hypothesis.flatMap({ view.pod(ofUID: $0) }) { _ = view.verdicts(of: other, on: nodes) }
        guard view.verdicts(of: subject, on: nodes) == verdicts else {
            return ([], "a question about a pod changed the answer for \(pod.state.key)")
        }
        let scores = view.scores(of: subject, on: nodes)
        let passing = offered.indices.filter { verdicts[$0] == .fits }.sorted { scores[$0] > scores[$1] }
        return (passing.map { offered[$0] }, passing.isEmpty ? nil : Self.tornGang(plan, pod))
    }

    /// A member that was not let go before passes only with a plan that has its gang whole.
    private static func tornGang(_ published: PublishedPlan, _ pod: ObservedPod) -> String? {
        guard pod.pinnedNode == nil, let key = pod.state.group,
            let group = published.snapshot.groups.first(where: { $0.key == key })
        else { return nil }
        let placed = Set(published.plan.assignments.map(\.pod))
        let standing = published.snapshot.pods.count { member in
            member.group == key && !member.isTerminating && (member.node != nil || placed.contains(member.key))
        }
        return standing < group.minMember
            ? "\(pod.state.key) passes the extender with \(standing) of at least \(group.minMember) members" : nil
    }

    /// Where a pod finds no node, kube-scheduler evicts whom the plan has chosen for it, and keeps the room; an older nomination that leads to
    /// nothing is taken back.
    mutating func preempt(for pod: ObservedPod) {
        guard self.hasExtender, self.isPlannedByUs(pod), pod.pinnedNode == nil,
            self.store.pod(pod.state.key, uid: pod.uid) != nil
        else { return }
        guard let index = self.answeringReplica() else { return }
        var planned: (node: NodeName, uids: [String])?
        self.replicas[index].extender.ask { view, _ in
            if let subject = view.pod(ofUID: pod.uid) { planned = view.plannedVictims(of: subject) }
        }
        let target = PodTarget(key: pod.state.key, uid: pod.uid, version: pod.version)
        guard let (node, uids) = planned else { return self.takeBackNomination(of: pod, target) }
        self.count("eviction by kube-scheduler")
        self.note("kube-scheduler evicts \(uids) of \(node) for \(pod.state.key)")
        self.scheduler.nominated[pod.uid] = node
        _ = self.store.nominate(target, node)
        for victim in self.store.pods(on: node) where uids.contains(victim.observed.uid) {
            _ = self.store.evict(victim.key, uid: victim.observed.uid)
        }
    }

    private mutating func takeBackNomination(of pod: ObservedPod, _ target: PodTarget) {
        // What others have written stays.
        guard let node = pod.state.nominatedNode, self.scheduler.nominated[pod.uid] == node,
            !self.store.pods(on: node).contains(where: \.state.isTerminating)
        else { return }
        _ = self.store.nominate(target, nil)
    }
}
