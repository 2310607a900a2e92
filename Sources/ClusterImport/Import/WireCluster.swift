import KubernetesAPI

/// The decoded objects of the input, each list in the order of `ObjectInventory`.
struct WireCluster {
    struct Entry<Wire> {
        let wire: Wire
        let origin: ManifestOrigin
        /// `Pod ml/trainer-0`.
        let title: String
        var isExpanded = false
    }

    /// Everything that planning has a use for, decoded here or not.
    private(set) var objects: [ManifestObject] = []
    private(set) var nodes: [Entry<Node>] = []
    private(set) var pods: [Entry<Pod>] = []
    private(set) var namespaces: [Namespace] = []
    private(set) var priorityClasses: [PriorityClass] = []
    private(set) var claims: [PersistentVolumeClaim] = []
    private(set) var volumes: [PersistentVolume] = []
    private(set) var storageClasses: [StorageClass] = []
    private(set) var budgets: [PodDisruptionBudget] = []
    private(set) var ignoredKinds: [String: Int] = [:]
    private(set) var findings: [Finding] = []

    init(_ objects: [ManifestObject]) {
        for object in objects {
            guard KnownKinds.contains(object) else {
                self.ignoredKinds[KnownKinds.title(object), default: 0] += 1
                continue
            }
            self.objects.append(object)
            self.decode(object)
        }
    }

    private mutating func decode(_ object: ManifestObject) {
        switch (object.group, object.kind) {
        case ("", "Node"): self.nodes += self.entry(object)
        case ("", "Pod"): self.pods += self.entry(object)
        case ("", "Namespace"): self.namespaces += self.read(object)
        case ("scheduling.k8s.io", "PriorityClass"): self.priorityClasses += self.read(object)
        case ("", "PersistentVolumeClaim"): self.claims += self.read(object)
        case ("", "PersistentVolume"): self.volumes += self.read(object)
        case ("policy", "PodDisruptionBudget"): self.budgets += self.read(object)
        case ("storage.k8s.io", "StorageClass"): self.storageClasses += self.read(object)
        default: break
        }
    }

    private mutating func entry<Wire: ObjectReadable>(_ object: ManifestObject) -> [Entry<Wire>] {
        self.read(object).map { Entry(wire: $0, origin: object.origin, title: object.title) }
    }

    private mutating func read<Wire: ObjectReadable>(_ object: ManifestObject) -> [Wire] {
        object.read(Wire.self, into: &self.findings).map { [$0] } ?? []
    }

    /// Adds pods that controllers would make, but none whose name is taken. Findings about them name the owner's place.
    mutating func add(expanded: [Pod]) {
        var names = Set(self.pods.map { Self.name(of: $0.wire) })
        var places: [[String]: ManifestOrigin] = [:]
        for object in self.objects where object.kind != "Pod" && object.kind != "Node" && !expanded.isEmpty {
            let key = ObjectInventory.Key(object)
            places[[key.kind, key.namespace, key.name]] = object.origin
        }
        for pod in expanded where names.insert(Self.name(of: pod)).inserted {
            let name = Self.name(of: pod)
            let place = pod.metadata.controller.flatMap { places[[$0.kind, name[0], $0.name]] }
            self.pods.append(
                Entry(
                    wire: pod, origin: place ?? ManifestOrigin(file: "pods that controllers would make"),
                    title: "Pod \(name[0])/\(name[1])", isExpanded: true))
        }
    }

    private static func name(of pod: Pod) -> [String] { [pod.metadata.namespace ?? "default", pod.metadata.name] }
}
