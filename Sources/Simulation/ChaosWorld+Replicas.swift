import ControlLoop
import SchedulingCycle
import SchedulingModel

/// What reaches Berth, and who leads.
extension ChaosWorld {
    private static let leaseMillis: Int64 = 15_000

    // MARK: Watches

    /// Hands what was just written to every watch, and to the controllers that answer it.
    mutating func spreadChanges() {
        self.store.updateBudgets()
        for change in self.store.takeChanges() {
            if case .node(let node) = change { self.auditor.noteNode(node, atMillis: self.now) }
            for replica in self.replicas.indices where self.replicas[replica].isAlive {
                let lag =
                    self.generator.once(in: 20) ? self.generator.int(in: 100...900) : self.generator.int(in: 1...60)
                let time = max(self.replicas[replica].lastDelivery[change.kindIndex], self.now + Int64(lag))
                self.replicas[replica].lastDelivery[change.kindIndex] = time
                let epoch = self.replicas[replica].epoch
                self.queue.schedule(.deliver(replica, epoch: epoch, change), atMillis: time)
            }
            self.watchForScheduler(change)
            self.react(to: change)
        }
    }

    mutating func deliver(_ change: SimulatedStore.Change, to index: Int, _ epoch: Int) {
        guard self.replicas[index].isAlive, self.replicas[index].epoch == epoch else { return }
        self.replicas[index].view.take(change)
        if self.replicas[index].seesWhole {
            self.apply(.observed(self.replicas[index].view.cluster(self.store.topology)), to: index)
        } else {
            self.apply(change.event, to: index)
        }
    }

    /// The watch broke, or never was: a list replaces everything.
    mutating func relist(_ index: Int) {
        self.replicas[index].epoch += 1
        let cluster = self.store.observed
        self.replicas[index].view = SimulatedReplica.View(cluster)
        self.apply(.observed(cluster), to: index)
    }

    // MARK: The loop

    mutating func apply(_ event: Event, to index: Int) {
        let time = self.now + self.replicas[index].clockOffset
        let actions = self.replicas[index].loop.apply(event, atMillis: time)
        let poolActions = self.replicas[index].loop.takePoolActions()
        self.replicas[index].forgetNotices()
        self.publishToExtender(of: index)
        if !actions.isEmpty {
            self.auditor.check(actions, of: self.replicas[index], atMillis: self.now)
            for action in actions {
                self.note("replica \(index) asks \(action.id) \(action.kind.brief)")
                self.replicas[index].noteAsked(action)
            }
            self.send(actions, from: index)
        }
        if !poolActions.isEmpty {
            self.auditor.checkPurchases(poolActions, of: self.replicas[index], self)
            self.replicas[index].purchases.note(poolActions)
            self.sendPool(poolActions, from: index)
        }
        if self.replicas[index].isAlive { self.scheduleWake(index) }
        if case .refused(let violations)? = self.replicas[index].loop.published?.verdict {
            self.auditor.report("the verifier refused a plan: \(violations)")
        }
        if let violations = self.replicas[index].loop.published?.purchaseViolations, !violations.isEmpty {
            self.auditor.report("the verifier refused a purchase: \(violations)")
        }
    }

    private mutating func scheduleWake(_ index: Int) {
        guard let deadline = self.replicas[index].loop.nextDeadlineMillis else { return }
        let time = max(self.now, deadline - self.replicas[index].clockOffset)
        if let known = self.replicas[index].wakeAtMillis, known <= time { return }
        self.replicas[index].wakeAtMillis = time
        self.queue.schedule(.wake(index, generation: self.replicas[index].generation), atMillis: time)
    }

    mutating func wake(_ index: Int, _ generation: Int) {
        guard self.replicas[index].isAlive, self.replicas[index].generation == generation else { return }
        guard let time = self.replicas[index].wakeAtMillis, time <= self.now else { return }
        self.replicas[index].wakeAtMillis = nil
        self.apply(.tick, to: index)
    }

    mutating func reply(_ index: Int, _ generation: Int, _ id: ActionID, _ result: ActionResult) {
        guard self.replicas[index].isAlive, self.replicas[index].generation == generation else { return }
        self.note("replica \(index) hears \(id) \(result.brief)")
        self.replicas[index].noteAnswer(id, result, atMillis: self.now)
        self.apply(.finished(id, result), to: index)
    }

    // MARK: Leadership

    mutating func elect() {
        guard self.leaseHolder == nil, self.now >= self.leaseEndsMillis,
            let index = self.replicas.indices.first(where: { self.replicas[$0].isAlive })
        else { return }
        self.leaseHolder = index
        self.note("replica \(index) leads")
        self.relist(index)
        guard self.replicas[index].isAlive else { return }
        self.apply(.leadershipGained, to: index)
    }

    mutating func crash(_ index: Int) {
        guard self.replicas[index].isAlive else { return }
        self.count("crash")
        self.note("replica \(index) crashes")
        self.replicas[index].isAlive = false
        self.replicas[index].generation += 1
        self.replicas[index].epoch += 1
        self.replicas[index].wakeAtMillis = nil
        self.after(500...20_000, .restart(index))
        self.freeLease(of: index)
    }

    /// The holder's lease runs out; whoever is there takes it.
    private mutating func freeLease(of index: Int) {
        guard self.leaseHolder == index else { return }
        self.leaseHolder = nil
        self.leaseEndsMillis = self.now + Self.leaseMillis
        self.queue.schedule(.elect, atMillis: self.leaseEndsMillis)
    }

    mutating func restart(_ index: Int) {
        guard !self.replicas[index].isAlive else { return }
        self.note("replica \(index) starts")
        var configuration = ControlLoopConfiguration()
        configuration.planner.searchesFixes = false
        configuration.planner.provesBound = false
        configuration.planner.preempts = true
        configuration.tokenPrefix = "r\(index)g\(self.replicas[index].generation)"
        configuration.purchaseDelayMillis = 500
        configuration.joinMillis = 60_000
        configuration.idleMillis = 20_000
        configuration.settleMillis = 5000
        configuration.consolidateMillis = 20_000
        configuration.returnMillis = 30_000
        configuration.restMillis = 300_000
        configuration.firstBackoffSeconds = 5
        configuration.longestBackoffSeconds = 120
        self.replicas[index].loop = ControlLoop(configuration: configuration)
        self.replicas[index].isAlive = true
        self.replicas[index].forgetActions()
        self.relist(index)
        if self.leaseHolder == nil, self.now > Self.leaseMillis {
            self.queue.schedule(.elect, atMillis: self.now + Self.leaseMillis)
        }
    }

    /// The lease is lost; the process may notice late, and then two lead for a while.
    mutating func loseLease() {
        guard let index = self.leaseHolder, self.replicas[index].isAlive else { return }
        self.leaseHolder = nil
        let generation = self.replicas[index].generation
        if self.generator.once(in: 4), self.replicas.count > 1 {
            self.count("two leaders")
            self.note("replica \(index) leads on without the lease")
            self.auditor.forgiveUntilMillis = self.now + 60_000
            self.after(500...3000, .learnLeadershipLost(index, generation: generation))
            let others = self.replicas.indices.filter { $0 != index && self.replicas[$0].isAlive }
            if let other = others.first {
                self.leaseHolder = other
                self.relist(other)
                if self.replicas[other].isAlive { self.apply(.leadershipGained, to: other) }
                return
            }
        } else {
            self.count("leadership lost")
            self.tellLeadershipLost(index, generation)
        }
        self.after(3000...15_000, .elect)
    }

    mutating func tellLeadershipLost(_ index: Int, _ generation: Int) {
        guard self.replicas[index].isAlive, self.replicas[index].generation == generation, self.leaseHolder != index
        else {
            return
        }
        self.note("replica \(index) stops leading")
        self.replicas[index].purchases.stepDown()
        self.apply(.leadershipLost, to: index)
    }
}
