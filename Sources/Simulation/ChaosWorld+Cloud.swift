import ControlLoop
import SchedulingModel

/// What becomes of calls about nodes that are bought, of the machines, and of their nodes.
extension ChaosWorld {
    struct PoolCall {
        var replica: Int
        var generation: Int
        var action: PoolAction
        /// Nil: the answer is lost, or was given as unknown before.
        var replyAfterMillis: Int64?
    }

    mutating func sendPool(_ actions: [PoolAction], from index: Int) {
        for action in actions {
            guard self.replicas[index].isAlive else { return }
            self.note("replica \(index) asks \(action.id) \(action.kind.brief)")
            self.sendPool(action, from: index)
        }
    }

    private mutating func sendPool(_ action: PoolAction, from index: Int) {
        let generation = self.replicas[index].generation
        var call = PoolCall(replica: index, generation: generation, action: action, replyAfterMillis: nil)
        let quick = 1...40
        func reply(_ result: PoolResult) -> Step {
            .replyPool(index, generation: generation, action.id, result)
        }
        let fate = self.fate()
        switch fate {
        case .done:
            call.replyAfterMillis = Int64(self.generator.int(in: 1...20))
            return self.after(quick, .landPool(call))
        case .delayed:
            call.replyAfterMillis = Int64(self.generator.int(in: 1...1000))
            self.after(100...2000, .landPool(call))
        case .lostAfter:
            self.after(quick, .landPool(call))
            self.after(100...1000, reply(.unknown))
        case .lostBefore: self.after(100...1000, reply(.unknown))
        case .late:
            self.after(1000...2500, .landPool(call))
            self.after(100...1000, reply(.unknown))
        case .unavailable: self.after(quick, reply(.unavailable))
        case .conflict:
            if case .launch = action.kind {
                self.after(quick, reply(.refused(.noCapacity)))
            } else {
                self.after(quick, reply(.conflict))
            }
        case .rejected:
            if case .launch = action.kind {
                self.after(quick, reply(.refused(self.generator.pick([.quota, .denied, .invalid]))))
            } else {
                if case .record(let claim) = action.kind { self.replicas[index].purchases.noteRefused(claim) }
                self.after(quick, reply(.rejected("denied by a policy")))
            }
        case .crash:
            if self.generator.once(in: 2) { self.after(quick, .landPool(call)) }
            self.crash(index)
        }
        self.count("pool call \(fate)")
        self.note("\(action.id) of replica \(index) is \(fate)")
    }

    mutating func land(_ call: PoolCall) {
        let result = self.performed(call.action)
        self.note("\(call.action.id) of replica \(call.replica) lands: \(result)")
        guard let wait = call.replyAfterMillis else { return }
        self.queue.schedule(
            .replyPool(call.replica, generation: call.generation, call.action.id, result), atMillis: self.now + wait)
    }

    mutating func replyPool(_ index: Int, _ generation: Int, _ id: ActionID, _ result: PoolResult) {
        guard self.replicas[index].isAlive, self.replicas[index].generation == generation else { return }
        self.note("replica \(index) hears \(id) \(result)")
        self.apply(.poolFinished(id, result), to: index)
    }

    private mutating func performed(_ action: PoolAction) -> PoolResult {
        switch action.kind {
        case .record(let claim): return self.store.record(claim)
        case .forget(let claim): return self.store.forget(claim)
        case .launch(let claim): return self.launch(claim)
        case .delete(_, let machines):
            for machine in machines { self.deleteMachine(machine) }
            return .succeeded
        case .list(let pool): return self.cloud.list(pool)
        case .taint(let name, let taint, let isPresent):
            guard var node = self.store.nodes[name] else { return .notFound }
            node.taints.removeAll { $0.key == taint.key }
            if isPresent { node.taints.append(taint) }
            if node != self.store.nodes[name] { self.store.put(node) }
            return .succeeded
        case .mark(let target, _):
            return self.store.pods[target.key]?.observed.uid == target.uid ? .succeeded : .notFound
        }
    }

    // MARK: Machines

    private mutating func launch(_ claim: LaunchClaim) -> PoolResult {
        let before = self.cloud.livingCount(of: claim.pool)
        var part = claim.count
        if !self.isHealing, claim.count > 1, self.generator.once(in: 8) {
            self.count("launch fulfilled in part")
            part = self.generator.int(in: 1...claim.count - 1)
        }
        if self.isHealing { self.cloud.setCapacity(1000, of: claim.offering) }
        let result = self.cloud.launch(claim, atMost: part, atMillis: self.now)
        guard case .launched(let machines) = result else {
            if !self.isHealing { self.count("no capacity") }
            return result
        }
        guard self.cloud.livingCount(of: claim.pool) > before else { return result }
        self.auditor.checkLaunch(claim, self, atMillis: self.now)
        for machine in machines {
            if !self.isHealing, self.generator.once(in: 8) {
                self.count("machine that never joins")
            } else if !self.isHealing, self.generator.once(in: 6) {
                self.count("slow boot")
                self.after(40_000...120_000, .boot(machine))
            } else {
                self.after(2000...20_000, .boot(machine))
            }
        }
        return result
    }

    /// The node registers, without its devices at first.
    mutating func boot(_ machine: MachineID) {
        guard let instance = self.cloud.instances[machine], !instance.isGone, var node = self.cloud.node(instance),
            self.store.nodes[node.name] == nil
        else { return }
        self.note("\(machine) registers")
        node.taints.append(.notReady)
        node.allocatable[.nvidiaGPU] = 0
        node.devicePools = []
        self.store.put(node)
        self.after(500...8000, .healNode(node.name))
    }

    private mutating func deleteMachine(_ machine: MachineID) {
        guard let instance = self.cloud.instances[machine], !instance.isGone else { return }
        self.auditor.checkDeletion(machine, self, atMillis: self.now)
        self.endMachine(machine)
    }

    /// The machine is gone, and its node soon.
    private mutating func endMachine(_ machine: MachineID) {
        self.note("\(machine) is gone")
        self.cloud.end(machine)
        self.after(300...3000, .nodeGone(NodeName(machine.rawValue)))
    }

    mutating func take(_ machine: MachineID) {
        guard self.cloud.instances[machine]?.isGone == false else { return }
        self.endMachine(machine)
    }

    // MARK: Disturbances

    mutating func changeCapacity() {
        guard let offering = self.cloud.pools.first?.offerings.map(\.key), !offering.isEmpty else { return }
        self.cloud.setCapacity(self.generator.int(in: 0...4), of: self.generator.pick(offering))
    }

    /// With a notice that may come late, or not at all.
    mutating func interruptMachine() {
        let spot = self.cloud.living.filter { $0.offering.capacityType == .spot }
        guard !spot.isEmpty else { return }
        let machine = self.generator.pick(spot).id
        let lead = self.generator.pick([0, 5000, 35_000, 120_000])
        self.count("spot interruption")
        self.note("\(machine) is taken in \(lead / 1000) s")
        self.queue.schedule(.take(machine), atMillis: self.now + Int64(lead))
        guard !self.generator.once(in: 4), let leader = self.leaseHolder, self.replicas[leader].isAlive else { return }
        let takenAt = self.now + Int64(lead) + self.replicas[leader].clockOffset
        self.replicas[leader].hearNotice(of: NodeName(machine.rawValue))
        self.apply(.noticed(TakenNotice(machine: machine, atMillis: takenAt)), to: leader)
    }

    /// Somebody tidies up and removes what he does not know.
    mutating func removeClaim() {
        let tokens = self.store.claims.keys.sorted()
        guard !tokens.isEmpty, self.generator.once(in: 3) else { return }
        let token = self.generator.pick(tokens)
        self.count("claim removed by somebody else")
        self.note("claim \(token) is removed")
        self.auditor.removedClaims.insert(token)
        for index in self.replicas.indices { self.replicas[index].purchases.noteRemoved(token) }
        self.store.removeClaim(token)
    }
}

extension PoolAction.Kind {
    /// For traces.
    var brief: String {
        switch self {
        case .record(let claim): "record \(claim.brief)"
        case .launch(let claim): "launch \(claim.brief)"
        case .forget(let claim): "forget \(claim.brief)"
        case .delete(_, let machines): "delete \(machines)"
        case .list(let pool): "list \(pool)"
        case .taint(let node, let taint, let isPresent): "taint \(node) \(taint.key) \(isPresent)"
        case .mark(let target, let mark): "mark \(target.key) for \(mark.node)"
        }
    }
}

extension LaunchClaim {
    var brief: String {
        let machines = self.machines.map { "\($0.id) \($0.phase)" }.joined(separator: ", ")
        return "\(self.token) v\(self.version) \(self.count) x \(self.offering) \(self.phase) [\(machines)]"
    }
}
