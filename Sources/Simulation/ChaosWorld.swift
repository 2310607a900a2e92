import ControlLoop
import SchedulingModel

/// A small cluster under one seed: API server, kubelets, a kube-scheduler, controllers of workloads, one or two replicas of
/// Berth, and what goes wrong among them. One thread, one queue, a virtual clock in milliseconds.
struct ChaosWorld {
    enum Step {
        /// A watch brings a change to a replica.
        case deliver(Int, epoch: Int, SimulatedStore.Change)
        case deliverToScheduler(SimulatedStore.Change)
        /// A replica's deadline has come.
        case wake(Int, generation: Int)
        /// A call reaches the API server.
        case land(Call)
        case reply(Int, generation: Int, ActionID, ActionResult)
        case landPool(PoolCall)
        case replyPool(Int, generation: Int, ActionID, PoolResult)
        /// A machine that was bought becomes a node.
        case boot(MachineID)
        /// The cloud takes a machine.
        case take(MachineID)
        /// The node of a machine that is gone.
        case nodeGone(NodeName)
        case kubelet(PodKey, uid: String)
        /// A terminating pod ends.
        case end(PodKey, uid: String)
        /// A pod that was bound to a node which is gone.
        case collect(PodKey, uid: String)
        case reconcile(Int)
        case schedule
        case schedulerBinds(PodKey, uid: String, NodeName)
        case disturb
        case elect
        case restart(Int)
        case learnLeadershipLost(Int, generation: Int)
        case healNode(NodeName)
        case heal
    }

    let options: ChaosOptions
    let seed: UInt64
    var generator: SeededGenerator
    var now: Int64 = 0
    var queue = EventQueue<Step>()
    var store = SimulatedStore(topology: Topology(levels: [TopologyLevel(name: "rack", labelKey: "rack")]))
    var replicas: [SimulatedReplica] = []
    var scheduler = SimulatedScheduler()
    var cloud = SimulatedCloud(pools: [])
    var workloads: [SimulatedWorkload] = []
    /// Devices per node as delivered, before anything shrank.
    var deviceCounts: [NodeName: Int] = [:]
    var auditor = Auditor()
    var faults: [String: Int] = [:]
    var trace: [String] = []
    /// Whether kube-scheduler asks Berth's extender.
    var hasExtender = false
    /// Of what has to do with the extender only.
    var extenderGenerator: SeededGenerator
    var isHealing = false
    /// The replica that holds the lease.
    var leaseHolder: Int?
    /// Until when the lease of a leader that has crashed stands.
    var leaseEndsMillis: Int64 = 0
    var stuckPods: Set<PodKey> = []

    init(seed: UInt64, options: ChaosOptions) {
        self.options = options
        self.seed = seed
        self.generator = SeededGenerator(seed: seed)
        self.extenderGenerator = SeededGenerator(seed: seed)
    }

    // MARK: Running

    /// - Returns: What was found wrong, or nil.
    mutating func run() -> String? {
        self.build()
        var stepCount = 0
        while let next = self.queue.popNext() {
            if case .wake(let replica, _) = next.step, self.replicas[replica].loop.nextDeadlineMillis == nil {
                // Nothing is due any more. The next deadline asks for a wake of its own.
                self.replicas[replica].wakeAtMillis = nil
                continue
            }
            self.now = next.atMillis
            stepCount += 1
            if stepCount > self.options.stepLimit { return "no end: \(stepCount) steps, now \(next.step)" }
            if self.now > self.options.chaosMillis + self.options.quietMillis {
                return
                    "no fixed point: \(self.options.quietMillis / 1000) s after the last fault there is still \(next.step)"
            }
            self.perform(next.step)
            self.spreadChanges()
            if let finding = self.auditor.finding { return finding }
        }
        return self.auditor.finalFinding(of: self)
    }

    private mutating func perform(_ step: Step) {
        switch step {
        case .deliver(let replica, let epoch, let change): self.deliver(change, to: replica, epoch)
        case .deliverToScheduler(let change): self.deliverToScheduler(change)
        case .wake(let replica, let generation): self.wake(replica, generation)
        case .land(let call): self.land(call)
        case .reply(let replica, let generation, let id, let result): self.reply(replica, generation, id, result)
        case .landPool(let call): self.land(call)
        case .replyPool(let replica, let generation, let id, let result):
            self.replyPool(replica, generation, id, result)
        case .boot(let machine): self.boot(machine)
        case .take(let machine): self.take(machine)
        case .nodeGone(let name): self.store.remove(name)
        case .kubelet(let key, let uid): self.kubeletTakes(key, uid)
        case .end(let key, let uid): if self.store.pod(key, uid: uid) != nil { self.store.remove(key) }
        case .collect(let key, let uid): self.collect(key, uid)
        case .reconcile(let workload): self.reconcile(workload)
        case .schedule: self.runScheduler()
        case .schedulerBinds(let key, let uid, let node): self.schedulerBinds(key, uid, to: node)
        case .disturb: self.disturb()
        case .elect: self.elect()
        case .restart(let replica): self.restart(replica)
        case .learnLeadershipLost(let replica, let generation): self.tellLeadershipLost(replica, generation)
        case .healNode(let name): self.heal(name)
        case .heal: self.heal()
        }
    }

    // MARK: Helpers

    mutating func after(_ milliseconds: ClosedRange<Int>, _ step: Step) {
        self.queue.schedule(step, atMillis: self.now + Int64(self.generator.int(in: milliseconds)))
    }

    mutating func count(_ fault: String) { self.faults[fault, default: 0] += 1 }

    mutating func note(_ line: @autoclosure () -> String) {
        guard self.options.keepsTrace else { return }
        self.trace.append("\(self.now) \(line())")
    }

    private mutating func build() {
        let nodeCount = self.generator.int(in: 2...6)
        for index in 0..<nodeCount {
            let devices = self.generator.pick([4, 8, 8])
            let node = NodeState.simulated("n\(index)", devices: devices, rack: "r\(index % 2)")
            self.deviceCounts[node.name] = devices
            self.store.put(node)
        }
        self.buildCloud()
        self.buildExtender()
        for _ in 0..<self.generator.int(in: 1...4) { self.addWorkload() }
        for index in 0..<self.generator.int(in: 1...2) {
            let whole = self.generator.once(in: 2)
            let seed = self.generator.next()
            self.replicas.append(SimulatedReplica(seed: seed, seesWhole: whole))
            self.after(0...500, .restart(index))
        }
        self.after(500...1000, .elect)
        self.after(1000...5000, .disturb)
        self.queue.schedule(.heal, atMillis: self.options.chaosMillis)
        self.spreadChanges()
    }

    /// Half of the clusters can buy. Drawn apart, so that a seed gives the others as it would without clouds.
    private mutating func buildCloud() {
        var generator = SeededGenerator(seed: self.seed ^ 0x5EED_C10D)
        guard self.options.hasCloud, generator.once(in: 2) else { return }
        var pools = SimulatedCloud.pools(&generator)
        // Apart again, and for the same reason.
        var kept = SeededGenerator(seed: self.seed ^ 0x0EA7_CAFE)
        for index in pools.indices where kept.once(in: 3) {
            pools[index].minNodes = kept.int(in: 0...min(2, pools[index].maxNodes))
            pools[index].warmNodes = kept.int(in: 0...min(2, pools[index].maxNodes))
        }
        self.cloud = SimulatedCloud(pools: pools)
        self.store.pools = self.cloud.pools
        for offering in self.cloud.pools.flatMap(\.offerings) {
            self.cloud.setCapacity(generator.int(in: 0...4), of: offering.key)
        }
    }
}
