public import SchedulingModel

/// Who buys the machines of a pool, and with what.
public enum ProviderSetting: Hashable, Sendable {
    /// A cloud in memory, handed in by whoever runs one.
    case simulated
    /// Instant fleets of EC2: one launch template, and a subnet per zone.
    case ec2Fleet(launchTemplateID: String, subnets: [String: String])
    case autoScalingGroups([MachineGroup])
    case eksNodegroups(cluster: String, [MachineGroup])
    case clusterAPI(ClusterAPIGroups)

    /// The scalable objects of one kind in one namespace.
    public struct ClusterAPIGroups: Hashable, Sendable {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            case machineDeployment = "MachineDeployment"
            case machinePool = "MachinePool"
        }

        public var namespace: String
        public var kind: Kind
        public var groups: [MachineGroup]

        public init(namespace: String, kind: Kind = .machineDeployment, groups: [MachineGroup]) {
            self.namespace = namespace
            self.kind = kind
            self.groups = groups
        }
    }

    /// A group of like machines that somebody else keeps at a size: it stands for the offerings that it can give.
    public struct MachineGroup: Hashable, Sendable {
        public var name: String
        /// Nil: any. The same of zone and capacity type.
        public var instanceType: String?
        public var zone: String?
        public var capacityType: CapacityType?

        public init(
            name: String, instanceType: String? = nil, zone: String? = nil, capacityType: CapacityType? = nil
        ) {
            self.name = name
            self.instanceType = instanceType
            self.zone = zone
            self.capacityType = capacityType
        }

        public func gives(_ offering: OfferingKey) -> Bool {
            self.instanceType ?? offering.instanceType == offering.instanceType
                && self.zone ?? offering.zone == offering.zone
                && self.capacityType ?? offering.capacityType == offering.capacityType
        }
    }

    /// Whether calls go to AWS, which the settings under `aws` are needed for.
    public var isAWS: Bool {
        switch self {
        case .ec2Fleet, .autoScalingGroups, .eksNodegroups: true
        case .simulated, .clusterAPI: false
        }
    }
}

/// What all pools at AWS have in common.
public struct AWSSettings: Hashable, Sendable {
    /// Whose machines these are: unique among the clusters of the account and region.
    public var clusterName: String
    /// Nil: what the environment says.
    public var region: String?
    /// The SQS queue that EventBridge writes spot warnings to; nil where there is none.
    public var noticeQueueURL: String?

    public init(clusterName: String, region: String? = nil, noticeQueueURL: String? = nil) {
        self.clusterName = clusterName
        self.region = region
        self.noticeQueueURL = noticeQueueURL
    }
}
