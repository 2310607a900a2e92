import KubernetesAPI
import SchedulingModel

/// Claims, volumes and storage classes, and what they allow a pod.
///
/// A dump without any of a kind says nothing about that kind: the pods' nodes and volumes alone then decide nothing.
struct VolumeIndex: Sendable {
    private var claims: [String: PersistentVolumeClaim] = [:]
    private var volumes: [String: PersistentVolume] = [:]
    private var classes: [String: StorageClass] = [:]
    private var defaultClass: StorageClass?

    init(
        claims: [PersistentVolumeClaim] = [], volumes: [PersistentVolume] = [], classes: [StorageClass] = []
    ) {
        for claim in claims {
            self.claims[Self.key(claim.metadata.namespace ?? "default", claim.metadata.name)] = claim
        }
        for volume in volumes { self.volumes[volume.metadata.name] = volume }
        for storageClass in classes { self.classes[storageClass.metadata.name] = storageClass }
        // The API server takes the newest of several defaults, then the first by name.
        self.defaultClass = classes.filter(\.isDefault).min { lhs, rhs in
            let (left, right) = (lhs.metadata.creationSeconds ?? 0, rhs.metadata.creationSeconds ?? 0)
            return left != right ? left > right : lhs.metadata.name < rhs.metadata.name
        }
    }

    private static func key(_ namespace: String, _ name: String) -> String { "\(namespace)/\(name)" }

    /// Whether claims can be judged at all.
    var knowsClaims: Bool { !self.claims.isEmpty || !self.volumes.isEmpty }

    /// The claims of the pod's volumes, and whether the claim is made for the pod by a controller.
    static func claims(of pod: Pod) -> [(name: String, isMadeForPod: Bool)] {
        pod.spec.volumes.compactMap { volume in
            switch volume.source {
            case .persistentVolumeClaim(let name): (name, false)
            case .ephemeral: ("\(pod.metadata.name)-\(volume.name)", true)
            case .other: nil
            }
        }
    }

    /// - Parameter isExpanded: The pod is one that a controller would make; its claims may not exist yet either.
    func constraint(of pod: Pod, namespace: String, isExpanded: Bool) -> VolumeConstraint {
        guard self.knowsClaims, !pod.spec.volumes.isEmpty else { return .none }
        var selectors: [NodeSelector] = []
        for (name, _) in Self.claims(of: pod) {
            guard let claim = self.claims[Self.key(namespace, name)] else {
                if isExpanded { continue }
                return .unavailable(claim: name, why: "the claim does not exist")
            }
            switch self.verdict(on: claim) {
            case .unusable(let why): return .unavailable(claim: name, why: why)
            case .nodes(let needed): selectors += needed
            }
        }
        return selectors.isEmpty ? .none : .nodes(selectors)
    }

    private enum Verdict {
        case unusable(String)
        /// Every one of them must match.
        case nodes([NodeSelector])
    }

    private func verdict(on claim: PersistentVolumeClaim) -> Verdict {
        if claim.metadata.isTerminating { return .unusable("the claim is being deleted") }
        if claim.phase == "Lost" { return .unusable("the claim has lost its volume") }
        guard let volumeName = claim.volumeName else { return self.verdict(onUnbound: claim) }
        guard let volume = self.volumes[volumeName] else {
            return self.volumes.isEmpty ? .nodes([]) : .unusable("its volume \(volumeName) does not exist")
        }
        return .nodes([volume.requiredNodes.map(NodeSelector.init), Self.zones(of: volume)].compactMap(\.self))
    }

    private func verdict(onUnbound claim: PersistentVolumeClaim) -> Verdict {
        guard let name = claim.storageClassName ?? self.defaultClass?.metadata.name, !name.isEmpty else {
            return .unusable("the claim is not bound, and no storage class would bind it")
        }
        guard let storageClass = self.classes[name] else {
            return self.classes.isEmpty ? .nodes([]) : .unusable("its storage class \(name) does not exist")
        }
        switch storageClass.volumeBindingMode {
        case .immediate: return .unusable("the claim is not bound yet")
        case .waitForFirstConsumer:
            if storageClass.allowedTopologies.isEmpty { return .nodes([]) }
            return .nodes([NodeSelector(storageClass.allowedTopologies.map(Self.term))])
        }
    }

    private static func term(_ topology: StorageClass.TopologyTerm) -> NodeSelectorTerm {
        NodeSelectorTerm(
            labels: topology.values.sorted { $0.key < $1.key }.map { LabelRequirement(key: $0.key, .isIn($0.value)) })
    }

    private static let zoneLabels = [
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
    ]

    /// Zone and region labels on the volume itself, several values joined by `__`. As in kube-scheduler's VolumeZone
    /// plugin a node without any such label passes.
    private static func zones(of volume: PersistentVolume) -> NodeSelector? {
        let wanted = self.zoneLabels.compactMap { key in
            volume.metadata.labels[key].map { value in
                LabelRequirement(key: key, .isIn(value.split(separator: "__").map(String.init)))
            }
        }
        if wanted.isEmpty { return nil }
        let unlabelled = self.zoneLabels.map { LabelRequirement(key: $0, .doesNotExist) }
        return NodeSelector([NodeSelectorTerm(labels: wanted), NodeSelectorTerm(labels: unlabelled)])
    }
}
