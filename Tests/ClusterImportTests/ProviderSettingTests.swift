import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Providers of pools")
struct ProviderSettingTests {
    private func read(
        _ provider: String, aws: String = "aws: {clusterName: prod}"
    ) -> (setting: ProviderSetting?, findings: [String]) {
        let pool = "{name: a, instanceTypes: [t], zones: [x], provider: \(provider)}"
        let (configuration, findings) = BerthConfiguration.read(
            "apiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\n\(aws)\npools:\n- \(pool)\n", file: "f")
        return (configuration.pools.first?.provider, findings.map { "\($0.field ?? ""): \($0.expected)" })
    }

    @Test(
        "each kind of provider is read",
        arguments: [
            ("{simulated: {}}", ProviderSetting.simulated),
            (
                "{ec2Fleet: {launchTemplateID: lt-1, subnets: {x: subnet-1}}}",
                .ec2Fleet(launchTemplateID: "lt-1", subnets: ["x": "subnet-1"])
            ),
            (
                "{autoScalingGroups: [{name: g, zone: x, instanceType: t, capacityType: spot}]}",
                .autoScalingGroups([.init(name: "g", instanceType: "t", zone: "x", capacityType: .spot)])
            ),
            (
                "{eksNodegroups: {cluster: prod, groups: [{name: g}]}}",
                .eksNodegroups(cluster: "prod", [.init(name: "g")])
            ),
            (
                "{clusterAPI: {namespace: ns, kind: MachinePool, groups: [{name: g}]}}",
                .clusterAPI(.init(namespace: "ns", kind: .machinePool, groups: [.init(name: "g")]))
            ),
        ])
    func kinds(provider: String, expected: ProviderSetting) {
        let (setting, findings) = self.read(provider)
        #expect(findings == [])
        #expect(setting == expected)
    }

    @Test(
        "what is no provider is named with its place",
        arguments: [
            (
                "{}",
                "pools[0].provider: exactly one of autoScalingGroups, clusterAPI, ec2Fleet, eksNodegroups, simulated"
            ),
            ("{ec2Fleet: {launchTemplateID: lt-1}}", "pools[0].provider.ec2Fleet.subnets: a subnet for each zone"),
            ("{clusterAPI: {namespace: ns}}", "pools[0].provider.clusterAPI.groups: at least one group"),
            (
                "{clusterAPI: {namespace: ns, kind: Machine, groups: [{name: g}]}}",
                "pools[0].provider.clusterAPI.kind: MachineDeployment or MachinePool"
            ),
        ])
    func refused(provider: String, finding: String) {
        #expect(self.read(provider).findings == [finding])
    }

    @Test("pools at AWS need to know whose machines they are")
    func awsIsNeeded() {
        #expect(
            self.read("{ec2Fleet: {launchTemplateID: lt-1, subnets: {x: s}}}", aws: "").findings
                == ["aws: clusterName, which pools at AWS need"])
        #expect(self.read("{simulated: {}}", aws: "").findings == [])
    }

    @Test("a group gives the offerings that it does not contradict")
    func groups() {
        let offering = OfferingKey(instanceType: "t", zone: "x", capacityType: .spot)
        #expect(ProviderSetting.MachineGroup(name: "g").gives(offering))
        #expect(ProviderSetting.MachineGroup(name: "g", instanceType: "t", zone: "x").gives(offering))
        #expect(!ProviderSetting.MachineGroup(name: "g", zone: "y").gives(offering))
        #expect(!ProviderSetting.MachineGroup(name: "g", capacityType: .onDemand).gives(offering))
    }

    @Test("what a provider says goes between the file and the catalogue, and the narrower limits count")
    func completed() throws {
        var settings = PoolSettings(name: "a", instanceTypes: ["p4d.24xlarge", "box"], zones: ["x", "y"])
        settings.capacityTypes = [.spot]
        settings.maxNodes = 8
        settings.labels = ["team": "ml"]
        settings.prices = [.init(instanceType: "p4d.24xlarge", capacityType: .spot, zone: "y", microUSDPerHour: 5)]
        var supply = PoolSupply()
        supply.prices = [
            .init(instanceType: "p4d.24xlarge", capacityType: .spot, zone: "x", microUSDPerHour: 3),
            .init(instanceType: "p4d.24xlarge", capacityType: .spot, zone: "y", microUSDPerHour: 4),
            .init(instanceType: "box", capacityType: .spot, microUSDPerHour: 1),
        ]
        supply.machineTypes = [
            .init(name: "p4d.24xlarge", cpuCount: 1, memoryMiB: 1),
            .init(name: "box", cpuCount: 64, memoryMiB: 1 << 19, deviceCount: 4, memoryMiBPerDevice: 23_034),
        ]
        (supply.minNodes, supply.maxNodes) = (1, 4)
        supply.labels = ["team": "other", "rack": "r1"]
        let completed = settings.completed(by: supply)
        #expect((completed.minNodes, completed.maxNodes) == (1, 4))
        #expect(completed.labels == ["team": "ml", "rack": "r1"])
        var configuration = BerthConfiguration()
        configuration.pools = [completed]
        let snapshot = ClusterSnapshot(nodes: [], pods: [], topology: Topology(levels: []))
        let built = NodePoolBuilder(configuration: configuration, snapshot: snapshot).pools()
        #expect(built.findings.map(\.description) == [])
        let offerings = built.pools.flatMap(\.offerings)
        #expect(offerings.map(\.pricePerHourMicroUSD) == [3, 5, 1, 1])
        #expect(offerings.first?.template.pool(for: .nvidiaGPU)?.deviceCount == 8)
        let box = try #require(offerings.last?.template.pool(for: .nvidiaGPU))
        #expect((box.deviceCount, box.memoryMiBPerDevice) == (4, 23_034))
    }
}
