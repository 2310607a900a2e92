import KubernetesAPI
import SchedulingModel

/// A pod as the planner sees it and what was wrong with it.
struct ImportedPod: Hashable, Sendable {
    var state: PodState
    var problems: [Problem] = []
}

/// Turns wire pods into pod states. A pure function of the pod and of what the rest of the cluster says.
struct PodImport {
    let configuration: BerthConfiguration
    let nodes: NodeDirectory
    let priorities: PriorityIndex
    let constraints: PodConstraints
    private let templates = PodTemplates()

    init(
        configuration: BerthConfiguration, nodes: NodeDirectory, priorities: PriorityIndex, constraints: PodConstraints
    ) {
        self.configuration = configuration
        self.nodes = nodes
        self.priorities = priorities
        self.constraints = constraints
    }

    enum Outcome {
        case pod(ImportedPod)
        /// It holds nothing and wants nothing: it has run to its end, or is going away without ever having had a node.
        case nothing
        case unknownNode(Problem)
    }

    func pod(_ pod: Pod, isExpanded: Bool = false) -> Outcome {
        if pod.isTerminal || pod.spec.nodeName == nil && pod.metadata.isTerminating { return .nothing }
        if let nodeName = pod.spec.nodeName, !self.nodes.contains(nodeName) {
            return .unknownNode(
                .error("spec.nodeName", found: "\"\(nodeName)\"", expected: "a node of the input; the pod is left out"))
        }
        let demand = self.templates.demand(of: pod.spec)
        var problems = demand.problems
        var state = self.state(of: pod, isExpanded: isExpanded, problems: &problems)
        let devices = demand.devices(self.deviceFacts(of: pod, demand: demand))
        problems += devices.contradictions
        if pod.spec.nodeName == nil, !pod.spec.resourceClaims.isEmpty {
            problems.append(Self.problem(ofClaims: pod.spec.resourceClaims.count, besides: devices.requests))
        }
        state.requests = devices.amounts
        self.setDevices(devices.requests, of: pod, on: &state, problems: &problems)
        return .pod(self.settled(ImportedPod(state: state, problems: problems), pod: pod))
    }

    // MARK: Parts

    /// What a pod claims (dynamic resource allocation) is not known here. Beside devices that are asked for by name it is taken for
    /// something that comes with them, as a channel between them; where it is all that the pod asks for, any node would be a guess.
    private static func problem(ofClaims count: Int, besides devices: [DeviceRequest]) -> Problem {
        let found = count == 1 ? "1 claim" : "\(count) claims"
        guard devices.isEmpty else {
            return .warning(
                "spec.resourceClaims", found: found, expected: "none; dynamic resource claims are not looked at")
        }
        return .error(
            "spec.resourceClaims", found: "\(found) and no device that is asked for by its resource name",
            expected:
                "such a name; which nodes have what is claimed is not known here, so kube-scheduler has to place the pod"
        )
    }

    private func deviceFacts(of pod: Pod, demand: ReadDemand) -> DeviceDemandFacts {
        var facts = DeviceDemandFacts()
        facts.effective = demand.effective
        facts.annotations = pod.metadata.annotations
        facts.gpushareUnitMiB = self.configuration.gpushareMemoryUnit.inMiB
        if demand.asksForExtendedResources {
            facts.containers = demand.deviceContainers
            facts.selectsSharedNodes = SharingSelection.isMade(by: pod.spec)
        }
        return facts
    }

    private func state(of pod: Pod, isExpanded: Bool, problems: inout [Problem]) -> PodState {
        let namespace = pod.metadata.namespace ?? "default"
        let priority = self.priorities.answer(for: pod.spec)
        if let problem = priority.problem { problems.append(problem) }
        let owner = pod.metadata.controller
        let isMirror = pod.metadata.annotations["kubernetes.io/config.mirror"] != nil
        let nominated = pod.nominatedNodeName.flatMap { self.nodes.contains($0) ? NodeName($0) : nil }
        var state = PodState(
            key: PodKey(namespace: namespace, name: pod.metadata.name), standing: self.standing(of: pod.spec),
            labels: pod.metadata.labels, creationSeconds: pod.metadata.creationSeconds ?? 0,
            priority: priority.priority, isTerminating: pod.metadata.isTerminating,
            nominatedNode: pod.spec.nodeName == nil ? nominated : nil,
            mayPreempt: priority.mayPreempt,
            belongsToNode: isMirror || owner?.kind == "DaemonSet" || owner?.kind == "Node")
        state.isProtected = namespace == Self.systemNamespace
        state.deadline = DeadlineAnnotations.deadline(pod.metadata.annotations, problems: &problems)
        state.refusesDisruption = DisruptionMarks.protectPod(pod.metadata.annotations)
        let volumes = self.constraints.volumes.constraint(of: pod, namespace: namespace, isExpanded: isExpanded)
        self.templates.setConstraints(on: &state, ConstraintInput(pod, namespace: namespace, volumes: volumes)) {
            self.constraints.constraints(of: pod, namespace: namespace, volumes: volumes)
        }
        return state
    }

    /// Leaves aside whether the pod can be understood.
    private func standing(of spec: PodSpec) -> PodState.Standing {
        if let node = spec.nodeName { return .bound(NodeName(node)) }
        let foreign = spec.schedulingGates.filter { $0 != self.configuration.placementGate }
        if let gate = foreign.min() { return .gatedElsewhere(gate: gate) }
        let scheduler = spec.schedulerName ?? "default-scheduler"
        return self.configuration.schedulerNames.contains(scheduler) ? .pending : .foreignScheduler(scheduler)
    }

    /// What runs there keeps the cluster up, whatever its priority says.
    private static let systemNamespace = "kube-system"

    /// Namespace in which KAI holds whole GPUs for pods that share them: the sharers themselves are counted.
    private static let kaiReservations = "kai-resource-reservation"

    private func setDevices(
        _ requests: [DeviceRequest], of pod: Pod, on state: inout PodState, problems: inout [Problem]
    ) {
        guard let nodeName = pod.spec.nodeName, let node = self.nodes[nodeName] else {
            state.deviceRequests = requests
            self.setDevicesOfPinned(&state, pod, problems: &problems)
            return
        }
        if state.key.namespace == Self.kaiReservations { return }
        let held = HeldDevices(node: node, annotations: pod.metadata.annotations)
        state.requests = held.amounts(state.requests)
        state.deviceRequests = held.requests(requests)
        state.knownDevices = held.knownDevices(for: state.deviceRequests, problems: &problems)
    }

    /// A pod that was let go to one node says already which devices are kept for it there.
    private func setDevicesOfPinned(_ state: inout PodState, _ pod: Pod, problems: inout [Problem]) {
        guard pod.spec.schedulingGates.isEmpty, let text = pod.metadata.annotations[DeviceAnnotation.key],
            let name = state.constraints.requiredNodeAffinity?.onlyNode, let node = self.nodes[name.rawValue]
        else { return }
        let held = HeldDevices(node: node, annotations: [DeviceAnnotation.key: text])
        state.knownDevices = held.knownDevices(for: state.deviceRequests, problems: &problems)
    }

    /// Demand with errors is no demand that could be placed. What runs is a fact: its errors become warnings.
    private func settled(_ imported: ImportedPod, pod: Pod) -> ImportedPod {
        var imported = imported
        guard imported.state.standing == .pending else {
            for index in imported.problems.indices { imported.problems[index].severity = .warning }
            return imported
        }
        if let error = imported.problems.first(where: { $0.severity == .error }) {
            let place = error.field.map { "\($0): " } ?? ""
            imported.state.standing = .invalid("\(place)found \(error.found), expected \(error.expected)")
        } else if pod.hasErrors {
            imported.state.standing = .invalid(
                "a field of the pod could not be read; the findings about the input name it")
        }
        return imported
    }
}
