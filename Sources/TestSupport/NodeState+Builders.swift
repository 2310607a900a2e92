public import SchedulingModel

extension NodeState {
    /// A node with exclusive `nvidia.com/gpu` devices and plenty of everything else: 96 cores, 1 TiB, 110 pods.
    ///
    /// - Parameters:
    ///   - path: One value per topology level; each becomes nothing but the path, so labels that selectors ask for
    ///     are given apart.
    public static func gpu(
        _ name: String, count: Int, path: [String?] = [], labels: [String: String] = [:], taints: [Taint] = [],
        memoryMiBPerDevice: Int64? = nil, product: String? = nil
    ) -> NodeState {
        let pool = DevicePool(
            resource: .nvidiaGPU, kind: .exclusive, product: product, deviceCount: count,
            memoryMiBPerDevice: memoryMiBPerDevice)
        return Self.node(name, pools: count > 0 ? [pool] : [], path: path, labels: labels, taints: taints)
    }

    /// As above, in one rack: level `rack` alone, label and path.
    public static func gpu(_ name: String, count: Int, rack: String) -> NodeState {
        Self.gpu(name, count: count, path: [rack], labels: ["rack": rack])
    }

    /// A node whose cards are handed out `slots` times each by a plugin.
    public static func shared(
        _ name: String, cards: Int, slots: Int, isolation: DevicePool.Isolation = .timeSlicing,
        memoryMiBPerDevice: Int64? = nil, chooser: DevicePool.Chooser = .pluginDistributed
    ) -> NodeState {
        let pool = DevicePool(
            resource: .nvidiaGPU, kind: .shared(slotsPerDevice: slots, isolation: isolation), deviceCount: cards,
            memoryMiBPerDevice: memoryMiBPerDevice, chooser: chooser)
        return Self.node(name, pools: [pool])
    }

    /// A node with these pools, and allocatable amounts that agree with them.
    public static func node(
        _ name: String, pools: [DevicePool] = [], path: [String?] = [], labels: [String: String] = [:],
        taints: [Taint] = []
    ) -> NodeState {
        var labels = labels
        labels["kubernetes.io/hostname"] = name
        var allocatable = ResourceAmounts([.cpu: 96_000, .memory: 1 << 40, .pods: 110])
        for pool in pools { allocatable[pool.resource] = Int64(pool.deviceCount * pool.slotsPerDevice) }
        return NodeState(
            name: NodeName(name), labels: labels, taints: taints, allocatable: allocatable, devicePools: pools,
            topologyPath: path)
    }
}
