import KubernetesAPI

/// The decoded objects of the input, each list in the order of `ObjectInventory`.
struct WireCluster {
    struct Entry<Wire> {
        let wire: Wire
        /// Where the object was read; nil for a pod that a controller would make.
        let object: ObjectEntry?
        /// Where findings about it stand, where that is not the object's own place.
        private let place: Place?

        init(_ wire: Wire, _ object: ObjectEntry) {
            self.wire = wire
            self.object = object
            self.place = nil
        }

        init(expanded wire: Wire, origin: ManifestOrigin, title: String) {
            self.wire = wire
            self.object = nil
            self.place = Place(origin, title)
        }

        var origin: ManifestOrigin { self.place?.origin ?? self.object?.object.origin ?? ManifestOrigin(file: "input") }
        /// `Pod ml/trainer-0`.
        var title: String { self.place?.title ?? self.object?.object.title ?? "" }
    }

    /// By reference: an entry is copied often, and hardly any has one.
    final class Place {
        let origin: ManifestOrigin
        let title: String

        init(_ origin: ManifestOrigin, _ title: String) {
            self.origin = origin
            self.title = title
        }
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

    init(_ entries: [ObjectEntry]) {
        self.objects.reserveCapacity(entries.count)
        for entry in entries {
            let decoded = entry.decoded
            guard decoded.isKnownKind else {
                self.ignoredKinds[KnownKinds.title(entry.object), default: 0] += 1
                continue
            }
            self.objects.append(entry.object)
            if !decoded.findings.isEmpty { self.findings += decoded.findings }
            self.take(decoded.wire, entry)
        }
    }

    private mutating func take(_ wire: DecodedObject.Wire?, _ entry: ObjectEntry) {
        switch wire {
        case .node(let node): self.nodes.append(Entry(node, entry))
        case .pod(let pod): self.pods.append(Entry(pod, entry))
        case .namespace(let namespace): self.namespaces.append(namespace)
        case .priorityClass(let priorityClass): self.priorityClasses.append(priorityClass)
        case .claim(let claim): self.claims.append(claim)
        case .volume(let volume): self.volumes.append(volume)
        case .budget(let budget): self.budgets.append(budget)
        case .storageClass(let storageClass): self.storageClasses.append(storageClass)
        case nil: break
        }
    }

    /// The namespaces that pods are in.
    var podNamespaces: Set<String> {
        var namespaces: Set<String> = []
        // Pods of one namespace stand together.
        var last: String?
        for pod in self.pods {
            let namespace = pod.wire.metadata.namespace ?? "default"
            if namespace != last { namespaces.insert(namespace) }
            last = namespace
        }
        return namespaces
    }

    /// Adds pods that controllers would make, but none whose name is taken. Findings about them name the owner's place.
    mutating func add(expanded: [Pod]) {
        guard !expanded.isEmpty else { return }
        var names = Set(self.pods.map { Self.name(of: $0.wire) })
        var places: [[String]: ManifestOrigin] = [:]
        for object in self.objects where object.kind != "Pod" && object.kind != "Node" {
            let key = ObjectInventory.Key(object)
            places[[key.kind, key.namespace, key.name]] = object.origin
        }
        for pod in expanded where names.insert(Self.name(of: pod)).inserted {
            let name = Self.name(of: pod)
            let place = pod.metadata.controller.flatMap { places[[$0.kind, name[0], $0.name]] }
            self.pods.append(
                Entry(
                    expanded: pod, origin: place ?? ManifestOrigin(file: "pods that controllers would make"),
                    title: "Pod \(name[0])/\(name[1])"))
        }
    }

    private static func name(of pod: Pod) -> [String] { [pod.metadata.namespace ?? "default", pod.metadata.name] }
}
