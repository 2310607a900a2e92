import ClusterImport
import Foundation
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Configuration")
struct BerthConfigurationTests {
    private func read(_ body: String) -> (configuration: BerthConfiguration, findings: [Finding]) {
        BerthConfiguration.read(
            "apiVersion: berth.dev/v1alpha1\nkind: BerthConfiguration\n\(body)\n", file: "berth.yaml")
    }

    @Test("an empty file, a comment and a bare object mean the defaults", arguments: ["", "# later\n"])
    func empty(_ text: String) {
        let (configuration, findings) = BerthConfiguration.read(text, file: "berth.yaml")
        #expect(configuration == BerthConfiguration())
        #expect(findings.isEmpty)
        #expect(self.read("").configuration == BerthConfiguration())
        #expect(self.read("").findings.isEmpty)
    }

    @Test("the example in docs/configuration.md is valid and says what it looks like")
    func documentedExample() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../docs/configuration.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let example = try #require(text.components(separatedBy: "```yaml\n").dropFirst().first)
        let yaml = try #require(example.components(separatedBy: "```").first)
        let (configuration, findings) = BerthConfiguration.read(yaml, file: "configuration.md")
        #expect(findings.map(\.description) == [])
        #expect(configuration.topology.levels?.map(\.name) == ["zone", "row", "rack"])
        #expect(configuration.allReduce.payloadBytes == 1 << 30)
        #expect(configuration.allReduce.nvlinkRates.first?.bytesPerSecond == 64e9)
        #expect(configuration.allReduce.tcpBytesPerSecondPerNode == 12.5e9)
        #expect(configuration.deviceMemoryMiB == ["NVIDIA-L4": 23_034])
        #expect(configuration.limits.searchSteps == 200_000)
        #expect(configuration.pools.map(\.name) == ["a100"])
        #expect(configuration.pools.first?.prices.first?.microUSDPerHour == 7_500_000)
        #expect(configuration.pools.first?.provider?.isAWS == true)
        #expect(configuration.aws?.noticeQueueURL?.hasSuffix("berth") == true)
        #expect(configuration.capacity.hoursPerWeek == 40)
    }

    @Test("every setting is read")
    func settings() {
        let (configuration, findings) = self.read(
            """
            schedulerNames: [mine]
            placementGate: example.com/gate
            topology: {preset: topograph-v0, nvlinkLabelKeys: [a]}
            sharedDevicesAllocationPolicy: packed
            gpushareMemoryUnit: MiB
            """)
        #expect(findings.map(\.description) == [])
        #expect(configuration.schedulerNames == ["mine"])
        #expect(configuration.placementGate == "example.com/gate")
        #expect(configuration.topology.preset == .topographV0)
        #expect(configuration.topology.nvlinkLabelKeys == ["a"])
        #expect(configuration.sharedDevicesAllocationPolicy == .packed)
        #expect(configuration.gpushareMemoryUnit == .mebibytes)
    }

    @Test(
        "what cannot be used is named with its place, and the default holds",
        arguments: [
            ("schedulerName: mine", "schedulerName"),
            ("topology: {presets: aws}", "topology.presets"),
            ("topology: {preset: azure}", "topology.preset"),
            ("topology: {levels: [{name: rack}]}", "topology.levels[0].labelKey"),
            ("topology: {levels: [{name: host, labelKey: a}]}", "topology.levels[0].name"),
            ("allReduce: {payloadBytes: -1}", "allReduce.payloadBytes"),
            ("allReduce: {pcieBytesPerSecond: fast}", "allReduce.pcieBytesPerSecond"),
            ("allReduce: {nvlink: [{product: H100}]}", "allReduce.nvlink[0].bytesPerSecond"),
            ("deviceMemoryMiB: {NVIDIA-L4: 23Gi}", "deviceMemoryMiB.NVIDIA-L4"),
            ("deviceMemoryMiB: {NVIDIA-L4: 0}", "deviceMemoryMiB.NVIDIA-L4"),
            ("limits: {searchSteps: 0}", "limits.searchSteps"),
            ("limits: {steps: 1}", "limits.steps"),
            ("sharedDevicesAllocationPolicy: random", "sharedDevicesAllocationPolicy"),
            ("pools: [{instanceTypes: [a], zones: [b]}]", "pools[0].name"),
            ("pools: [{name: a, zones: [b]}]", "pools[0].instanceTypes"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], minNodes: 5, maxNodes: 4}]", "pools[0].minNodes"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], capacityTypes: [cheap]}]", "pools[0].capacityTypes"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], maxNodes: 2, warmNodes: 3}]", "pools[0].warmNodes"),
            (
                "pools: [{name: a, instanceTypes: [a], zones: [b], schedules: [{from: '8', until: '9:00', minNodes: 1}]}]",
                "pools[0].schedules[0].from"
            ),
            (
                "pools: [{name: a, instanceTypes: [a], zones: [b], schedules: [{from: '08:00', until: '08:00', minNodes: 1}]}]",
                "pools[0].schedules[0].until"
            ),
            (
                "pools: [{name: a, instanceTypes: [a], zones: [b], schedules: [{from: '08:00', until: '24:01', minNodes: 1}]}]",
                "pools[0].schedules[0].until"
            ),
            (
                """
                pools: [{name: a, instanceTypes: [a], zones: [b],
                  schedules: [{days: [monday], from: '08:00', until: '09:00', minNodes: 1}]}]
                """, "pools[0].schedules[0].days"
            ),
            (
                "pools: [{name: a, instanceTypes: [a], zones: [b], disruptionBudgets: [{nodes: 110%}]}]",
                "pools[0].disruptionBudgets[0].nodes"
            ),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], bootSeconds: 3601}]", "pools[0].bootSeconds"),
            ("capacity: {hoursPerWeek: 169}", "capacity.hoursPerWeek"),
            ("capacity: {consolidateAfterSeconds: 0}", "capacity.consolidateAfterSeconds"),
            ("capacity: {restartHours: 1e300}", "capacity.restartHours"),
            ("capacity: {emptyDelaySeconds: 1e300}", "capacity.emptyDelaySeconds"),
            ("pools: [{name: a/b, instanceTypes: [a], zones: [b]}]", "pools[0].name"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b, b]}]", "pools[0].zones"),
            ("pools: [{name: a, instanceTypes: [a], zones: ['']}]", "pools[0].zones"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], capacityTypes: []}]", "pools[0].capacityTypes"),
            ("pools: [{name: a, instanceTypes: [a], zones: [b], maxNodes: '4'}]", "pools[0].maxNodes"),
            (
                "pools: [{name: a, instanceTypes: [a], zones: [b]}, {name: a, instanceTypes: [a], zones: [b]}]",
                "pools[1].name"
            ),
            (
                """
                pools: [{name: a, instanceTypes: [a], zones: [b],
                  prices: [{instanceType: a, capacityType: spot, usdPerHour: -1}]}]
                """, "pools[0].prices[0].usdPerHour"
            ),
            (
                """
                pools: [{name: a, instanceTypes: [a], zones: [b],
                  machineTypes: [{name: a, cpu: 1, memoryMiB: 1, monthlyInterruptionPercent: 101}]}]
                """, "pools[0].machineTypes[0].monthlyInterruptionPercent"
            ),
            (
                """
                pools: [{name: a, instanceTypes: [a], zones: [b],
                  machineTypes: [{name: a, cpu: 1, memoryMiB: 1}, {name: a, cpu: 2, memoryMiB: 1}]}]
                """, "pools[0].machineTypes[1].name"
            ),
        ])
    func refused(body: String, field: String) {
        let (configuration, findings) = self.read(body)
        #expect(findings.map(\.field) == [field])
        #expect(findings.allSatisfy { $0.severity == .error && $0.origin.file == "berth.yaml" })
        #expect(configuration.limits.searchSteps == nil)
        #expect(configuration.deviceMemoryMiB.isEmpty)
        #expect(configuration.schedulerNames == ["default-scheduler", "berth"])
    }

    @Test("a limit that cannot be read lets nothing be bought, and of two pools with one name the first counts")
    func limits() {
        let (configuration, _) = self.read(
            """
            pools: [{name: a, instanceTypes: [a], zones: [b], maxNodes: many}, {name: b, instanceTypes: [a], zones: [b]},
              {name: b, instanceTypes: [a], zones: [b], maxNodes: 5}]
            """)
        #expect(configuration.pools.map(\.maxNodes) == [0, 1000])
    }

    @Test("a price or a machine type for what the pool does not offer is a warning")
    func misspelt() {
        let (_, findings) = self.read(
            """
            pools: [{name: a, instanceTypes: [box], zones: [b], capacityTypes: [spot],
              prices: [{instanceType: bxo, capacityType: spot, usdPerHour: 1},
                {instanceType: box, capacityType: on-demand, zone: c, usdPerHour: 1}],
              machineTypes: [{name: bxo, cpu: 1, memoryMiB: 1}]}]
            """)
        #expect(
            findings.map(\.field) == [
                "pools[0].prices[0].instanceType", "pools[0].prices[1].zone", "pools[0].prices[1].capacityType",
                "pools[0].machineTypes[0].name",
            ])
        #expect(findings.allSatisfy { $0.severity == .warning })
    }

    @Test("another kind of object is no configuration")
    func otherKind() {
        let (configuration, findings) = BerthConfiguration.read("{apiVersion: v1, kind: Pod}", file: "berth.yaml")
        #expect(configuration == BerthConfiguration())
        #expect(findings.map(\.expected) == ["berth.dev/v1alpha1 BerthConfiguration"])
    }
}
