import KubernetesAPI
import SchedulingModel

/// Turns what a pod says about its place into the model's constraints.
struct PodConstraints {
    let namespaces: NamespaceIndex
    let volumes: VolumeIndex

    func constraints(of pod: Pod, namespace: String, volumes: VolumeConstraint) -> SchedulingConstraints {
        var constraints = SchedulingConstraints()
        let spec = pod.spec
        constraints.nodeSelector = spec.nodeSelector
        constraints.tolerations = spec.tolerations.map(Toleration.init)
        constraints.hostPorts = Self.hostPorts(of: spec)
        constraints.topologySpread = spec.topologySpreadConstraints.map {
            Self.spread($0, labels: pod.metadata.labels)
        }
        constraints.volumes = volumes
        guard let affinity = spec.affinity else { return constraints }
        constraints.requiredNodeAffinity = affinity.requiredNodes.map(NodeSelector.init)
        constraints.preferredNodeAffinity = affinity.preferredNodes.compactMap { preferred in
            let term = NodeSelectorTerm(preferred.preference)
            return term.isEmpty ? nil : Weighted(weight: Self.weight(preferred.weight), term: term)
        }
        func terms(_ wire: [Affinity.PodTerm]) -> [PodAffinityTerm] {
            wire.map { self.term($0, labels: pod.metadata.labels, namespace: namespace) }
        }
        func weighted(_ wire: [Affinity.PreferredPodTerm]) -> [Weighted<PodAffinityTerm>] {
            wire.map { Weighted(weight: Self.weight($0.weight), term: terms([$0.term])[0]) }
        }
        constraints.requiredPodAffinity = terms(affinity.requiredPods)
        constraints.requiredPodAntiAffinity = terms(affinity.requiredAntiPods)
        constraints.preferredPodAffinity = weighted(affinity.preferredPods)
        constraints.preferredPodAntiAffinity = weighted(affinity.preferredAntiPods)
        return constraints
    }

    private static func weight(_ weight: Int64) -> Int { Int(min(max(weight, 0), 100)) }

    // MARK: Pod affinity

    private func term(_ term: Affinity.PodTerm, labels: [String: String], namespace: String) -> PodAffinityTerm {
        var selector = term.labelSelector.map { LabelSelector($0) }
        Self.add(term.matchLabelKeys, of: labels, to: &selector) { .isIn([$0]) }
        Self.add(term.mismatchLabelKeys, of: labels, to: &selector) { .isNotIn([$0]) }
        return PodAffinityTerm(
            selector: selector,
            namespaces: self.namespaces.names(
                listed: term.namespaces, selector: term.namespaceSelector, own: namespace),
            topologyKey: term.topologyKey)
    }

    /// The pod's own values of `keys` become conditions. The API server writes them into the selector too, so a
    /// condition may stand there already. A key the pod does not have is left out.
    private static func add(
        _ keys: [String], of labels: [String: String], to selector: inout LabelSelector?,
        condition: (String) -> LabelRequirement.Condition
    ) {
        guard selector != nil else { return }
        for key in keys {
            guard let value = labels[key] else { continue }
            let requirement = LabelRequirement(key: key, condition(value))
            if selector?.requirements.contains(requirement) == false { selector?.requirements.append(requirement) }
        }
    }

    // MARK: Spread and ports

    private static func spread(
        _ wire: PodSpec.TopologySpreadConstraint, labels: [String: String]
    ) -> SchedulingModel.TopologySpreadConstraint {
        var selector = wire.labelSelector.map { LabelSelector($0) }
        self.add(wire.matchLabelKeys, of: labels, to: &selector) { .isIn([$0]) }
        return SchedulingModel.TopologySpreadConstraint(
            maxSkew: Int(clamping: min(wire.maxSkew, 1 << 31)), topologyKey: wire.topologyKey,
            isRequired: wire.whenUnsatisfiable == .doNotSchedule, selector: selector,
            minDomains: wire.minDomains.map { Int(clamping: min($0, 1 << 31)) },
            honorsNodeAffinity: wire.nodeAffinityPolicy == .honor, honorsNodeTaints: wire.nodeTaintsPolicy == .honor)
    }

    /// Of containers and sidecars. On the host's network a container port is a host port.
    static func hostPorts(of spec: PodSpec) -> [HostPort] {
        var ports: [HostPort] = []
        for container in spec.containers + spec.initContainers.filter(\.isSidecar) {
            for port in container.ports {
                var number = port.hostPort ?? 0
                if number == 0, spec.usesHostNetwork { number = port.containerPort ?? 0 }
                guard (1...65535).contains(number) else { continue }
                let hostPort = HostPort(
                    address: port.hostIP ?? "0.0.0.0", port: Int(number), transport: port.transport)
                if !ports.contains(hostPort) { ports.append(hostPort) }
            }
        }
        return ports
    }
}
