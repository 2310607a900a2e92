import KubernetesAPI
import SchedulingModel

/// What was made of the last pods, for the next one: in the order of their names most pods follow some of the same template.
///
/// Wire values of one template are mostly the very same arrays, whose comparison looks no further.
final class PodTemplates {
    /// Ranks of a job make as many containers that differ in nothing else.
    private static let keptDemands = 16

    private var demands: [ReadDemand] = []
    private var nextDemand = 0
    private var constraints: (of: ConstraintInput, state: PodState)?

    func demand(of spec: PodSpec) -> ReadDemand {
        if let known = self.demands.first(where: { $0.isSame(for: spec) }) { return known }
        let demand = ReadDemand(spec)
        if self.demands.count < Self.keptDemands {
            self.demands.append(demand)
        } else {
            self.demands[self.nextDemand] = demand
            self.nextDemand = (self.nextDemand + 1) % Self.keptDemands
        }
        return demand
    }

    /// Sets a pod's constraints, in the same memory as the last pod's where they say the same.
    func setConstraints(on state: inout PodState, _ input: ConstraintInput, _ make: () -> SchedulingConstraints) {
        if let constraints, constraints.of == input {
            state.shareConstraints(of: constraints.state)
        } else {
            state.constraints = make()
            self.constraints = (input, state)
        }
    }
}

/// All that a pod's constraints follow from, within one cluster.
struct ConstraintInput: Equatable {
    private let namespace: String
    private let labels: [String: String]
    private let nodeSelector: [String: String]
    private let tolerations: [PodSpec.Toleration]
    private let affinity: Affinity?
    private let spread: [PodSpec.TopologySpreadConstraint]
    private let ports: [HostPort]
    private let volumes: VolumeConstraint

    init(_ pod: Pod, namespace: String, volumes: VolumeConstraint) {
        let spec = pod.spec
        // Terms speak of the pod's own namespace and of its labels.
        let hasTerms = spec.affinity != nil || !spec.topologySpreadConstraints.isEmpty
        self.namespace = hasTerms ? namespace : ""
        self.labels = hasTerms ? pod.metadata.labels : [:]
        self.nodeSelector = spec.nodeSelector
        self.tolerations = spec.tolerations
        self.affinity = spec.affinity
        self.spread = spec.topologySpreadConstraints
        self.ports = PodConstraints.hostPorts(of: spec)
        self.volumes = volumes
    }
}

/// The amounts that a pod's containers ask for, and what is wrong with them.
final class ReadDemand {
    private let containers: [Container]
    private let initContainers: [Container]
    private let resources: ResourceRequirements
    private let overhead: [String: Quantity]
    let effective: ResourceAmounts
    let asksForExtendedResources: Bool
    let deviceContainers: [ResourceAmounts]
    let problems: [Problem]
    private var devices: (facts: DeviceDemandFacts, read: DeviceDemand)?

    init(_ spec: PodSpec) {
        self.containers = spec.containers
        self.initContainers = spec.initContainers
        self.resources = spec.resources
        self.overhead = spec.overhead
        var problems: [Problem] = []
        let demand = Self.demand(of: spec, problems: &problems)
        self.effective = demand.effective
        self.asksForExtendedResources = self.effective.entries.contains { $0.name.isExtended }
        self.deviceContainers = self.asksForExtendedResources ? demand.deviceContainers : []
        self.problems = problems
    }

    /// Whether a pod's amounts are read from the very same containers. Equal ones that stand apart count as others: comparing costs what reading costs.
    func isSame(for spec: PodSpec) -> Bool {
        Self.isSameMemory(self.containers, spec.containers)
            && Self.isSameMemory(self.initContainers, spec.initContainers)
            && self.resources == spec.resources && self.overhead == spec.overhead
    }

    private static func isSameMemory(_ lhs: [Container], _ rhs: [Container]) -> Bool {
        lhs.count == rhs.count
            && (lhs.isEmpty
                || lhs.withUnsafeBufferPointer { lhs in
                    rhs.withUnsafeBufferPointer { lhs.baseAddress == $0.baseAddress }
                })
    }

    /// What the containers and the pod's annotations say about devices.
    func devices(_ facts: DeviceDemandFacts) -> DeviceDemand {
        if let devices, devices.facts.annotations == facts.annotations,
            devices.facts.selectsSharedNodes == facts.selectsSharedNodes
        {
            return devices.read
        }
        let read = DeviceDemand.read(facts)
        self.devices = (facts, read)
        return read
    }

    private static func demand(of spec: PodSpec, problems: inout [Problem]) -> PodDemand {
        var demand = PodDemand()
        for (index, container) in spec.containers.enumerated() {
            demand.containers.append(
                ContainerDemand(container, path: "spec.containers[\(index)]", problems: &problems))
        }
        for (index, container) in spec.initContainers.enumerated() {
            demand.initContainers.append(
                ContainerDemand(container, path: "spec.initContainers[\(index)]", problems: &problems))
        }
        demand.podLevelRequests = ResourceAmounts(asked: spec.resources.requests)
        demand.podLevelLimits = ResourceAmounts(asked: spec.resources.limits)
        demand.overhead = ResourceAmounts(asked: spec.overhead)
        let others = [
            ("resources.requests", spec.resources.requests), ("resources.limits", spec.resources.limits),
            ("overhead", spec.overhead),
        ]
        for (part, quantities) in others {
            for (name, quantity) in quantities.sorted(by: { $0.key < $1.key }) where quantity.isNegative {
                problems.append(
                    .error("spec.\(part)[\(name)]", found: quantity.text, expected: "an amount from 0"))
            }
        }
        return demand
    }
}
