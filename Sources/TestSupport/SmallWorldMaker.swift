import SchedulingModel

/// Draws the parts of a `SmallWorld` one after another from one generator.
struct SmallWorldMaker {
    var generator: SeededGenerator
    var nodes: [NodeState] = []
    var pods: [PodState] = []
    var groups: [PodGroup] = []
    /// Few shapes per world, so that pods compete for the same things.
    private var shapes: [SmallWorldPodShape] = []
    private var hasNVLinkDomains = false
    /// More and larger nodes, more often alike, and fewer constraints: else hardly any gang would fit.
    private let isRoomy: Bool

    static let podLimit = 7

    init(seed: UInt64, isRoomy: Bool) {
        self.generator = SeededGenerator(seed: seed)
        self.isRoomy = isRoomy
        self.hasNVLinkDomains = self.generator.once(in: 3)
        let rarity = isRoomy ? 3 : 1
        for _ in 0..<self.generator.int(in: 1...3) {
            self.shapes.append(SmallWorldPodShape(&self.generator, rarity: rarity))
        }
    }

    // MARK: Nodes

    mutating func makeNodes() {
        let count = self.generator.int(in: self.isRoomy ? 2...5 : 1...5)
        for number in 0..<count { self.nodes.append(self.node("n\(number)")) }
    }

    private mutating func node(_ name: String) -> NodeState {
        let block: String? = self.generator.once(in: 10) ? nil : self.generator.pick(["b0", "b1"])
        let rack: String? = self.generator.once(in: 10) ? nil : self.generator.pick(["r0", "r1"])
        var labels = ["kubernetes.io/hostname": name, "pool": self.generator.pick(["a", "b"])]
        labels["block"] = block
        labels["rack"] = rack
        var node = NodeState(name: NodeName(name), labels: labels, topologyPath: [block, rack])
        if self.hasNVLinkDomains && !self.generator.once(in: 4) {
            node.nvlinkDomain = self.generator.pick(["c0", "c1"])
        }
        node.taints = self.taints()
        let most = self.isRoomy ? 9 : 5
        node.allocatable[.cpu] = Int64(self.generator.int(in: 1...most)) * 1000
        node.allocatable[.memory] = Int64(self.generator.int(in: 2...most))
        if !self.generator.once(in: 4) { node.allocatable[.pods] = Int64(self.generator.int(in: 1...4)) }
        let isLikeTheFirst = self.isRoomy && !self.generator.once(in: 3)
        if let pool = isLikeTheFirst ? self.nodes.first?.devicePools.first ?? self.devicePool() : self.devicePool() {
            node.devicePools = [pool]
            node.allocatable[pool.resource] = Int64(pool.deviceCount * pool.slotsPerDevice)
        }
        return node
    }

    private mutating func taints() -> [Taint] {
        var taints: [Taint] = []
        if self.generator.once(in: 6) { taints.append(Taint(key: "gpu", value: "yes", effect: .noSchedule)) }
        if self.generator.once(in: 14) { taints.append(.unschedulable) }
        if self.generator.once(in: 14) { taints.append(Taint(key: "old", effect: .preferNoSchedule)) }
        return taints
    }

    private mutating func devicePool() -> DevicePool? {
        let memory: Int64? = self.generator.once(in: 5) ? nil : 24
        let slots = self.generator.int(in: 2...3)
        let plugin = self.generator.pick([DevicePool.Chooser.pluginDistributed, .pluginPacked])
        switch self.generator.int(in: 0...9) {
        case 0: return nil
        case 1, 2, 3, 4:
            return DevicePool(
                resource: .nvidiaGPU, kind: .exclusive, deviceCount: self.generator.int(in: 1...4),
                memoryMiBPerDevice: memory)
        case 5, 6:
            return DevicePool(
                resource: .nvidiaGPU, kind: .shared(slotsPerDevice: slots, isolation: .timeSlicing),
                deviceCount: self.generator.int(in: 1...3), memoryMiBPerDevice: memory, chooser: plugin)
        case 7:
            return DevicePool(
                resource: .nvidiaGPU, kind: .shared(slotsPerDevice: slots, isolation: .mps),
                deviceCount: self.generator.int(in: 1...2), memoryMiBPerDevice: memory, chooser: plugin)
        case 8:
            return DevicePool(
                resource: .nvidiaGPU, kind: .shared(slotsPerDevice: slots, isolation: .declared),
                deviceCount: self.generator.int(in: 1...2), memoryMiBPerDevice: 24)
        default:
            return DevicePool(
                resource: SmallWorldPodShape.slice, kind: .exclusive, migProfile: SmallWorldPodShape.profile,
                deviceCount: self.generator.int(in: 1...3), memoryMiBPerDevice: 5)
        }
    }

    // MARK: Pods

    mutating func makeBoundPods() {
        for _ in 0..<self.generator.int(in: 0...2) { self.makeBoundPod() }
    }

    private mutating func makeBoundPod() {
        var pod = self.pod()
        let node = self.generator.pick(self.nodes)
        pod.standing = .bound(node.name)
        pod.isTerminating = self.generator.once(in: 8)
        if let request = pod.deviceRequests.first, let pool = node.pool(for: request.resource), request.count == 1,
            request.isServed(by: pool), self.generator.once(in: 3)
        {
            let index = self.generator.int(in: 0...pool.deviceCount - 1)
            pod.knownDevices = DeviceLedger(pool: pool).assignments(request, at: [index])
        }
        self.pods.append(pod)
    }

    mutating func makeSinglePods(count: Int) {
        for _ in 0..<count where self.pods.count < Self.podLimit { self.pods.append(self.pod()) }
    }

    mutating func makeMixedDemand() {
        self.makeSinglePods(count: self.generator.int(in: 1...3))
        if self.generator.once(in: 8), self.pods.count < Self.podLimit {
            var odd = self.pod()
            odd.standing = self.generator.pick([
                .gatedElsewhere(gate: "else"), .foreignScheduler("other"), .invalid("unreadable"),
            ])
            self.pods.append(odd)
        }
        for name in ["g", "h"] where self.pods.count + 2 <= Self.podLimit && !self.generator.once(in: 3) {
            self.makeGang(named: name, memberLimit: min(4, Self.podLimit - self.pods.count))
        }
    }

    /// A pod of one of the world's shapes.
    mutating func pod() -> PodState {
        var pod = self.generator.pick(self.shapes).pod
        pod.key = PodKey(namespace: "ml", name: "p\(self.pods.count)")
        pod.priority = Int32(self.generator.pick([0, 0, 0, 5]))
        pod.creationSeconds = Int64(self.generator.int(in: 0...3))
        return pod
    }
}
