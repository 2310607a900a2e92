import ClusterImport
import ControlLoop
import KubernetesAPI
import SchedulingModel

/// What is read off a pod's wire object for acting on it.
struct PodDoor {
    /// The scheduler name that makes a pod ours to bind.
    static let schedulerName = "berth"

    let configuration: BerthConfiguration

    /// What follows from the wire object alone.
    struct Facts {
        let uid: String
        let version: UInt64
        let door: ObservedPod.Door
        let pinnedNode: NodeName?
        let isPinnedByUs: Bool
        let isRecreated: Bool
        let movesWhole: Bool
        /// Kept, so that its identity stays its own.
        let object: ManifestObject
    }

    func facts(of object: ManifestObject) -> Facts {
        let pin = self.isGated(object.value) ? nil : Self.pinnedNode(object.value)
        let ours = object.value["metadata"]?["annotations"]?[Self.pinAnnotation]?.string
        return Facts(
            uid: object.uid, version: object.version, door: self.door(object.value), pinnedNode: pin,
            isPinnedByUs: pin != nil && ours == pin?.rawValue,
            isRecreated: Self.hasController(object.value),
            movesWhole: object.value["metadata"]?["annotations"]?[Self.interruptionAnnotation]?.string
                == InterruptionAnswer.move.rawValue, object: object)
    }

    private func observed(_ object: ManifestObject, _ state: PodState) -> ObservedPod {
        ObservedPod(state, self.facts(of: object))
    }

    /// `move`: the gang cannot go on with a member made anew.
    static let interruptionAnnotation = "berth.dev/interruption"

    /// On pods that we let go: the node that we pinned them to. What else names a node by affinity is somebody else's wish.
    static let pinAnnotation = "berth.dev/pinned-node"

    /// As the API server shows the pod now, of a pod that was imported before.
    func refreshed(_ known: PodState, by object: ManifestObject) -> ObservedPod {
        var state = known
        if let node = object.value["spec"]?["nodeName"]?.string, !node.isEmpty {
            state.standing = .bound(NodeName(node))
        }
        let nominated = object.value["status"]?["nominatedNodeName"]?.string
        state.nominatedNode = nominated.flatMap { $0.isEmpty ? nil : NodeName($0) }
        state.isTerminating = object.value["metadata"]?["deletionTimestamp"] != nil
        return self.observed(object, state)
    }

    private func isGated(_ pod: JSONValue) -> Bool { Self.gates(of: pod).contains(self.configuration.placementGate) }

    static func gates(of pod: JSONValue) -> [String] {
        pod["spec"]?["schedulingGates"].map { $0.elements.compactMap { $0["name"]?.string } } ?? []
    }

    private func door(_ pod: JSONValue) -> ObservedPod.Door {
        if self.isGated(pod) { return .gate }
        guard pod["spec"]?["schedulerName"]?.string == Self.schedulerName else { return .scheduler }
        return Self.needsScheduler(pod) ? .scheduler : .binding
    }

    /// Whether somebody has to prepare something before the pod is bound: volumes are provisioned, claims are allocated.
    private static func needsScheduler(_ pod: JSONValue) -> Bool {
        let claims = pod["spec"]?["resourceClaims"].map { Array($0.elements) } ?? []
        let volumes = pod["spec"]?["volumes"].map { Array($0.elements) } ?? []
        return !claims.isEmpty
            || volumes.contains { $0["persistentVolumeClaim"] != nil || $0["ephemeral"] != nil }
    }

    /// The one node that every required term names by `metadata.name`.
    static func pinnedNode(_ pod: JSONValue) -> NodeName? {
        let required = pod["spec"]?["affinity"]?["nodeAffinity"]?["requiredDuringSchedulingIgnoredDuringExecution"]
        let terms = required?["nodeSelectorTerms"].map { Array($0.elements) } ?? []
        let names = terms.map { term -> String? in
            let fields = term["matchFields"].map { Array($0.elements) } ?? []
            let field = fields.first { $0["key"]?.string == "metadata.name" && $0["operator"]?.string == "In" }
            let values = field?["values"].map { $0.elements.compactMap(\.string) } ?? []
            return values.count == 1 ? values.first : nil
        }
        guard let first = names.first ?? nil, names.allSatisfy({ $0 == first }) else { return nil }
        return NodeName(first)
    }

    private static func hasController(_ pod: JSONValue) -> Bool {
        let owners = pod["metadata"]?["ownerReferences"].map { Array($0.elements) } ?? []
        return owners.contains { $0["controller"]?.boolean ?? false }
    }
}

extension ObservedPod {
    init(_ state: PodState, _ facts: PodDoor.Facts) {
        self.init(
            state: state, uid: facts.uid, version: facts.version, door: facts.door, pinnedNode: facts.pinnedNode,
            isRecreated: facts.isRecreated)
        self.movesWhole = facts.movesWhole
        self.isPinnedByUs = facts.isPinnedByUs
    }
}
