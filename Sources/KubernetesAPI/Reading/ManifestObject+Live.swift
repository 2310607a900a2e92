extension ManifestObject {
    /// What tells objects of one collection apart.
    public struct Key: Hashable, Comparable, Sendable {
        public let namespace: String
        public let name: String

        /// - Parameter namespace: Empty for cluster-wide objects.
        public init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }

        public static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.namespace, lhs.name) < (rhs.namespace, rhs.name)
        }
    }

    public var key: Key {
        let metadata = self.value["metadata"]
        return Key(namespace: metadata?["namespace"]?.string ?? "", name: metadata?["name"]?.string ?? "")
    }

    public var uid: String { self.value["metadata"]?["uid"]?.string ?? "" }

    /// Empty for an object that does not come from a server.
    public var resourceVersion: String { self.value["metadata"]?["resourceVersion"]?.string ?? "" }

    /// The same object in a document of its own that holds only what is read here: of a pod and a node the fields of `Pod` and `Node`, of
    /// every other kind all but who manages which field, what was last applied, and other large parts that nobody reads.
    ///
    /// - Parameter shared: Where parts are found that objects of one template have in common.
    public func trimmed(sharing shared: SharedValues? = nil) -> ManifestObject {
        let document = JSONDocument(copying: self.value, keeping: self.kept, sharing: shared)
        return ManifestObject(apiVersion: self.apiVersion, kind: self.kind, value: document.root, origin: self.origin)
    }

    private var kept: KeptMembers {
        switch (self.apiVersion, self.kind) {
        case ("v1", "Pod"): .pod
        case ("v1", "Node"): .node
        default: .anyKind
        }
    }
}

extension KeptMembers {
    private static let metadata = Self.except([
        "managedFields": .nothing, "labels": .shared(1, .everything), "ownerReferences": .shared(2, .everything),
        "annotations": .shared(3, .except(["kubectl.kubernetes.io/last-applied-configuration": .nothing])),
    ])
    private static let conditions = Self.shared(4, .whole("type", "status", "reason", "message"))

    fileprivate static let anyKind = Self.except(["metadata": Self.metadata])

    fileprivate static let node = Self.only([
        "metadata": Self.metadata,
        "spec": .whole("unschedulable", "taints", "providerID"),
        "status": .only([
            "allocatable": .shared(5, .everything), "capacity": .shared(6, .everything), "conditions": Self.conditions,
        ]),
    ])

    private static let containers = Self.only([
        "name": .everything, "resources": .everything, "restartPolicy": .everything,
        "ports": .whole("containerPort", "hostPort", "hostIP", "protocol"),
        "env": .named(Container.rankVariables, .whole("name", "value")),
    ])
    private static let volumes = Self.whole("name", "persistentVolumeClaim", "ephemeral")

    fileprivate static let pod = Self.only([
        "metadata": Self.metadata,
        "spec": .only([
            "containers": .shared(7, Self.containers), "initContainers": .shared(8, Self.containers),
            "resources": .everything, "overhead": .everything, "nodeName": .everything,
            "nodeSelector": .shared(9, .everything), "affinity": .shared(10, .everything),
            "tolerations": .shared(11, .everything), "topologySpreadConstraints": .shared(12, .everything),
            "schedulerName": .everything,
            "schedulingGates": .everything, "priority": .everything, "priorityClassName": .everything,
            "preemptionPolicy": .everything, "volumes": Self.volumes, "hostNetwork": .everything,
            "resourceClaims": .everything, "schedulingGroup": .everything, "workloadRef": .everything,
            "runtimeClassName": .everything, "hostname": .everything, "subdomain": .everything,
        ]),
        "status": .only([
            "phase": .everything, "conditions": Self.conditions, "nominatedNodeName": .everything,
        ]),
    ])
}

extension JSONValue {
    /// The value as JSON text in UTF-8, white space and the escapes of strings aside as it was read.
    public var text: [UInt8] {
        var writer = JSONWriter()
        self.write(to: &writer)
        return writer.bytes
    }

    /// Writes the value as it is, white space and the escapes of strings aside.
    func write(to writer: inout JSONWriter) {
        switch self.kind {
        case .null: writer.write(raw: "null".utf8)
        case .boolean: writer.write(raw: (self.boolean == true ? "true" : "false").utf8)
        case .integer:
            writer.write(raw: (self.integer.map(String.init) ?? self.number.map { "\($0)" } ?? "0").utf8)
        case .number: writer.write(raw: (self.number.map { "\($0)" } ?? "0").utf8)
        case .string: writer.write(string: self.string ?? "")
        case .array:
            writer.write(UInt8(ascii: "["))
            for (index, element) in self.elements.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                element.write(to: &writer)
            }
            writer.write(UInt8(ascii: "]"))
        case .object:
            writer.write(UInt8(ascii: "{"))
            for (index, member) in self.members.enumerated() {
                if index > 0 { writer.write(UInt8(ascii: ",")) }
                writer.write(string: member.key)
                writer.write(UInt8(ascii: ":"))
                member.value.write(to: &writer)
            }
            writer.write(UInt8(ascii: "}"))
        }
    }
}
