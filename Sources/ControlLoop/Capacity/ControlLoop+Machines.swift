import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Bought machines and the nodes they become: expected, joined, given up, given back, taken.
extension ControlLoop {
    // MARK: Nodes

    mutating func noteNode(_ node: NodeState, _ now: Int64) {
        if let machine = node.machine { self.capacity.nodeByMachine[machine] = node.name }
        if self.isLeader, !node.taints.isEmpty { self.takeSignals(of: node, now) }
    }

    mutating func noteNodeGone(_ name: NodeName) {
        self.capacity.nodeByMachine = self.capacity.nodeByMachine.filter { $0.value != name }
        self.capacity.idleSince[name] = nil
        self.capacity.giving[name] = nil
        self.capacity.taintWork[name] = nil
        if let notice = self.capacity.notices.removeValue(forKey: name) {
            self.record(name, notice, .gone, self.lastMillis)
        }
        self.capacity.lifted.remove(name)
    }

    /// Where a pod stands, or will stand by what was decided.
    func place(of pod: ObservedPod) -> NodeName? {
        pod.state.node ?? pod.pinnedNode ?? self.assumptions[pod.state.key]?.assignment.node
    }

    /// Nodes with pods that are not the node's own, or that are about to have some.
    func nodesInUse() -> Set<NodeName> {
        Set(
            self.pods.values.compactMap { pod in
                if pod.state.belongsToNode { return nil }
                return self.place(of: pod)
            })
    }

    func node(of machine: MachineID) -> NodeState? {
        self.capacity.nodeByMachine[machine].flatMap { self.nodes[$0] }
    }

    /// Ready, with all the devices that its type should have.
    func isUsable(_ node: NodeState, _ claim: LaunchClaim) -> Bool {
        if node.taints.contains(where: { $0.key == Taint.notReady.key }) { return false }
        guard let template = self.expectedNode(claim, as: node.name) else { return true }
        return template.devicePools.allSatisfy { pool in
            node.allocatable[pool.resource] >= template.allocatable[pool.resource]
        }
    }

    func expectedNode(_ claim: LaunchClaim, as name: NodeName) -> NodeState? {
        self.capacity.pools.first { $0.name == claim.pool }?
            .expectedNode(claim.offering, as: name, launch: claim.token)
    }

    // MARK: Waiting for machines

    /// When it was launched, on this process' clock: the clock of another that has written the claim may be ahead.
    func since(_ launch: CapacityState.Launch) -> Int64 {
        min(launch.claim.sinceMillis - self.configuration.epochMillis, launch.seenMillis)
    }

    /// When a machine that has no usable node is given up.
    func joinDeadline(_ launch: CapacityState.Launch) -> Int64 {
        self.since(launch) + self.configuration.joinMillis
    }

    mutating func noteMachines(_ now: Int64) {
        for token in self.capacity.launches.keys.sorted() {
            guard var launch = self.capacity.launches[token] else { continue }
            for machine in launch.claim.machines {
                let node = self.node(of: machine.id)
                switch machine.phase {
                case .leaving: break
                case .expected:
                    if let node, self.isUsable(node, launch.claim) {
                        launch.claim.set(machine.id, to: .joined)
                        self.note(.joined(afterMillis: now - self.since(launch)), launch.claim)
                    } else if now >= self.joinDeadline(launch) {
                        // A node that is there, and no good, goes as any other: closed first, and only when it is empty.
                        launch.claim.set(machine.id, to: node == nil ? .leaving : .joined)
                        if let node { self.capacity.giving[node.name] = .draining(taintedMillis: nil) }
                        self.blame(&launch, now)
                    }
                case .joined: self.watchJoined(machine.id, node, &launch, now)
                }
            }
            if launch != self.capacity.launches[token] {
                self.capacity.launches[token] = launch
                self.requestCycle(now)
            }
        }
    }

    /// Machines of this offering do not come up: others are tried first.
    private mutating func blame(_ launch: inout CapacityState.Launch, _ now: Int64) {
        guard !launch.isBlamed else { return }
        launch.isBlamed = true
        self.block(launch.claim, because: .noCapacity, now)
    }

    private mutating func watchJoined(
        _ machine: MachineID, _ node: NodeState?, _ launch: inout CapacityState.Launch, _ now: Int64
    ) {
        guard node == nil else {
            launch.missingSince[machine] = nil
            return
        }
        let since = launch.missingSince[machine] ?? now
        if launch.missingSince[machine] == nil {
            launch.missingSince[machine] = now
            self.capacity.requestList(launch.claim.pool, atMillis: now)
        }
        if now >= since + self.configuration.joinMillis { launch.claim.set(machine, to: .leaving) }
    }

    // MARK: Giving back

    /// A node that is given back is tainted first; its machine goes when nobody has come for a while after that was seen.
    mutating func settleGiving(_ now: Int64) {
        guard !self.capacity.giving.isEmpty else { return }
        let users = self.nodesInUse()
        for name in self.capacity.giving.keys.sorted() {
            guard let giving = self.capacity.giving[name], let node = self.nodes[name], let machine = node.machine,
                let token = self.capacity.token(of: machine),
                self.capacity.launches[token]?.claim.machines(.joined).contains(machine) == true
            else {
                self.capacity.giving[name] = nil
                continue
            }
            let isTainted = node.taints.contains { $0.key == Taint.givingBack.key }
            switch giving {
            case .cancelled:
                if !isTainted, self.capacity.taintWork[name]?.busy == nil { self.capacity.giving[name] = nil }
            case .emptying(let emptying):
                guard self.settleEmptying(name, emptying, isTainted: isTainted, now) else { continue }
                self.capacity.launches[token]?.claim.set(machine, to: .leaving)
                self.capacity.giving[name] = nil
            case .draining(let since):
                guard isTainted else {
                    self.capacity.giving[name] = .draining(taintedMillis: nil)
                    continue
                }
                let tainted = since ?? now
                self.capacity.giving[name] = .draining(taintedMillis: tainted)
                guard now >= tainted + self.configuration.settleMillis else { continue }
                if users.contains(name) {
                    self.capacity.giving[name] = .cancelled
                    self.capacity.idleSince[name] = nil
                } else {
                    self.capacity.launches[token]?.claim.set(machine, to: .leaving)
                    self.capacity.giving[name] = nil
                }
            }
        }
    }

    /// Chooses nodes to give back: those that stood empty, and that no plan wants, for the whole delay.
    ///
    /// - Parameter wanted: Nodes that something that waits will stand on.
    mutating func giveBack(_ snapshot: ClusterSnapshot, wanted: Set<NodeName>, _ now: Int64) throws(RefusedPlan) {
        self.capacity.examinedMillis = now
        let holders = Set(snapshot.pods.filter { !$0.belongsToNode }.compactMap(\.node))
        var owned: [GiveBackPlanner.OwnedNode] = []
        var idle: [NodeName: Int64] = [:]
        for launch in self.capacity.launches.values {
            // Nodes of a launch that is still arriving wait for the others.
            let isArriving =
                launch.claim.phase == .launching || !launch.claim.machines(.expected).isEmpty
                || self.awaitsMove(launch, now)
            let price = self.price(of: launch.claim)
            for machine in launch.claim.machines(.joined) {
                guard let name = self.capacity.nodeByMachine[machine], let node = self.nodes[name] else { continue }
                if wanted.contains(name) || node.refusesDisruption { self.cancelEmptying(name, now) }
                if wanted.contains(name) || node.refusesDisruption, case .draining? = self.capacity.giving[name] {
                    self.capacity.giving[name] = .cancelled
                }
                guard !isArriving, !holders.contains(name), !wanted.contains(name), self.capacity.giving[name] == nil,
                    self.capacity.notices[name] == nil
                else { continue }
                let since = self.capacity.idleSince[name] ?? now
                idle[name] = since
                owned.append(
                    GiveBackPlanner.OwnedNode(
                        name: name, pool: launch.claim.pool, pricePerHourMicroUSD: price,
                        emptySinceSeconds: since <= now - self.configuration.idleMillis ? .min / 2 : .max / 2,
                        mustStay: node.refusesDisruption))
            }
        }
        self.capacity.idleSince = idle
        guard owned.contains(where: { ($0.emptySinceSeconds ?? .max) < 0 }) else { return }
        var planner = GiveBackPlanner(configuration: self.configuration.planner)
        planner.emptyDelaySeconds = 0
        let given = try planner.plan(
            snapshot, owned: owned, pools: self.poolsWithoutLeaving, limits: self.giveBackLimits,
            atSeconds: now / 1000)
        for node in given { self.capacity.giving[node.node] = .draining(taintedMillis: nil) }
    }

    /// The claim that a node's machine is in; nil for one that we do not own.
    func claim(of node: NodeState) -> LaunchClaim? {
        node.machine.flatMap(self.capacity.token).flatMap { self.capacity.launches[$0]?.claim }
    }

    func offering(of claim: LaunchClaim) -> NodeOffering? {
        let pool = self.capacity.pools.first { $0.name == claim.pool }
        return pool?.offerings.first { $0.key == claim.offering }
    }

    func price(of claim: LaunchClaim) -> Int64 { self.offering(of: claim)?.pricePerHourMicroUSD ?? 0 }

    // MARK: Taints

    /// Our taints, brought in line with what was decided. A taint that nobody remembers is a decision of a process before.
    mutating func stepTaints(_ now: Int64) {
        guard self.configuration.taintsNodes else { return }
        var leaving: Set<NodeName> = []
        var joined: Set<NodeName> = []
        for launch in self.capacity.launches.values {
            leaving.formUnion(launch.claim.machines(.leaving).compactMap { self.capacity.nodeByMachine[$0] })
            joined.formUnion(launch.claim.machines(.joined).compactMap { self.capacity.nodeByMachine[$0] })
        }
        for name in leaving.union(joined).union(self.capacity.notices.keys).union(self.capacity.lifted).sorted() {
            guard let node = self.nodes[name] else { continue }
            let isTainted = node.taints.contains { $0.key == Taint.givingBack.key }
            switch self.capacity.giving[name] {
            case .draining: if !isTainted { self.askTaint(name, .givingBack, isPresent: true, now) }
            case .emptying: if !isTainted { self.askTaint(name, .emptying, isPresent: true, now) }
            case .cancelled: if isTainted { self.askTaint(name, .givingBack, isPresent: false, now) }
            case nil:
                if leaving.contains(name) {
                    if !isTainted { self.askTaint(name, .givingBack, isPresent: true, now) }
                } else if isTainted, joined.contains(name) {
                    let isEmptying = node.taints.contains(.emptying)
                    self.capacity.giving[name] =
                        isEmptying ? .emptying(Emptying(isRemembered: true)) : .draining(taintedMillis: nil)
                    self.requestCycle(now)
                }
            }
            if let notice = self.capacity.notices[name] {
                let wanted = Taint.interruption(atSeconds: self.wallMillis(notice.takenMillis) / 1000)
                if !node.taints.contains(wanted) { self.askTaint(name, wanted, isPresent: true, now) }
            } else if self.capacity.lifted.contains(name) {
                if let taint = node.taints.first(where: { $0.key == Taint.interruptionKey }) {
                    self.askTaint(name, taint, isPresent: false, now)
                } else {
                    self.capacity.lifted.remove(name)
                }
            }
        }
    }

    private mutating func askTaint(_ node: NodeName, _ taint: Taint, isPresent: Bool, _ now: Int64) {
        var work = self.capacity.taintWork[node] ?? CapacityState.Work()
        guard work.isFree(now) else { return }
        work.busy = self.ask(.taint(node, taint, isPresent: isPresent), now)
        work.retryMillis = .min
        self.capacity.taintWork[node] = work
    }

    mutating func tainted(_ node: NodeName, _ result: PoolResult, _ now: Int64) {
        guard var work = self.capacity.taintWork[node] else { return }
        work.busy = nil
        if case .succeeded = result { work.failures = 0 } else { work.failures += 1 }
        // The watch shows it before it is asked for again.
        work.retryMillis = now + self.wait(after: work.failures)
        self.capacity.taintWork[node] = work
    }
}
