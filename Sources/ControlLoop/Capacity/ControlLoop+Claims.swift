import CapacityPlanner
import SchedulingModel

/// From the decision to buy to the last machine given back. Each claim has one thing under way at a time, and what comes next follows
/// from what it says.
extension ControlLoop {
    /// What is to be done now about nodes that are bought. To be asked after every `apply`.
    public mutating func takePoolActions() -> [PoolAction] {
        defer { self.capacity.outbox = [] }
        return self.capacity.outbox
    }

    mutating func ask(_ kind: PoolAction.Kind, _ now: Int64) -> ActionID {
        let id = self.nextActionID()
        self.capacity.inFlight[id] = (kind, now)
        self.capacity.outbox.append(PoolAction(id: id, kind: kind))
        return id
    }

    func wallMillis(_ now: Int64) -> Int64 { self.configuration.epochMillis + now }

    // MARK: What the watch shows

    mutating func replaceClaims(by claims: [LaunchClaim], _ now: Int64) {
        let listed = Set(claims.map(\.token))
        for token in self.capacity.observed.keys.sorted() where !listed.contains(token) {
            self.claimRemoved(token, now)
        }
        for claim in claims { self.see(claim, now) }
    }

    mutating func see(_ claim: LaunchClaim, _ now: Int64) {
        if let known = self.capacity.observed[claim.token], known.version > claim.version { return }
        self.capacity.observed[claim.token] = claim
        guard self.isLeader else { return }
        if let version = self.capacity.forgotten[claim.token] {
            guard claim.version > version else { return }
            // A write that was given up has arrived after all: it stands for nothing that is wanted.
            self.capacity.forgotten[claim.token] = nil
            self.adopt(claim, now)
            self.capacity.launches[claim.token]?.claim.phase = .closing
            return
        }
        guard var launch = self.capacity.launches[claim.token] else { return self.adopt(claim, now) }
        guard claim.version > launch.claim.version else { return }
        launch.written = claim
        launch.claim = launch.claim.merged(with: claim, without: self.capacity.gone)
        launch.claim.version = claim.version
        self.capacity.launches[claim.token] = launch
    }

    /// A claim that this process has not made: of one before it, or of a leader that does not lead any more. Its launch may be under way.
    mutating func adopt(_ claim: LaunchClaim, _ now: Int64) {
        var launch = CapacityState.Launch(claim: claim, written: claim, seenMillis: now)
        launch.wasAsked = true
        if claim.phase != .launched { launch.uncertainUntil = now + self.configuration.doubtMillis }
        for machine in claim.machines { launch.machineSeen[machine.id] = now }
        self.capacity.launches[claim.token] = launch
        self.requestCycle(now)
    }

    mutating func claimRemoved(_ token: String, _ now: Int64) {
        self.capacity.observed[token] = nil
        guard var launch = self.capacity.launches[token] else { return }
        self.capacity.requestList(launch.claim.pool, atMillis: now + self.configuration.doubtMillis)
        // Removed by somebody else: what it stood for has to stand somewhere, and a launch may still be under way, maybe of a process before.
        let wasNeverLaunched = launch.tries == 0 && launch.uncertainUntil <= now
        let isNothing = launch.claim.machines.isEmpty && (launch.isSettled || wasNeverLaunched)
        guard !isNothing else { return self.drop(token) }
        launch.written = nil
        launch.claim.version = 0
        self.capacity.launches[token] = launch
    }

    private mutating func drop(_ token: String) {
        let version = self.capacity.launches.removeValue(forKey: token)?.claim.version ?? 0
        self.capacity.forgotten[token] = max(version, self.capacity.forgotten[token] ?? 0)
    }

    // MARK: What comes next

    mutating func stepLaunch(_ token: String, _ now: Int64) {
        guard var launch = self.capacity.launches[token], launch.work.isFree(now) else { return }
        let isNew = launch.claim.phase == .launching && launch.tries == 0
        if isNew, launch.isWanted == false || self.isOverLimit(launch.claim.pool) { launch.claim.phase = .closing }
        let isOver = launch.isSettled && launch.claim.machines.isEmpty
        if isOver, !launch.wasAsked { return self.drop(token) }
        launch.work.retryMillis = .min
        if isOver, launch.claim.version > 0 {
            launch.work.busy = self.ask(.forget(launch.claim), now)
        } else if launch.isDirty {
            launch.wasAsked = true
            launch.work.busy = self.ask(.record(launch.claim), now)
        } else if launch.claim.phase == .launching {
            if launch.isWanted != nil {
                launch.tries += 1
                launch.work.busy = self.ask(.launch(launch.claim), now)
            }
        } else if case let leaving = self.deletable(launch.claim), !leaving.isEmpty {
            launch.work.busy = self.ask(.delete(pool: launch.claim.pool, leaving), now)
        } else if !launch.isSettled {
            self.capacity.requestList(launch.claim.pool, atMillis: launch.uncertainUntil)
        }
        self.capacity.launches[token] = launch
    }

    /// Machines to delete now. A node that has turned up late is closed first, and whoever has got there before is left to end.
    private func deletable(_ claim: LaunchClaim) -> [MachineID] {
        let leaving = claim.machines(.leaving)
        guard leaving.contains(where: { self.node(of: $0) != nil }) else { return leaving }
        let users = self.nodesInUse()
        return leaving.filter { machine in
            guard let node = self.node(of: machine) else { return true }
            return !users.contains(node.name) && node.taints.contains { $0.key == Taint.givingBack.key }
        }
    }

    /// Claims that came to light late may be more than their pool allows, together with what was bought meanwhile.
    private func isOverLimit(_ pool: String) -> Bool {
        self.countedPools.contains { $0.name == pool && $0.nodeCount > $0.maxNodes }
    }

    mutating func stepLists(_ now: Int64) {
        for pool in self.capacity.pools
        where !self.capacity.listed.contains(pool.name) && self.capacity.lists[pool.name] == nil {
            self.capacity.requestList(pool.name, atMillis: now)
        }
        for pool in self.capacity.lists.keys.sorted() {
            guard var list = self.capacity.lists[pool], let due = list.dueMillis, due <= now, list.work.isFree(now)
            else {
                continue
            }
            list.dueMillis = nil
            list.work.busy = self.ask(.list(pool: pool), now)
            self.capacity.lists[pool] = list
        }
    }

    // MARK: Answers

    mutating func finishPool(_ id: ActionID, _ result: PoolResult, _ now: Int64) {
        guard let (kind, since) = self.capacity.inFlight.removeValue(forKey: id) else { return }
        switch kind {
        case .record(let claim): self.recorded(claim, result, now)
        case .launch(let claim): self.launched(claim, result, now)
        case .forget(let claim): self.forgot(claim, result, now)
        case .delete(let pool, let machines): self.deleted(pool, machines, result, id, now)
        case .list(let pool): self.listed(pool, result, askedAt: since, now)
        case .taint(let node, _, _): self.tainted(node, result, now)
        case .mark(let target, let mark): self.marked(target, mark, result, now)
        }
    }

    /// Frees the claim for its next step, after a wait where it has failed.
    private mutating func release(_ token: String, failed: Bool, _ now: Int64) {
        guard var work = self.capacity.launches[token]?.work else { return }
        work.busy = nil
        work.retryMillis = failed ? now + self.wait(after: work.failures) : .min
        work.failures = failed ? work.failures + 1 : 0
        self.capacity.launches[token]?.work = work
    }

    private mutating func recorded(_ claim: LaunchClaim, _ result: PoolResult, _ now: Int64) {
        guard var launch = self.capacity.launches[claim.token] else { return }
        switch result {
        case .recorded(let version):
            if version > launch.claim.version {
                launch.claim.version = version
                launch.written = claim
            }
            self.capacity.launches[claim.token] = launch
            return self.release(claim.token, failed: false, now)
        case .rejected where claim.version == 0 && launch.tries == 0 && launch.claim.phase == .launching:
            // It may not be written down, so it is not bought. What has been bought is ours, written down or not.
            self.drop(claim.token)
            self.capacity.backoff.launchFailed(claim.offering, atSeconds: now / 1000)
            return self.requestCycle(now)
        case .notFound:
            // Somebody has removed it; the watch will say so.
            launch.claim.version = 0
            launch.written = nil
            self.capacity.launches[claim.token] = launch
        case .succeeded, .launched, .refused, .underWay, .machines, .conflict, .rejected, .unavailable, .unknown: break
        }
        self.release(claim.token, failed: true, now)
    }

    private mutating func launched(_ claim: LaunchClaim, _ result: PoolResult, _ now: Int64) {
        guard var launch = self.capacity.launches[claim.token] else { return }
        var isFailed = false
        switch result {
        case .launched(let machines) where machines.count >= claim.count:
            launch.claim.phase = max(launch.claim.phase, .launched)
            launch.claim.sinceMillis = self.wallMillis(now)
            launch.seenMillis = now
            launch.uncertainUntil = .min
            self.take(machines, as: .expected, into: &launch, now)
            self.note(.launched, claim, count: machines.count)
            self.capacity.backoff.launchSucceeded(claim.offering)
        case .launched(let machines):
            // A part is worth nothing: it is undone before anything else is tried.
            launch.claim.phase = .closing
            self.take(machines, as: .leaving, into: &launch, now)
            self.note(.launched, claim, count: machines.count)
            self.block(claim, because: .noCapacity, now)
        case .refused(let refusal):
            launch.claim.phase = .closing
            self.replacementRefused(claim)
            self.block(claim, because: refusal, now)
        case .underWay: return self.waitForLaunch(launch, now)
        case .unknown, .unavailable:
            if case .unknown = result { launch.uncertainUntil = now + self.configuration.doubtMillis }
            isFailed = launch.tries < self.configuration.retryLimit
            if !isFailed {
                launch.claim.phase = .closing
                self.block(claim, because: .noCapacity, now)
            }
        case .succeeded, .recorded, .machines, .notFound, .conflict, .rejected:
            launch.claim.phase = .closing
            self.block(claim, because: .invalid, now)
        }
        self.capacity.launches[claim.token] = launch
        self.release(claim.token, failed: isFailed, now)
        self.requestCycle(now)
    }

    /// The provider is asked again soon. It undoes what takes too long itself; a while after that it is given up here.
    private mutating func waitForLaunch(_ launch: CapacityState.Launch, _ now: Int64) {
        var launch = launch
        let token = launch.claim.token
        // Replies lost before this one do not count any more.
        launch.tries = 1
        launch.work = CapacityState.Work(retryMillis: now + self.configuration.launchPollMillis)
        if now >= self.joinDeadline(launch) + self.configuration.doubtMillis {
            launch.claim.phase = .closing
            launch.uncertainUntil = now + self.configuration.doubtMillis
            self.block(launch.claim, because: .noCapacity, now)
            self.requestCycle(now)
        }
        self.capacity.launches[token] = launch
    }

    private func take(
        _ machines: [MachineID], as phase: LaunchClaim.Machine.Phase, into launch: inout CapacityState.Launch,
        _ now: Int64
    ) {
        for id in machines where !self.capacity.gone.contains(id) {
            let known = launch.claim.machines.first { $0.id == id }?.phase ?? phase
            launch.claim.set(id, to: max(known, phase))
            launch.machineSeen[id] = launch.machineSeen[id] ?? now
        }
    }

    /// The offering is left alone for a while, and with it those that would be refused for the same reason.
    mutating func block(_ claim: LaunchClaim, because refusal: LaunchRefusal, _ now: Int64) {
        let offerings = self.capacity.pools.first { $0.name == claim.pool }?.offerings.map(\.key) ?? []
        let others = offerings.filter { key in
            switch refusal {
            case .noCapacity, .invalid: false
            case .quota:
                key.instanceType == claim.offering.instanceType && key.capacityType == claim.offering.capacityType
            case .denied: true
            }
        }
        for key in Set(others + [claim.offering]).sorted() {
            self.capacity.backoff.launchFailed(key, atSeconds: now / 1000)
        }
    }

    private mutating func forgot(_ claim: LaunchClaim, _ result: PoolResult, _ now: Int64) {
        switch result {
        case .succeeded, .notFound:
            self.drop(claim.token)
            self.requestCycle(now)
        case .recorded, .launched, .refused, .underWay, .machines, .conflict, .rejected, .unavailable, .unknown:
            self.release(claim.token, failed: true, now)
        }
    }

    private mutating func deleted(
        _ pool: String, _ machines: [MachineID], _ result: PoolResult, _ id: ActionID, _ now: Int64
    ) {
        guard let token = self.capacity.launches.first(where: { $0.value.work.busy == id })?.key else { return }
        switch result {
        case .succeeded, .notFound:
            for machine in machines { self.lose(machine, of: token) }
            self.release(token, failed: false, now)
            self.requestCycle(now)
        case .recorded, .launched, .refused, .underWay, .machines, .conflict, .rejected, .unavailable, .unknown:
            self.release(token, failed: true, now)
        }
    }

    private mutating func lose(_ machine: MachineID, of token: String) {
        if let claim = self.capacity.launches[token]?.claim,
            let phase = claim.machines.first(where: { $0.id == machine })?.phase
        {
            self.note(phase == .leaving ? .givenBack : .lost, claim)
        }
        self.capacity.gone.insert(machine)
        self.capacity.launches[token]?.claim.machines.removeAll { $0.id == machine }
        self.capacity.launches[token]?.machineSeen[machine] = nil
        self.capacity.launches[token]?.missingSince[machine] = nil
    }

    // MARK: Lists

    private mutating func listed(_ pool: String, _ result: PoolResult, askedAt: Int64, _ now: Int64) {
        guard var list = self.capacity.lists[pool] else { return }
        list.work.busy = nil
        guard case .machines(let machines) = result else {
            list.work.retryMillis = now + self.wait(after: list.work.failures)
            list.work.failures += 1
            list.dueMillis = min(list.dueMillis ?? .max, now)
            self.capacity.lists[pool] = list
            return
        }
        list.work = CapacityState.Work()
        self.capacity.lists[pool] = list
        let byToken = Dictionary(grouping: machines.filter { $0.token != nil }) { $0.token ?? "" }
        for token in self.capacity.launches.keys.sorted() where self.capacity.launches[token]?.claim.pool == pool {
            self.compare(token, with: byToken[token] ?? [], askedAt: askedAt, now)
        }
        for machine in machines { self.noteOrphan(machine, in: pool, askedAt: askedAt, now) }
        self.capacity.listed.insert(pool)
        let ids = Set(machines.map(\.id))
        self.capacity.orphans = self.capacity.orphans.filter { $0.value.pool != pool || ids.contains($0.key) }
        self.requestCycle(now)
    }

    /// Machines that are gone leave the claim; those that nobody expects any more are deleted.
    private mutating func compare(_ token: String, with machines: [ListedMachine], askedAt: Int64, _ now: Int64) {
        guard var launch = self.capacity.launches[token] else { return }
        launch.listedMillis = max(launch.listedMillis, askedAt)
        let ids = Set(machines.map(\.id))
        if launch.claim.phase == .closing {
            for id in ids.sorted() where !launch.claim.machines.contains(where: { $0.id == id }) {
                // Somebody may use a node that is there: it is given back as any other.
                self.take([id], as: self.node(of: id) == nil ? .leaving : .joined, into: &launch, now)
            }
        }
        self.capacity.launches[token] = launch
        // A list may be behind a launch that has just been answered.
        for machine in launch.claim.machines where !ids.contains(machine.id) {
            let seen = launch.machineSeen[machine.id] ?? now
            if machine.phase == .joined || askedAt >= seen + self.configuration.doubtMillis {
                self.lose(machine.id, of: token)
            } else {
                self.capacity.requestList(launch.claim.pool, atMillis: seen + self.configuration.doubtMillis)
            }
        }
        if !launch.isSettled { self.capacity.requestList(launch.claim.pool, atMillis: launch.uncertainUntil) }
    }

    /// A machine with a token of ours and no claim, twice and long enough apart, gets a claim again. Its node, if it has one, is given back when it is empty.
    private mutating func noteOrphan(_ machine: ListedMachine, in pool: String, askedAt: Int64, _ now: Int64) {
        guard let token = machine.token, self.capacity.launches[token] == nil, !self.capacity.gone.contains(machine.id)
        else {
            self.capacity.orphans[machine.id] = nil
            return
        }
        let since = self.capacity.orphans[machine.id]?.sinceMillis ?? now
        self.capacity.orphans[machine.id] = CapacityState.Orphan(pool: pool, sinceMillis: since)
        guard askedAt >= since + self.configuration.doubtMillis else {
            return self.capacity.requestList(pool, atMillis: since + self.configuration.doubtMillis)
        }
        self.capacity.forgotten[token] = nil
        let claim = LaunchClaim(
            token: token, pool: pool, offering: machine.offering, count: 1, sinceMillis: self.wallMillis(now),
            phase: .closing)
        var launch = CapacityState.Launch(claim: claim, written: nil, seenMillis: now)
        self.take([machine.id], as: self.node(of: machine.id) == nil ? .leaving : .joined, into: &launch, now)
        // Others of the same launch may be on the list.
        launch.uncertainUntil = now
        self.capacity.launches[token] = launch
        self.capacity.orphans[machine.id] = nil
    }
}
