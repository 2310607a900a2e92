import ControlLoop
import SchedulingModel

/// What goes wrong around Berth.
extension ChaosWorld {
    mutating func disturb() {
        guard !self.isHealing else { return }
        var disturbances: [(inout ChaosWorld) -> Void] = [
            { $0.addWorkload() }, { $0.addWorkload() }, { $0.deleteWorkload() }, { $0.deletePod() }, { $0.deletePod() },
            { $0.failNode() }, { $0.removeNode() }, { $0.replaceNode() }, { $0.shrinkNode() }, { $0.moveNode() },
            { $0.cordonNode() }, { $0.crashAny() }, { $0.loseLease() }, { $0.breakWatch() }, { $0.jumpClock() },
        ]
        if !self.cloud.pools.isEmpty {
            disturbances += [{ $0.changeCapacity() }, { $0.interruptMachine() }, { $0.removeClaim() }]
        }
        let disturb = self.generator.pick(disturbances)
        disturb(&self)
        self.after(200...self.options.longestPauseMillis, .disturb)
    }

    mutating func addWorkload() {
        guard self.workloads.count(where: { !$0.isDeleted }) < 6 else { return }
        let isGang = !self.generator.once(in: 3)
        let podCount = self.generator.int(in: isGang ? 2...5 : 1...3)
        let door: ObservedPod.Door =
            isGang
            ? self.generator.pick([.gate, .gate, .binding]) : self.generator.pick([.gate, .binding, .scheduler])
        var workload = SimulatedWorkload(
            name: "w\(self.workloads.count)", podCount: podCount, devicesPerPod: self.generator.pick([1, 2, 4, 8]),
            priority: Int32(self.generator.int(in: 0...2) * 10), door: door,
            minMember: isGang ? self.generator.int(in: 2...podCount) : nil,
            requiredLevel: isGang && self.generator.once(in: 3) ? 0 : nil, createdSeconds: self.now / 1000)
        self.letSchedulerBind(&workload)
        workload.refusesDisruption = self.workloads.count % 5 == 3
        self.note(
            "\(workload.name): \(podCount) pods of \(workload.devicesPerPod), min \(workload.minMember ?? 0), \(workload.doorText)"
        )
        self.workloads.append(workload)
        if let group = workload.podGroup { self.store.put(group) }
        if self.generator.once(in: 3) {
            self.store.minAvailable[workload.name] = self.generator.int(in: 0...podCount)
        }
        self.after(0...300, .reconcile(self.workloads.count - 1))
    }

    private mutating func deleteWorkload() {
        let living = self.workloads.indices.filter { !self.workloads[$0].isDeleted }
        guard living.count > 1 else { return }
        let index = self.generator.pick(living)
        self.workloads[index].isDeleted = true
        let name = self.workloads[index].name
        self.note("\(name) is deleted")
        for ordinal in 0..<self.workloads[index].podCount {
            _ = self.store.delete(self.workloads[index].podKey(ordinal), uid: nil)
        }
        self.store.minAvailable[name] = nil
        if let group = self.workloads[index].group { self.store.remove(group) }
    }

    private mutating func deletePod() {
        let keys = self.store.pods.keys.sorted()
        guard !keys.isEmpty else { return }
        let key = self.generator.pick(keys)
        self.count("pod deleted and created under its name")
        self.note("\(key) is deleted")
        _ = self.store.delete(key, uid: nil)
    }

    // MARK: Nodes

    private mutating func anyNode() -> NodeState? {
        let names = self.store.nodes.keys.sorted()
        return names.isEmpty ? nil : self.store.nodes[self.generator.pick(names)]
    }

    private mutating func failNode() {
        guard var node = self.anyNode(), !node.taints.contains(.notReady) else { return }
        self.count("node not ready")
        self.note("\(node.name) is not ready")
        node.taints.append(.notReady)
        self.store.put(node)
        self.after(2000...40_000, .healNode(node.name))
    }

    private mutating func cordonNode() {
        guard var node = self.anyNode(), !node.taints.contains(.unschedulable) else { return }
        self.count("node cordoned")
        node.taints.append(.unschedulable)
        self.store.put(node)
        self.after(2000...40_000, .healNode(node.name))
    }

    private mutating func removeNode() {
        guard let node = self.anyNode() else { return }
        self.count("node lost")
        self.note("\(node.name) is lost")
        // Of a bought one the machine goes with it, or stays and registers anew.
        if let machine = node.machine, self.generator.once(in: 2) { self.take(machine) }
        self.store.remove(node.name)
        self.after(1000...60_000, .healNode(node.name))
    }

    /// The same name, other hardware, at once.
    private mutating func replaceNode() {
        guard let node = self.anyNode(), node.machine == nil else { return }
        self.count("node replaced under its name")
        self.store.remove(node.name)
        self.deviceCounts[node.name] = self.generator.pick([2, 4, 8])
        self.heal(node.name)
    }

    private mutating func shrinkNode() {
        guard var node = self.anyNode(), node.allocatable[.nvidiaGPU] > 0 else { return }
        self.count("devices lost")
        let devices = self.generator.int(in: 0...Int(node.allocatable[.nvidiaGPU]) - 1)
        self.note("\(node.name) has \(devices) devices left")
        let shrunk = NodeState.simulated(node.name.rawValue, devices: devices, rack: nil)
        node.allocatable = shrunk.allocatable
        node.devicePools = shrunk.devicePools
        self.store.put(node)
        self.after(2000...60_000, .healNode(node.name))
    }

    private mutating func moveNode() {
        guard let node = self.anyNode() else { return }
        self.count("node moved to another rack")
        var moved = node
        let rack = self.generator.pick(["r0", "r1", nil])
        moved.labels["rack"] = rack
        moved.topologyPath = [rack]
        self.store.put(moved)
    }

    mutating func heal(_ name: NodeName) {
        guard var node = self.asDelivered(name) else { return }
        // Readiness comes back; what Berth has written stays.
        node.taints = self.store.nodes[name]?.taints.filter { $0.key.hasPrefix("berth.dev/") } ?? []
        if self.store.nodes[name] != node { self.store.put(node) }
        for pod in self.store.pods(on: name) {
            if self.stuckPods.contains(pod.key), self.isHealing || self.generator.once(in: 2) {
                self.after(500...5000, .end(pod.key, uid: pod.observed.uid))
            } else if !pod.isRunning {
                self.after(20...1500, .kubelet(pod.key, uid: pod.observed.uid))
            }
        }
    }

    /// The node in full health; nil where its machine is gone.
    private func asDelivered(_ name: NodeName) -> NodeState? {
        if let devices = self.deviceCounts[name] {
            let rack = self.store.nodes[name]?.topologyPath.first ?? "r0"
            return .simulated(name.rawValue, devices: devices, rack: rack)
        }
        return self.cloud.instances[MachineID(name.rawValue)].flatMap { $0.isGone ? nil : self.cloud.node($0) }
    }

    // MARK: Berth itself

    private mutating func crashAny() { self.crash(self.generator.int(in: 0...self.replicas.count - 1)) }

    private mutating func breakWatch() {
        let index = self.generator.int(in: 0...self.replicas.count - 1)
        guard self.replicas[index].isAlive else { return }
        self.count("watch broken")
        self.relist(index)
    }

    private mutating func jumpClock() {
        let index = self.generator.int(in: 0...self.replicas.count - 1)
        guard self.replicas[index].isAlive else { return }
        self.count("clock jump")
        self.replicas[index].clockOffset += Int64(self.generator.pick([-5000, 1000, 60_000, 3_600_000]))
        self.apply(.tick, to: index)
    }

    // MARK: The end

    /// No more faults: from here on everything must come to rest.
    mutating func heal() {
        self.isHealing = true
        self.note("no more faults")
        for name in self.deviceCounts.keys.sorted() { self.heal(name) }
        for node in self.store.nodes.values.sorted(by: { $0.name < $1.name }) where node.machine != nil {
            self.heal(node.name)
        }
        for offering in self.cloud.pools.flatMap(\.offerings) { self.cloud.setCapacity(1000, of: offering.key) }
        for index in self.replicas.indices where !self.replicas[index].isAlive { self.restart(index) }
        if self.leaseHolder == nil { self.queue.schedule(.elect, atMillis: self.now + 15_000) }
        for index in self.workloads.indices { self.reconcile(index) }
    }
}
