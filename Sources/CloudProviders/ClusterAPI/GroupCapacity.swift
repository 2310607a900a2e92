public import ClusterImport
import KubernetesAPI
import SchedulingModel

/// What annotations say about the machines of a group, also of one that has none now: those that cluster-autoscaler reads too.
struct GroupCapacity {
    private static let prefix = "capacity.cluster-autoscaler.kubernetes.io/"
    private static let minSize = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-min-size"
    private static let maxSize = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"

    private(set) var machine: PoolSettings.MachineSetting?
    private(set) var labels: [String: String]
    private(set) var taints: [Taint] = []
    private(set) var minNodes: Int?
    private(set) var maxNodes: Int?
    /// Annotations that could not be used: which, what was found, what was expected.
    private(set) var problems: [String] = []

    private let group: ScalableGroup

    init(_ group: ScalableGroup, instanceType: String) {
        self.group = group
        self.labels = group.nodeLabels
        self.minNodes = self.size(Self.minSize)
        self.maxNodes = self.size(Self.maxSize)
        self.readLabels()
        self.readTaints()
        self.readMachine(instanceType)
    }

    // MARK: Reading

    private mutating func size(_ key: String) -> Int? {
        guard let text = self.group.annotations[key] else { return nil }
        if let size = Int(text), size >= 0 { return size }
        self.refuse(key, text, "a whole number from 0")
        return nil
    }

    private mutating func readLabels() {
        let key = Self.prefix + "labels"
        for pair in (self.group.annotations[key] ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                self.refuse(key, String(pair), "key=value")
                continue
            }
            self.labels[parts[0]] = parts[1]
        }
    }

    private mutating func readTaints() {
        let key = Self.prefix + "taints"
        for text in (self.group.annotations[key] ?? "").split(separator: ",") {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            let pair = parts[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let effect = Taint.Effect(rawValue: String(parts[1])), !pair[0].isEmpty else {
                self.refuse(key, String(text), "key=value:effect")
                continue
            }
            self.taints.append(Taint(key: pair[0], value: pair.count > 1 ? pair[1] : "", effect: effect))
        }
    }

    /// Cores and memory together make a shape; with one of them only there is none.
    private mutating func readMachine(_ instanceType: String) {
        guard let cpus = self.amount("cpu"), let memory = self.amount("memory") else { return }
        guard cpus > 0, memory >= 1 << 20 else {
            return self.refuse(Self.prefix + "cpu", "\(cpus) cores and \(memory) bytes", "more")
        }
        let devices = self.amount("gpu-count") ?? 0
        self.machine = PoolSettings.MachineSetting(
            name: instanceType, cpuCount: cpus, memoryMiB: memory >> 20,
            deviceResource: ResourceName(self.group.annotations[Self.prefix + "gpu-type"] ?? "nvidia.com/gpu"),
            deviceCount: Int(clamping: min(devices, 1024)),
            memoryMiBPerDevice: self.labels["nvidia.com/gpu.memory"].flatMap(Int64.init),
            architecture: self.labels["kubernetes.io/arch"] ?? "amd64")
    }

    private mutating func amount(_ name: String) -> Int64? {
        let key = Self.prefix + name
        guard let text = self.group.annotations[key] else { return nil }
        if let quantity = try? Quantity(parsing: text), !quantity.isNegative { return quantity.units(rounding: .down) }
        self.refuse(key, text, "an amount from 0")
        return nil
    }

    private mutating func refuse(_ key: String, _ found: String, _ expected: String) {
        self.problems.append("\(self.group.name): annotation \(key): found \(found), expected \(expected)")
    }
}

extension ScalableGroup {
    /// Nil where nobody limits the group.
    var maxSize: Int? { GroupCapacity(self, instanceType: "").maxNodes }
}

extension ClusterAPIProvider {
    /// Shapes and limits by the groups' annotations. Labels count that all groups share; taints that any of them has.
    public func supply(of pool: PoolSettings) async throws(NodePoolError) -> PoolSupply {
        var supply = PoolSupply()
        var capacities: [GroupCapacity] = []
        for group in self.groups {
            do throws(NodePoolConflict) {
                let object = try await self.objects.group(group.name)
                capacities.append(GroupCapacity(object, instanceType: group.offering.instanceType))
            } catch {
                guard case .failure(let failure) = error else { continue }
                throw failure
            }
        }
        for capacity in capacities {
            if let machine = capacity.machine, !supply.machineTypes.contains(where: { $0.name == machine.name }) {
                supply.machineTypes.append(machine)
            }
            supply.taints += capacity.taints.filter { !supply.taints.contains($0) }
            supply.problems += capacity.problems
        }
        let shared = capacities.dropFirst().reduce(capacities.first?.labels ?? [:]) { labels, capacity in
            labels.filter { capacity.labels[$0.key] == $0.value }
        }
        supply.labels = shared
        supply.minNodes = Self.sum(capacities.map { $0.minNodes ?? 0 })
        let limits = capacities.compactMap(\.maxNodes)
        supply.maxNodes = limits.count == capacities.count ? Self.sum(limits) : nil
        return supply
    }

    private static func sum(_ sizes: [Int]) -> Int { sizes.reduce(0) { min($0 + min($1, 1_000_000), 1_000_000) } }
}
