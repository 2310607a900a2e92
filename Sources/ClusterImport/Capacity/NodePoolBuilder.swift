public import KubernetesAPI
public import SchedulingModel

/// Makes pools with offerings of what `berth.yaml` declares: one per machine type, zone and capacity type with a price.
///
/// The node that an offering would become is read like a real one, by the labels that it will carry.
public struct NodePoolBuilder: Sendable {
    let configuration: BerthConfiguration
    let snapshot: ClusterSnapshot

    /// Names the pool on nodes that were bought for it.
    public static let poolLabel = NodePool.label

    public init(configuration: BerthConfiguration, snapshot: ClusterSnapshot) {
        self.configuration = configuration
        self.snapshot = snapshot
    }

    /// - Returns: The pools in the order of the file. A type without a shape or without any price is a finding.
    public func pools() -> (pools: [NodePool], findings: [Finding]) {
        var findings: [Finding] = []
        let pools = self.configuration.pools.map { settings in
            var offerings: [NodeOffering] = []
            for name in settings.instanceTypes {
                guard let machine = Self.machine(name, settings) else {
                    findings.append(
                        Self.finding(
                            settings, "instanceTypes", "machine type \(name)",
                            "a type of the catalogue or of machineTypes"))
                    continue
                }
                let found = self.offerings(of: machine, settings)
                if found.isEmpty, !settings.zones.isEmpty, !settings.capacityTypes.isEmpty {
                    findings.append(Self.finding(settings, "prices", "\(name) without a price", "prices for it"))
                }
                offerings += found
            }
            let topology = self.snapshot.topology
            var pool = NodePool(
                name: settings.name, offerings: offerings, minNodes: settings.minNodes, maxNodes: settings.maxNodes)
            pool.priority = settings.priority
            pool.warmNodes = settings.warmNodes
            pool.movesPods = settings.consolidation == .whenUnderUsed
            pool.schedules = settings.schedules
            pool.bootSeconds = settings.bootSeconds
            pool.disruptionBudgets = settings.disruptionBudgets
            pool.nodeCount = self.snapshot.nodes.count { $0.labels[Self.poolLabel] == settings.name }
            pool.launchSharesNVLink = settings.launchShares == "nvlink"
            if let shared = settings.launchShares, shared != "nvlink" {
                pool.launchLevel = topology.levels.firstIndex { $0.name == shared || $0.labelKey == shared }
                if pool.launchLevel == nil {
                    let levels = topology.levels.map(\.name) + ["nvlink"]
                    findings.append(
                        Self.finding(
                            settings, "launchShares", "launchShares \(shared)",
                            "a topology level of this cluster or nvlink: \(levels.joined(separator: ", "))"))
                }
            }
            return pool
        }
        return (pools, findings)
    }

    private static func finding(
        _ settings: PoolSettings, _ field: String, _ found: String, _ expected: String
    ) -> Finding {
        Finding(
            .warning, origin: ManifestOrigin(file: "configuration"), field: "pools[\(settings.name)].\(field)",
            found: found,
            expected: expected)
    }

    private static func machine(_ name: String, _ settings: PoolSettings) -> MachineType? {
        guard let own = settings.machineTypes.first(where: { $0.name == name }) else {
            return InstanceCatalog.machines[name]
        }
        var machine = MachineType(name: name, cpuCount: own.cpuCount, memoryMiB: own.memoryMiB)
        machine.deviceResource = own.deviceCount > 0 ? own.deviceResource : nil
        machine.deviceCount = own.deviceCount
        machine.memoryMiBPerDevice = own.memoryMiBPerDevice
        machine.architecture = own.architecture
        machine.monthlyInterruptionPercent = own.monthlyInterruptionPercent ?? machine.monthlyInterruptionPercent
        return machine
    }

    private func offerings(of machine: MachineType, _ settings: PoolSettings) -> [NodeOffering] {
        settings.zones.flatMap { zone in
            settings.capacityTypes.compactMap { capacityType in
                let own = settings.prices.last {
                    $0.instanceType == machine.name && $0.capacityType == capacityType && $0.zone ?? zone == zone
                }
                guard let price = own?.microUSDPerHour ?? machine.prices[capacityType] else { return nil }
                return NodeOffering(
                    pool: settings.name,
                    key: OfferingKey(instanceType: machine.name, zone: zone, capacityType: capacityType),
                    pricePerHourMicroUSD: price,
                    interruptionsPerHour: capacityType == .spot ? machine.interruptionsPerHour : 0,
                    template: self.template(machine, zone: zone, capacityType, settings))
            }
        }
    }

    // MARK: The node

    private func template(
        _ machine: MachineType, zone: String, _ capacityType: CapacityType, _ settings: PoolSettings
    ) -> NodeState {
        var labels = [
            Self.poolLabel: settings.name, "node.kubernetes.io/instance-type": machine.name,
            "topology.kubernetes.io/zone": zone, "kubernetes.io/arch": machine.architecture,
            "kubernetes.io/os": "linux", "karpenter.sh/capacity-type": capacityType.rawValue,
        ]
        if machine.deviceResource == .nvidiaGPU {
            labels["nvidia.com/gpu.present"] = "true"
            labels["nvidia.com/gpu.product"] = DeviceMemoryTable.product(instanceType: machine.name)
            labels["nvidia.com/gpu.memory"] = machine.memoryMiBPerDevice.map(String.init)
        }
        labels.merge(settings.labels) { $1 }
        var allocatable = Self.allocatable(machine)
        for entry in settings.allocatable.entries { allocatable[entry.name] = entry.amount }
        let devices = DevicePoolReader.read(
            DeviceFacts(labels: labels, annotations: [:], allocatable: allocatable),
            rules: DeviceRules(self.configuration))
        allocatable.add(devices.agentAllocatable)
        let topology = self.snapshot.topology
        return NodeState(
            name: NodeName("template"), labels: labels, taints: settings.taints, allocatable: allocatable,
            devicePools: devices.pools, topologyPath: topology.path(of: labels),
            nvlinkDomain: topology.nvlinkDomain(of: labels))
    }

    /// What pods can have of the machine: 92.5 % of the memory less what a kubelet with 110 pods reserves, and the cores less
    /// EKS's reserve. On the careful side; `allocatable` in the pool goes before it.
    private static func allocatable(_ machine: MachineType) -> ResourceAmounts {
        let cores = machine.cpuCount
        let reservedMillis = 60 + (cores > 1 ? 10 : 0) + 5 * min(max(0, cores - 2), 2) + max(0, cores - 4) * 5 / 2
        let memoryMiB = max(0, machine.memoryMiB * 925 / 1000 - (255 + 11 * 110 + 100))
        var amounts = ResourceAmounts([
            .cpu: max(0, cores * 1000 - reservedMillis), .memory: memoryMiB << 20, .pods: 110,
            .ephemeralStorage: 18 << 30,
        ])
        if let resource = machine.deviceResource { amounts[resource] = Int64(machine.deviceCount) }
        if machine.efaInterfaces > 0 { amounts[ResourceName("vpc.amazonaws.com/efa")] = Int64(machine.efaInterfaces) }
        return amounts
    }
}
