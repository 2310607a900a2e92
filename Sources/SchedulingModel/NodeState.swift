/// What the planner knows of one node. Who holds what of it is in the snapshot's pods.
public struct NodeState: Hashable, Sendable {
    public var name: NodeName
    public var labels: [String: String]
    /// With `Taint.unschedulable` for a cordoned node and `Taint.notReady` for one that is not ready.
    public var taints: [Taint]
    /// Every resource the node offers to pods, `pods` among them. Never capacity: that counts sick devices.
    public var allocatable: ResourceAmounts
    /// At most one pool per resource name.
    public var devicePools: [DevicePool]
    /// One value per level of the snapshot's topology, nil where the label is missing.
    public var topologyPath: [String?]
    public var nvlinkDomain: String?
    /// `spec.providerID`: the machine below, as its cloud names it. Nil where nobody has said.
    public var providerID: String?
    /// It asks not to be given back: `karpenter.sh/do-not-disrupt` and the like.
    public var refusesDisruption = false

    public init(
        name: NodeName, labels: [String: String] = [:], taints: [Taint] = [],
        allocatable: ResourceAmounts = ResourceAmounts(), devicePools: [DevicePool] = [],
        topologyPath: [String?] = [], nvlinkDomain: String? = nil, providerID: String? = nil
    ) {
        self.name = name
        self.labels = labels
        self.taints = taints
        self.allocatable = allocatable
        self.devicePools = devicePools
        self.topologyPath = topologyPath
        self.nvlinkDomain = nvlinkDomain
        self.providerID = providerID
    }

    /// The machine that a provider ID names, by its last part: `aws:///us-east-1a/i-0123` is `i-0123`.
    public var machine: MachineID? { self.providerID.flatMap(MachineID.init(providerID:)) }

    /// The domain this node is in on an axis. A missing label makes it a domain of its own.
    public func domain(on axis: TopologyAxis) -> TopologyDomain {
        let alone = "(\(self.name))"
        let path: [String] =
            switch axis {
            case .level(let index): self.topologyPath.prefix(index + 1).map { $0 ?? alone }
            case .nvlink: [self.nvlinkDomain ?? alone]
            case .label(let key): [self.labels[key] ?? alone]
            case .host: [self.name.rawValue]
            }
        return TopologyDomain(axis: axis, path: path)
    }

    public func pool(for resource: ResourceName) -> DevicePool? {
        self.devicePools.first { $0.resource == resource }
    }
}

extension MachineID {
    /// The machine that a provider ID names, by its last part; nil where it has none.
    public init?(providerID: String) {
        guard let last = providerID.split(separator: "/").last else { return nil }
        self.init(String(last))
    }
}
