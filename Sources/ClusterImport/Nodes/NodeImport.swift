import KubernetesAPI
import SchedulingModel

/// A node as the planner sees it, with what only the import of its pods needs.
struct ImportedNode: Hashable, Sendable {
    var state: NodeState
    var deviceIndexByUUID: [String: Int] = [:]
    var problems: [Problem] = []

    func pool(for resource: ResourceName) -> DevicePool? { self.state.pool(for: resource) }
}

/// Turns wire nodes into node states.
struct NodeImport {
    let topology: Topology
    let rules: DeviceRules

    func node(_ node: Node) -> ImportedNode {
        var problems: [Problem] = []
        var allocatable = ResourceAmounts(offered: node.allocatable, problems: &problems)
        if node.allocatable["pods"] == nil {
            problems.append(
                .warning("status.allocatable[pods]", found: "nothing", expected: "a count; without one no pod fits"))
        }
        let labels = node.metadata.labels
        let devices = DevicePoolReader.read(
            DeviceFacts(labels: labels, annotations: node.metadata.annotations, allocatable: allocatable),
            rules: self.rules)
        allocatable.add(devices.agentAllocatable)
        var state = NodeState(
            name: NodeName(node.metadata.name), labels: labels, taints: Self.taints(of: node),
            allocatable: allocatable, devicePools: devices.pools, topologyPath: self.topology.path(of: labels),
            nvlinkDomain: self.topology.nvlinkDomain(of: labels), providerID: node.providerID)
        state.refusesDisruption = DisruptionMarks.protectNode(node.metadata.annotations)
        return ImportedNode(
            state: state, deviceIndexByUUID: devices.indexByUUID, problems: problems + devices.problems)
    }

    /// On a node of which something could not be read: it may have been a taint.
    static let unreadable = Taint(key: "berth.dev/unreadable", effect: .noSchedule)

    /// The node's taints, then those that its state stands for and that nobody has written down.
    static func taints(of node: Node) -> [Taint] {
        var taints = node.taints.map(Taint.init)
        if node.hasErrors { taints.append(Self.unreadable) }
        if node.isUnschedulable, !taints.contains(Taint.unschedulable) { taints.append(.unschedulable) }
        let unreachable = "node.kubernetes.io/unreachable"
        let isMarked = taints.contains { $0.isHard && ($0.key == Taint.notReady.key || $0.key == unreachable) }
        if node.isReady == false, !isMarked { taints.append(.notReady) }
        if let event = ScheduledEvent.taint(of: node.conditions) { taints.append(event) }
        return taints
    }
}

extension Taint {
    init(_ wire: Node.Taint) {
        let effect: Effect =
            switch wire.effect {
            case .noSchedule: .noSchedule
            case .preferNoSchedule: .preferNoSchedule
            case .noExecute: .noExecute
            }
        self.init(key: wire.key, value: wire.value, effect: effect)
    }
}
