import SchedulingModel

/// What several pods of a `SmallWorld` have in common: requests, labels and constraints.
struct SmallWorldPodShape {
    static let profile = "1g.5gb"
    static let slice = ResourceName("nvidia.com/mig-1g.5gb")

    let pod: PodState

    /// - Parameter rarity: Makes each constraint so many times rarer.
    init(_ generator: inout SeededGenerator, rarity: Int) {
        var pod = PodState(key: PodKey(namespace: "ml", name: "shape"))
        pod.labels = ["app": generator.pick(["x", "y"])]
        pod.requests[.cpu] = Int64(generator.int(in: 0...3)) * 1000
        pod.requests[.memory] = Int64(generator.int(in: 0...3))
        if let request = Self.deviceRequest(&generator) {
            pod.deviceRequests = [request]
            // A fraction asked for by annotation does not show among the amounts.
            let isByAnnotation = request.kind == .fraction && generator.once(in: 2)
            if !isByAnnotation { pod.requests[request.resource] = Int64(request.count) }
        }
        pod.constraints = Self.constraints(&generator, rarity: rarity)
        self.pod = pod
    }

    private static func deviceRequest(_ generator: inout SeededGenerator) -> DeviceRequest? {
        switch generator.int(in: 0...9) {
        case 0, 1: nil
        case 2, 3, 4: DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: generator.int(in: 1...3))
        case 5, 6, 7:
            DeviceRequest(
                resource: .nvidiaGPU, kind: .slot, count: generator.once(in: 6) ? 2 : 1,
                memoryMiBPerDevice: generator.pick([nil, nil, 6, 8, 12, 13]))
        case 8: Self.fraction(&generator)
        default:
            DeviceRequest(
                resource: Self.slice, kind: .mig(profile: Self.profile), count: generator.int(in: 1...2))
        }
    }

    private static func fraction(_ generator: inout SeededGenerator) -> DeviceRequest {
        let count = generator.once(in: 5) ? 2 : 1
        if generator.once(in: 2) {
            return DeviceRequest(
                resource: .nvidiaGPU, kind: .fraction, count: count, memoryMiBPerDevice: generator.pick([8, 12, 13]))
        }
        return DeviceRequest(
            resource: .nvidiaGPU, kind: .fraction, count: count, thousandthsPerDevice: generator.pick([250, 500, 501]))
    }

    // MARK: Constraints

    private static func constraints(_ generator: inout SeededGenerator, rarity: Int) -> SchedulingConstraints {
        var constraints = SchedulingConstraints()
        if generator.once(in: 8 * rarity) { constraints.nodeSelector = ["pool": "a"] }
        if generator.once(in: 8 * rarity) { constraints.requiredNodeAffinity = Self.affinity(&generator) }
        if generator.once(in: 8 * rarity) {
            let preferred = NodeSelectorTerm(labels: [LabelRequirement(key: "pool", .isIn(["b"]))])
            constraints.preferredNodeAffinity = [Weighted(weight: 10, term: preferred)]
        }
        if generator.once(in: 2) {
            constraints.tolerations = [
                Toleration(key: "gpu", match: generator.pick([.exists, .equal("yes"), .equal("no")]))
            ]
        }
        if generator.once(in: 9 * rarity) {
            let address = generator.pick(["0.0.0.0", "10.0.0.1", "10.0.0.2"])
            constraints.hostPorts = [HostPort(address: address, port: generator.int(in: 80...81))]
        }
        if generator.once(in: 8 * rarity) { constraints.requiredPodAntiAffinity = [Self.podTerm(&generator)] }
        if generator.once(in: 10 * rarity) { constraints.requiredPodAffinity = [Self.podTerm(&generator)] }
        if generator.once(in: 8 * rarity) { constraints.topologySpread = Self.spread(&generator) }
        if generator.once(in: 14 * rarity) { constraints.volumes = Self.volumes(&generator) }
        return constraints
    }

    private static func affinity(_ generator: inout SeededGenerator) -> NodeSelector {
        let inPool = LabelRequirement(key: "pool", .isIn([generator.pick(["a", "b"])]))
        let byName = LabelRequirement(key: "metadata.name", .isIn([generator.pick(["n0", "n1"])]))
        return generator.pick([
            NodeSelector([NodeSelectorTerm(labels: [inPool])]),
            NodeSelector([NodeSelectorTerm(labels: [LabelRequirement(key: "rack", .exists)])]),
            NodeSelector([NodeSelectorTerm(labels: [inPool]), NodeSelectorTerm(fields: [byName])]),
            NodeSelector([NodeSelectorTerm(labels: [LabelRequirement(key: "rack", .isNotIn(["r0"]))])]),
        ])
    }

    private static func podTerm(_ generator: inout SeededGenerator) -> PodAffinityTerm {
        PodAffinityTerm(
            selector: LabelSelector([LabelRequirement(key: "app", .isIn([generator.pick(["x", "y"])]))]),
            namespaces: generator.pick([["ml"], nil, ["other"]]),
            topologyKey: generator.pick(["kubernetes.io/hostname", "rack", "block"]))
    }

    private static func spread(_ generator: inout SeededGenerator) -> [TopologySpreadConstraint] {
        (0..<generator.int(in: 1...2)).map { _ in
            TopologySpreadConstraint(
                maxSkew: generator.int(in: 1...2),
                topologyKey: generator.pick(["kubernetes.io/hostname", "rack", "block"]),
                isRequired: !generator.once(in: 5),
                selector: LabelSelector([LabelRequirement(key: "app", .isIn([generator.pick(["x", "y"])]))]),
                minDomains: generator.pick([nil, nil, 2, 3]), honorsNodeAffinity: !generator.once(in: 4),
                honorsNodeTaints: generator.once(in: 3))
        }
    }

    private static func volumes(_ generator: inout SeededGenerator) -> VolumeConstraint {
        let block = LabelRequirement(key: "block", .isIn([generator.pick(["b0", "b1"])]))
        return generator.once(in: 4)
            ? .unavailable(claim: "data", why: "no such claim")
            : .nodes([NodeSelector([NodeSelectorTerm(labels: [block])])])
    }
}
