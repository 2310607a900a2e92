import CloudProviders
import ClusterImport
import Foundation
import KubernetesAPI
import KubernetesClient
import SchedulingModel
import Testing

@Suite("Cluster API", .serialized)
struct ClusterAPIProviderTests {
    /// Asks until the launch has an outcome, with the cluster at work in between.
    private func grow(
        _ world: ClusterAPIWorld, _ count: Int, token: String
    ) async throws(NodePoolError) -> [LaunchedMachine] {
        let provider = await world.provider()
        for _ in 0..<10 {
            do throws(NodePoolError) { return try await provider.grow(world.request(count, token: token)) } catch {
                if !error.isRetryable { throw error }
            }
            do { try await world.work() } catch { Issue.record(error) }
        }
        throw NodePoolError(.inProgress, "no outcome")
    }

    @Test("a launch raises the size once and ends with all its machines; the same token never buys again")
    func whole() async throws {
        let world = try await ClusterAPIWorld("whole", replicas: 1)
        let provider = await world.provider()
        #expect(provider.problems == [])
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t")) }
        #expect(try await world.replicas() == 3)
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t")) }
        try await world.work(provisioning: false)
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t")) }
        let machines = try await self.grow(world, 2, token: "t")
        #expect(machines.map(\.id.rawValue) == ["gpus-2", "gpus-3"])
        #expect(machines.map(\.providerID) == ["cloud:///z/gpus-2", "cloud:///z/gpus-3"])
        #expect(machines.allSatisfy { $0.offering == ClusterAPIWorld.offering && $0.clientToken == "t" })
        #expect(try await provider.grow(world.request(2, token: "t")) == machines)
        #expect(try await world.replicas() == 3)
        await #expect(throws: NodePoolError(.invalid)) { try await provider.grow(world.request(1, token: "t")) }
        let all = try await provider.machines(of: "gpus")
        #expect(all.map(\.id.rawValue) == ["gpus-1", "gpus-2", "gpus-3"])
        #expect(all.map(\.clientToken) == [nil, "t", "t"])
    }

    @Test("a lost reply to the patch of the size: the launch goes on under its token")
    func lostReply() async throws {
        let world = try await ClusterAPIWorld("lost-reply")
        world.lossy.loseReply(to: "PATCH", "/gpus")
        #expect(try await self.grow(world, 2, token: "t").count == 2)
        #expect(try await world.replicas() == 2)
    }

    @Test("a machine that is refused: the new ones go, the old ones stay, and the token keeps its answer")
    func refused() async throws {
        let world = try await ClusterAPIWorld("refused", replicas: 2)
        world.setCapacity(1)
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, 3, token: "t") }
        try await world.work()
        #expect(try await world.replicas() == 2)
        #expect(try await world.names() == ["gpus-1", "gpus-2"])
        world.setCapacity(100)
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, 3, token: "t") }
        #expect(try await world.replicas() == 2)
        #expect(try await self.grow(world, 3, token: "t2").count == 3)
        #expect(try await world.replicas() == 5)
    }

    @Test("machines that do not come in time are undone, also where only some came, and by whoever asks next")
    func late() async throws {
        let world = try await ClusterAPIWorld("late", replicas: 1)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t")) }
        try await world.work(provisioning: false)
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t2")) }
        world.pass(seconds: ClusterAPIProvider.growthPatienceSeconds + 1)
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(2, token: "t2")) }
        #expect(try await world.replicas() == 1)
        #expect(try await self.grow(world, 2, token: "t2").map(\.id.rawValue) == ["gpus-4", "gpus-5"])
        #expect(try await world.names() == ["gpus-1", "gpus-4", "gpus-5"])
        await #expect(throws: NodePoolError(.noCapacity)) { try await provider.grow(world.request(2, token: "t")) }
    }

    @Test("an undoing that is cut off in the middle is taken up by the next try")
    func undoIsCutOff() async throws {
        let world = try await ClusterAPIWorld("undo-cut-off", replicas: 1)
        let provider = await world.provider()
        world.setCapacity(1)
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(3, token: "t")) }
        try await world.work()
        world.lossy.loseReply(to: "PATCH", "/machines/")
        await #expect(throws: NodePoolError(.transient)) { try await provider.grow(world.request(3, token: "t")) }
        world.setCapacity(100)
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, 3, token: "t") }
        try await world.work()
        #expect(try await world.names() == ["gpus-1"])
    }

    @Test("named machines go and no others, once, whatever is lost or asked again")
    func delete() async throws {
        let world = try await ClusterAPIWorld("delete", replicas: 4)
        let provider = await world.provider()
        world.lossy.loseReply(to: "PATCH", "/gpus")
        let victims = [MachineID("gpus-1"), MachineID("gpus-3"), MachineID("gone")]
        await #expect(throws: NodePoolError(.transient)) { try await provider.delete(victims, of: "gpus") }
        try await provider.delete(victims, of: "gpus")
        #expect(try await world.replicas() == 2)
        #expect(try await provider.machines(of: "gpus").map(\.id.rawValue) == ["gpus-2", "gpus-4"])
        try await world.work()
        try await provider.delete(victims, of: "gpus")
        try await world.work()
        #expect(try await world.names() == ["gpus-2", "gpus-4"])
        try await provider.delete([MachineID("gpus-2")], of: "gpus")
        try await world.work()
        #expect(try await world.names() == ["gpus-4"])
    }

    @Test("giving back a machine of a launch under way ends the launch, with the size as it was before and no less")
    func deleteOfOpenLaunch() async throws {
        let world = try await ClusterAPIWorld("delete-of-open", replicas: 3)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(3, token: "t")) }
        try await world.work(provisioning: false)
        let listed = try await provider.machines(of: "gpus")
        #expect(listed.map(\.clientToken) == [nil, nil, nil, "t", "t", "t"])
        try await provider.delete([MachineID("gpus-1"), MachineID("gpus-4"), MachineID("gpus-5")], of: "gpus")
        try await world.work()
        #expect(try await world.names() == ["gpus-2", "gpus-3"])
        world.pass(seconds: ClusterAPIProvider.growthPatienceSeconds + 1)
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, 3, token: "t") }
        #expect(try await self.grow(world, 1, token: "t2").count == 1)
        #expect(try await world.replicas() == 3)
    }

    @Test("a MachinePool that has Machines works alike")
    func machinePool() async throws {
        let world = try await ClusterAPIWorld("machine-pool", replicas: 1, kind: .machinePool)
        let provider = await world.provider()
        let machines = try await self.grow(world, 2, token: "t")
        #expect(machines.map(\.id.rawValue) == ["gpus-2", "gpus-3"])
        try await provider.delete([MachineID("gpus-2")], of: "gpus")
        try await world.work()
        #expect(try await world.names() == ["gpus-1", "gpus-3"])
    }

    @Test("the rights in manifests/components/cluster-api are those that are used")
    func rights() async throws {
        let world = try await ClusterAPIWorld("rights", replicas: 1)
        let machines = try await self.grow(world, 1, token: "t")
        try await world.provider().delete(machines.map(\.id), of: "gpus")
        _ = try await world.provider().supply(of: world.settings)
        let used = world.lossy.requests.compactMap { request -> String? in
            let words = request.split(separator: " ")
            let path = words[1].split(separator: "?")[0].split(separator: "/")
            guard path.count > 5 else { return nil }
            let verb = words[0] == "GET" ? (path.count == 6 ? "list" : "get") : words[0].lowercased()
            return "\(verb) \(path[5])"
        }
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../manifests/components/cluster-api/rbac.yaml").standardized
        let bytes = Array(try Data(contentsOf: file))
        let role = try #require(JSONTree(yaml: bytes))
        let granted = (role["rules"]?.elements ?? []).flatMap { rule in
            (rule["resources"]?.elements ?? []).flatMap { resource in
                (rule["verbs"]?.elements ?? []).map { "\($0.string ?? "") \(resource.string ?? "")" }
            }
        }
        #expect(Set(used) == Set(granted.filter { !$0.hasSuffix("machinepools") }))
    }

    @Test("a size that somebody else sets meanwhile is kept")
    func others() async throws {
        let world = try await ClusterAPIWorld("others", replicas: 1)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(1, token: "t")) }
        try await world.set(replicas: 4)
        #expect(try await self.grow(world, 1, token: "t").count == 1)
        #expect(try await world.replicas() == 4)
    }

    @Test("the group's maximum is no capacity; a group, a cluster or an offering that is not there is invalid")
    func limits() async throws {
        let key = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-max-size"
        let world = try await ClusterAPIWorld("limits", replicas: 1, annotations: .object([.init(key, "2")]))
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, 2, token: "t") }
        #expect(try await world.replicas() == 1)
        var request = world.request(1, token: "t")
        request.offering = OfferingKey(instanceType: "box", zone: "y", capacityType: .onDemand)
        await #expect(throws: NodePoolError(.invalid)) { try await world.provider().grow(request) }
        var configuration = BerthConfiguration()
        configuration.pools = [world.settings]
        configuration.pools[0].provider = .clusterAPI(.init(namespace: "elsewhere", groups: [.init(name: "gpus")]))
        let lost = await NodePoolProviders(configuration, in: ProviderEnvironment(kubernetes: world.client))
        await #expect(throws: NodePoolError(.invalid)) { try await lost.grow(world.request(1, token: "t")) }
        let without = await NodePoolProviders(configuration, in: ProviderEnvironment())
        #expect(without.problems.count == 1)
        configuration.pools[0].zones = ["a", "b"]
        let vague = await NodePoolProviders(configuration, in: ProviderEnvironment(kubernetes: world.client))
        #expect(vague.problems == ["pool gpus: invalid: group gpus does not say its zone, and the pool has several"])
    }

    @Test("annotations of an empty group say what its nodes will be, and what cannot be read is named")
    func capacity() async throws {
        let prefix = "capacity.cluster-autoscaler.kubernetes.io/"
        let size = "cluster.x-k8s.io/cluster-api-autoscaler-node-group-"
        let annotations: [(String, JSONTree)] = [
            (prefix + "cpu", "16"), (prefix + "memory", "128Gi"), (prefix + "gpu-type", "nvidia.com/gpu"),
            (prefix + "gpu-count", "4"), (prefix + "labels", "rack=r1,nvidia.com/gpu.memory=81920,bad"),
            (prefix + "taints", "gpu=yes:NoSchedule,gpu:Sometimes"), (size + "min-size", "1"),
            (size + "max-size", "6"),
        ]
        let world = try await ClusterAPIWorld(
            "capacity", annotations: .object(annotations.map { .init($0.0, $0.1) }),
            labels: ["node.cluster.x-k8s.io/team": "ml", "other": "x"])
        let provider = await world.provider()
        var configuration = BerthConfiguration()
        configuration.pools = [world.settings]
        configuration.pools[0].prices = [
            .init(instanceType: "box", capacityType: .onDemand, microUSDPerHour: 0)
        ]
        let (completed, problems) = await provider.completing(configuration)
        #expect(problems.count == 2)
        let pool = try #require(
            NodePoolBuilder(
                configuration: completed,
                snapshot: ClusterSnapshot(nodes: [], pods: [], topology: Topology(levels: []))
            ).pools().pools.first)
        #expect((pool.minNodes, pool.maxNodes) == (1, 6))
        let node = try #require(pool.offerings.first?.template)
        #expect(node.pool(for: .nvidiaGPU)?.deviceCount == 4)
        #expect(node.pool(for: .nvidiaGPU)?.memoryMiBPerDevice == 81_920)
        #expect(node.labels["rack"] == "r1")
        #expect(node.labels["node.cluster.x-k8s.io/team"] == "ml")
        #expect(node.labels["other"] == nil)
        #expect(node.taints == [Taint(key: "gpu", value: "yes", effect: .noSchedule)])
    }

    @Test("a size does not rise before the machines that are given back are gone: it would keep them")
    func growAfterDelete() async throws {
        let world = try await ClusterAPIWorld("grow-after-delete", replicas: 3)
        let provider = await world.provider()
        try await provider.delete([MachineID("gpus-2")], of: "gpus")
        await #expect(throws: NodePoolError(.inProgress)) { try await provider.grow(world.request(1, token: "t")) }
        #expect(try await world.replicas() == 2)
        #expect(try await self.grow(world, 1, token: "t").map(\.id.rawValue) == ["gpus-4"])
        #expect(try await world.names() == ["gpus-1", "gpus-3", "gpus-4"])
    }

    @Test(
        "the version that the server prefers is spoken",
        .enabled(if: ClusterAPIWorld.socket == nil, "a server of its own, with definitions of its own"))
    func version() async throws {
        let world = try await ClusterAPIWorld("version", version: "v1beta2")
        #expect(try await self.grow(world, 2, token: "t").count == 2)
    }

    @Test("a record that somebody spoilt stops the group and no machine")
    func spoiltRecord() async throws {
        let world = try await ClusterAPIWorld(
            "spoilt", replicas: 1, annotations: .object([.init("berth.dev/scaling", "{")]))
        await #expect(throws: NodePoolError(.invalid)) { try await self.grow(world, 1, token: "t") }
        #expect(try await world.provider().machines(of: "gpus").count == 1)
        #expect(try await world.replicas() == 1)
    }
}
