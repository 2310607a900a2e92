/// A container or init container: what it asks for.
public struct Container: Hashable, Sendable, ObjectReadable {
    public var name: String
    public var resources: ResourceRequirements
    public var ports: [ContainerPort]
    /// Of `rankVariables` those with a literal value; the ones taken from elsewhere are left out.
    public var environment: [String: String]
    /// `Always` on an init container makes it a sidecar.
    public var restartPolicy: String?

    /// Variables that tell a process its place among the others of its job, the more telling first.
    public static let rankVariables = [
        "RANK", "PET_NODE_RANK", "NODE_RANK", "GROUP_RANK", "PROCESS_ID", "LWS_WORKER_INDEX",
    ]

    public init(name: String, resources: ResourceRequirements = ResourceRequirements()) {
        self.name = name
        self.resources = resources
        self.ports = []
        self.environment = [:]
        self.restartPolicy = nil
    }

    public init?(reading fields: ObjectReader) {
        self.name = fields.string("name") ?? ""
        self.resources = fields.object("resources", as: ResourceRequirements.self) ?? ResourceRequirements()
        self.ports = fields.objects("ports", as: ContainerPort.self)
        self.environment = [:]
        self.restartPolicy = fields.string("restartPolicy")
        for variable in fields.objects("env") {
            guard let name = variable.requiredString("name"), Self.rankVariables.contains(name),
                let value = variable.string("value")
            else { continue }
            self.environment[name] = value
        }
    }

    /// Whether this init container keeps running beside the containers.
    public var isSidecar: Bool { self.restartPolicy == "Always" }
}

public struct ContainerPort: Hashable, Sendable, ObjectReadable {
    public var containerPort: Int64?
    /// Nil and 0 both mean that the node's ports are not touched.
    public var hostPort: Int64?
    public var hostIP: String?
    /// `TCP` where nothing is said.
    public var transport: String

    public init?(reading fields: ObjectReader) {
        self.containerPort = fields.integer("containerPort", in: 0...65_535)
        self.hostPort = fields.integer("hostPort", in: 0...65_535)
        self.hostIP = fields.string("hostIP").flatMap { $0.isEmpty ? nil : $0 }
        self.transport = fields.string("protocol").flatMap { $0.isEmpty ? nil : $0 } ?? "TCP"
    }
}

public struct ResourceRequirements: Hashable, Sendable, ObjectReadable {
    public struct Claim: Hashable, Sendable, ObjectReadable {
        /// The entry of the pod's `resourceClaims`.
        public var name: String
        /// One request of the claim; nil for all of them.
        public var request: String?

        public init?(reading fields: ObjectReader) {
            guard let name = fields.requiredString("name") else { return nil }
            self.name = name
            self.request = fields.string("request")
        }
    }

    /// By resource name, as written: a limit without a request is not copied.
    public var requests: [String: Quantity]
    public var limits: [String: Quantity]
    public var claims: [Claim]

    public init(requests: [String: Quantity] = [:], limits: [String: Quantity] = [:]) {
        self.requests = requests
        self.limits = limits
        self.claims = []
    }

    public init?(reading fields: ObjectReader) {
        self.requests = fields.quantities("requests")
        self.limits = fields.quantities("limits")
        self.claims = fields.objects("claims", as: Claim.self)
    }

    public var isEmpty: Bool { self.requests.isEmpty && self.limits.isEmpty && self.claims.isEmpty }
}

/// A claim of a pod on devices of dynamic resource allocation.
public struct PodResourceClaim: Hashable, Sendable, ObjectReadable {
    public var name: String
    public var resourceClaimName: String?
    public var resourceClaimTemplateName: String?

    public init?(reading fields: ObjectReader) {
        guard let name = fields.requiredString("name") else { return nil }
        self.name = name
        self.resourceClaimName = fields.string("resourceClaimName")
        self.resourceClaimTemplateName = fields.string("resourceClaimTemplateName")
    }
}

/// A volume, as far as it says where the pod may run.
public struct Volume: Hashable, Sendable, ObjectReadable {
    public enum Source: Hashable, Sendable {
        case persistentVolumeClaim(name: String)
        /// Its claim is named `<pod>-<volume>`.
        case ephemeral(storageClassName: String?)
        /// Anything that does not tie the pod to a place.
        case other
    }

    public var name: String
    public var source: Source

    public init?(reading fields: ObjectReader) {
        guard let name = fields.requiredString("name") else { return nil }
        self.name = name
        if let claim = fields.object("persistentVolumeClaim") {
            guard let claimName = claim.requiredString("claimName") else { return nil }
            self.source = .persistentVolumeClaim(name: claimName)
        } else if let ephemeral = fields.object("ephemeral") {
            let template = ephemeral.object("volumeClaimTemplate")?.object("spec")
            self.source = .ephemeral(storageClassName: template?.string("storageClassName"))
        } else {
            self.source = .other
        }
    }
}
