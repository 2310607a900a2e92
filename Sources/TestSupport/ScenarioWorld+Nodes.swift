import SchedulingModel

extension ScenarioWorld {
    /// `node name [level=value…] [devices] [amounts] [labels=] [taint=…] [cordoned] [notReady] [nvlink=]`
    ///
    /// `count=n` makes n equal nodes name-0, name-1, …. What a line does not say is plentiful: 96 cores, 1 TiB,
    /// 110 pods.
    mutating func addNodes(_ line: inout ScenarioLine) throws(ScenarioError) {
        let name = try line.name()
        let count = try line.integer("count")
        let template = try self.node(&line)
        for number in 0..<(count ?? 1) {
            var node = template
            node.name = NodeName(count == nil ? name : "\(name)-\(number)")
            node.labels["kubernetes.io/hostname"] = node.name.rawValue
            guard !self.nodes.contains(where: { $0.name == node.name }) else {
                throw line.error("\(node.name) stands twice")
            }
            self.nodes.append(node)
        }
    }

    private func node(_ line: inout ScenarioLine) throws(ScenarioError) -> NodeState {
        var node = NodeState(name: NodeName(""))
        node.labels = try line.parsed("labels", ScenarioExpression.labels) ?? [:]
        for level in self.topology.levels {
            if let value = try line.value(level.name) { node.labels[level.labelKey] = value }
            node.topologyPath.append(node.labels[level.labelKey])
        }
        try self.addAmounts(to: &node, &line)
        try self.addDevices(to: &node, &line)
        node.taints = try line.allParsed("taint", ScenarioExpression.taint)
        if line.flag("cordoned") { node.taints.append(.unschedulable) }
        if line.flag("notReady") { node.taints.append(.notReady) }
        if let clique = try line.value("nvlink"), let key = self.topology.nvlinkLabelKeys.first {
            node.labels[key] = clique
        }
        node.nvlinkDomain = self.topology.nvlinkLabelKeys.lazy.compactMap { node.labels[$0] }.first
        return node
    }

    private func addAmounts(to node: inout NodeState, _ line: inout ScenarioLine) throws(ScenarioError) {
        node.allocatable[.cpu] = try line.parsed("cpu", ScenarioExpression.cpuMillis) ?? 96_000
        node.allocatable[.memory] = try line.parsed("memory", ScenarioExpression.bytes) ?? 1 << 40
        node.allocatable[.pods] = Int64(try line.integer("pods") ?? 110)
        for extra in try line.parsed("extra", ScenarioExpression.amounts) ?? [] {
            node.allocatable[ResourceName(extra.name)] = extra.amount
        }
    }

    /// `gpus=8 [shared=time-slicing:4] [chooser=packed] [slice=1g.5gb] [memoryMiB=] [product=] [resource=]` makes one
    /// pool; `mig=1g.5gb:7,2g.10gb:3` one pool per profile.
    private func addDevices(to node: inout NodeState, _ line: inout ScenarioLine) throws(ScenarioError) {
        let product = try line.value("product")
        node.labels["nvidia.com/gpu.product"] = product
        let memory = try line.integer("memoryMiB").map { Int64($0) }
        let kind = try line.parsed("shared", Self.sharing) ?? .exclusive
        let chooser = try line.parsed("chooser", Self.chooser)
        let resource = ResourceName(try line.value("resource") ?? "nvidia.com/gpu")
        let slice = try line.value("slice")
        if let count = try line.integer("gpus") {
            node.devicePools.append(
                DevicePool(
                    resource: resource, kind: kind, migProfile: slice, product: product, deviceCount: count,
                    memoryMiBPerDevice: memory, chooser: chooser ?? Self.usualChooser(of: kind)))
        }
        for profile in try line.parsed("mig", ScenarioExpression.amounts) ?? [] {
            node.devicePools.append(
                DevicePool(
                    resource: ResourceName("nvidia.com/mig-\(profile.name)"), kind: .exclusive,
                    migProfile: profile.name, product: product, deviceCount: Int(profile.amount)))
        }
        for pool in node.devicePools {
            node.allocatable[pool.resource] = Int64(pool.deviceCount * pool.slotsPerDevice)
        }
    }

    /// `time-slicing:4`, `mps:4`, `declared:10`.
    private static func sharing(_ text: String) -> DevicePool.Kind? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let slots = Int(parts[1]) else { return nil }
        switch parts[0] {
        case "time-slicing": return .shared(slotsPerDevice: slots, isolation: .timeSlicing)
        case "mps": return .shared(slotsPerDevice: slots, isolation: .mps)
        case "declared": return .shared(slotsPerDevice: slots, isolation: .declared)
        default: return nil
        }
    }

    private static func chooser(_ text: String) -> DevicePool.Chooser? {
        switch text {
        case "distributed": .pluginDistributed
        case "packed": .pluginPacked
        case "planner": .planner
        default: nil
        }
    }

    private static func usualChooser(of kind: DevicePool.Kind) -> DevicePool.Chooser {
        switch kind {
        case .exclusive, .shared(_, .declared): .planner
        case .shared(_, .timeSlicing), .shared(_, .mps): .pluginDistributed
        }
    }
}
