import ClusterImport
import Foundation
import KubernetesAPI
import SchedulingModel
import TestSupport
import Testing

@Suite("Dumps of real clusters", .enabled(if: ClusterDump.isPresent, "the folder of dumps is not here"))
struct ClusterDumpTests {
    @Test("small-dgx: 8 of 32 GPUs are free, terminal pods hold nothing and leaving ones do")
    func smallDGX() throws {
        let cluster = try ClusterDump.cluster("small-dgx.json")
        #expect(
            cluster.idle("nvidia.com/gpu")
                == ["dgx-h100-01": 0, "dgx-h100-02": 2, "dgx-h100-03": 1, "dgx-h100-04": 5])
        #expect(cluster.pending.count == 11)
        #expect(cluster.findings.map(\.description) == [])
        #expect(cluster.snapshot.pods.contains { $0.isTerminating && $0.key.name == "nb-leaving" })
        #expect(!cluster.snapshot.pods.contains { ["sweep-done", "nb-refused"].contains($0.key.name) })
    }

    @Test("small-dgx says the same as JSON and as YAML")
    func yaml() throws {
        #expect(
            try ClusterDump.cluster("small-dgx.yaml").snapshot == ClusterDump.cluster("small-dgx.json").snapshot)
    }

    @Test("the order of the objects changes nothing", arguments: ["small-dgx.json", "nvl72.json", "mig.json"])
    func order(_ name: String) throws {
        let objects = try ClusterDump.objects(name).objects
        let forward = ClusterImporter().importCluster(objects)
        let backward = ClusterImporter().importCluster(objects.reversed())
        #expect(forward.snapshot == backward.snapshot)
        #expect(forward.ignoredKinds == backward.ignoredKinds)
    }

    @Test("eks-p4d: 75 GPUs free on 10 nodes, three network layers below the zone")
    func eks() throws {
        let cluster = try ClusterDump.cluster("eks-p4d.json")
        let idle = cluster.idle("nvidia.com/gpu").filter { $0.value > 0 }
        #expect(idle.values.filter { $0 == 8 }.count == 8)
        #expect(idle["ip-10-0-16-41.ec2.internal"] == 7)
        #expect(idle["ip-10-0-48-118.ec2.internal"] == 4)
        #expect(idle.values.reduce(0, +) == 75)
        #expect(cluster.snapshot.topology.levels.map(\.name) == ["zone", "layer-1", "layer-2", "layer-3"])
        #expect(cluster.pending.count == 14)
        let bound = cluster.snapshot.pods.first { $0.key.name == "eval-needs-od" }
        #expect(bound?.node != nil)
        #expect(cluster.findings.map(\.description) == [])
    }

    @Test("shared-inference: free slots per node, sick cards counted out")
    func sharedSlots() throws {
        let cluster = try ClusterDump.cluster("shared-inference.json")
        let slots = cluster.freeSlots("nvidia.com/gpu")
        #expect(
            slots == [
                "t4-1": 3, "t4-2": 8, "t4-3": 16, "t4-sick": 0, "a10g-mps-1": 8, "a10g-mps-2": 32, "a10g-whole-1": 1,
                "gke-inference-l4-pool-5f2c91d0-k2wd": 2, "gke-inference-l4-pool-5f2c91d0-q9mz": 8,
            ])
        #expect(cluster.freeSlots("nvidia.com/gpu.shared") == ["l4-renamed-1": 5, "l4-renamed-2": 16])
        #expect(cluster.pending.count == 67)
    }

    @Test(
        "shared-inference: cards, sharing and memory per node",
        arguments: [
            ("t4-1", "nvidia.com/gpu", 4, DevicePool.Kind.shared(slotsPerDevice: 4, isolation: .timeSlicing), 15_360),
            ("t4-sick", "nvidia.com/gpu", 3, .shared(slotsPerDevice: 4, isolation: .timeSlicing), 15_360),
            ("a10g-mps-1", "nvidia.com/gpu", 8, .shared(slotsPerDevice: 4, isolation: .mps), 23_028),
            ("l4-renamed-1", "nvidia.com/gpu.shared", 4, .shared(slotsPerDevice: 4, isolation: .timeSlicing), 23_034),
            ("a10g-whole-1", "nvidia.com/gpu", 4, .exclusive, 23_028),
            (
                "gke-inference-l4-pool-5f2c91d0-q9mz", "nvidia.com/gpu", 2,
                .shared(slotsPerDevice: 4, isolation: .timeSlicing), 23_034
            ),
        ] as [(String, String, Int, DevicePool.Kind, Int64)])
    func sharedPools(node: String, resource: String, devices: Int, kind: DevicePool.Kind, memoryMiB: Int64) throws {
        let pool = try #require(ClusterDump.cluster("shared-inference.json").pool(node, resource))
        #expect(pool.deviceCount == devices)
        #expect(pool.kind == kind)
        #expect(pool.memoryMiBPerDevice == memoryMiB)
        #expect(pool.chooser == .pluginDistributed)
    }

    @Test("shared-inference: clients declare memory by our annotation and by KAI's, which is flagged on running pods")
    func sharedRequests() throws {
        let cluster = try ClusterDump.cluster("shared-inference.json")
        let segment = try #require(cluster.snapshot.pods.first { $0.key.name.hasPrefix("segment-") })
        #expect(segment.deviceRequests.map(\.kind) == [.slot])
        #expect(segment.deviceRequests.map(\.memoryMiBPerDevice) == [5000])
        #expect(cluster.findings.count == 6)
        #expect(cluster.findings.allSatisfy { $0.severity == .warning && $0.field?.contains("gpu-memory") == true })
        let undeclared = try #require(cluster.snapshot.pods.first { $0.key.name.hasPrefix("chat-small-") })
        #expect(undeclared.deviceRequests.map(\.kind) == [.slot])
        let twoSlots = try #require(cluster.snapshot.pods.first { $0.key.name == "two-slots" })
        #expect(twoSlots.deviceRequests == [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: 2)])
    }

    @Test("mig: free slices per profile, slices under the plain name, and nothing on a broken node")
    func mig() throws {
        let cluster = try ClusterDump.cluster("mig.json")
        #expect(cluster.idle("nvidia.com/mig-1g.5gb") == ["a100-mixed-1": 0, "a100-mixed-2": 7, "a100-half-1": 8])
        #expect(cluster.idle("nvidia.com/mig-2g.10gb") == ["a100-mixed-1": 3, "a100-mixed-2": 8])
        #expect(cluster.idle("nvidia.com/mig-3g.20gb") == ["a100-mixed-1": 0, "a100-mixed-2": 5])
        #expect(
            cluster.idle("nvidia.com/gpu")
                == ["a100-half-1": 2, "a100-plain-1": 2, "a100-single-1": 16, "a100-single-2": 3])
        #expect(cluster.pool("a100-single-1")?.migProfile == "1g.5gb")
        #expect(cluster.pool("a100-single-2")?.migProfile == "3g.40gb")
        #expect(cluster.pool("a100-half-1", "nvidia.com/mig-1g.5gb")?.memoryMiBPerDevice == 4864)
        #expect(cluster.pool("a100-invalid-1") == nil)
        let reconfigured = try #require(cluster.snapshot.nodes.first { $0.name.rawValue == "a100-reconfig-1" })
        #expect(reconfigured.taints.contains(.unschedulable))
        #expect(cluster.pending.count == 42)
        #expect(cluster.findings.map(\.description) == [])
    }

    @Test("nvl72: cliques are NVLink domains, a tray without the label is in none")
    func nvl72() throws {
        let cluster = try ClusterDump.cluster("nvl72.json")
        #expect(cluster.snapshot.topology.nvlinkLabelKeys == ["nvidia.com/gpu.clique"])
        #expect(cluster.snapshot.topology.levels.map(\.name) == ["zone", "tier-2", "tier-1", "tier-0"])
        let idle = cluster.idle("nvidia.com/gpu")
        var freeTrays: [String: Int] = [:]
        for node in cluster.snapshot.nodes where idle[node.name.rawValue] == 4 {
            freeTrays[node.nvlinkDomain.map { String($0.suffix(3)) } ?? "none", default: 0] += 1
        }
        #expect(freeTrays.values.sorted() == [1, 7, 8, 16])
        #expect(freeTrays["none"] == 1)
        #expect(cluster.pending.count == 45)
    }

    @Test("mixed-1000: demand, facts and other people's pods are told apart", .longCalculation)
    func mixed() throws {
        let objects = try #require(try Self.mixedObjects(), "gzip is needed to read the dump")
        let cluster = ClusterImporter().importCluster(objects)
        #expect(cluster.snapshot.nodes.count == 1000)
        #expect(cluster.snapshot.pods.count { $0.node != nil } == 5806)
        #expect(cluster.pending.count == 356)
        #expect(cluster.snapshot.pods.count { $0.standing == .gatedElsewhere(gate: "example.com/hold") } == 8)
        #expect(cluster.snapshot.pods.count { $0.standing == .foreignScheduler("not-installed") } == 4)
        let gpus = cluster.snapshot.nodes.reduce(Int64(0)) { $0 + $1.allocatable[.nvidiaGPU] }
        #expect(gpus == 2840)
        Self.expectNothingOvercommitted(in: cluster)
        let missing = cluster.snapshot.pods.filter { $0.key.name.hasPrefix("claim-missing") && $0.node == nil }
        #expect(missing.count == 6)
        #expect(
            missing.allSatisfy { pod in
                if case .unavailable = pod.constraints.volumes { true } else { false }
            })
    }

    private static func expectNothingOvercommitted(in cluster: ImportedCluster) {
        var used: [NodeName: ResourceAmounts] = [:]
        for pod in cluster.snapshot.pods {
            if let node = pod.node { used[node, default: ResourceAmounts()].add(pod.requests) }
        }
        for node in cluster.snapshot.nodes {
            for entry in (used[node.name] ?? ResourceAmounts()).entries {
                #expect(entry.amount <= node.allocatable[entry.name], "\(entry.name) of \(node.name)")
            }
        }
    }

    private static func mixedObjects() throws -> [ManifestObject]? {
        let gzip = URL(filePath: "/usr/bin/gzip")
        guard FileManager.default.isExecutableFile(atPath: gzip.path) else { return nil }
        let process = Process()
        let output = Pipe()
        process.executableURL = gzip
        process.arguments = ["-dc", ClusterDump.folder.appending(path: "mixed-1000.json.gz").path]
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return ManifestReader.read([UInt8](data), file: "mixed-1000.json").objects
    }
}
