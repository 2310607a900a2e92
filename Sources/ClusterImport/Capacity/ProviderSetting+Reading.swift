public import KubernetesAPI
import SchedulingModel

extension ProviderSetting: ObjectReadable {
    private enum Form: String, CaseIterable {
        case simulated, ec2Fleet, autoScalingGroups, eksNodegroups, clusterAPI
    }

    /// An object with one member, whose name is the kind of provider.
    public init?(reading fields: ObjectReader) {
        let known = Form.allCases.map(\.rawValue)
        fields.refuseFields(besides: Set(known))
        let named = Form.allCases.filter { fields.has($0.rawValue) }
        guard named.count == 1, let form = named.first else {
            fields.report(nil, expected: "exactly one of \(known.sorted().joined(separator: ", "))")
            return nil
        }
        switch form {
        case .simulated: self = .simulated
        case .autoScalingGroups: self = .autoScalingGroups(Self.groups(fields, form.rawValue))
        case .ec2Fleet:
            guard let fleet = fields.object(form.rawValue) else { return nil }
            fleet.refuseFields(besides: ["launchTemplateID", "subnets"])
            guard let template = fleet.requiredString("launchTemplateID") else { return nil }
            let subnets = fleet.stringMap("subnets")
            if subnets.isEmpty { fleet.report("subnets", expected: "a subnet for each zone") }
            self = .ec2Fleet(launchTemplateID: template, subnets: subnets)
        case .eksNodegroups:
            guard let nodegroups = fields.object(form.rawValue) else { return nil }
            nodegroups.refuseFields(besides: ["cluster", "groups"])
            guard let cluster = nodegroups.requiredString("cluster") else { return nil }
            self = .eksNodegroups(cluster: cluster, Self.groups(nodegroups, "groups"))
        case .clusterAPI:
            guard let cluster = fields.object(form.rawValue) else { return nil }
            cluster.refuseFields(besides: ["namespace", "kind", "groups"])
            guard let namespace = cluster.requiredString("namespace") else { return nil }
            self = .clusterAPI(
                ClusterAPIGroups(
                    namespace: namespace,
                    kind: cluster.choice("kind", as: ClusterAPIGroups.Kind.self) ?? .machineDeployment,
                    groups: Self.groups(cluster, "groups")))
        }
    }

    private static func groups(_ fields: ObjectReader, _ key: String) -> [MachineGroup] {
        let groups = fields.objects(key, as: MachineGroup.self)
        if groups.isEmpty { fields.report(key, expected: "at least one group") }
        return groups
    }
}

extension ProviderSetting.MachineGroup: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        fields.refuseFields(besides: ["name", "instanceType", "zone", "capacityType"])
        guard let name = fields.requiredString("name") else { return nil }
        self.init(
            name: name, instanceType: fields.string("instanceType"), zone: fields.string("zone"),
            capacityType: fields.choice("capacityType", as: CapacityType.self))
    }
}

extension AWSSettings: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        fields.refuseFields(besides: ["clusterName", "region", "noticeQueueURL"])
        guard let name = fields.requiredString("clusterName") else { return nil }
        self.init(
            clusterName: name, region: fields.string("region"), noticeQueueURL: fields.string("noticeQueueURL"))
    }
}
