import CloudProviders
import ClusterImport
import SchedulingModel
import Synchronization
import Testing

@Suite("Auto Scaling groups")
struct AutoScalingProviderTests {
    /// Asks until the launch has an outcome, with the group at work in between.
    private func grow(
        _ world: AutoScalingWorld, _ provider: NodePoolProviders, _ count: Int, token: String
    ) async throws(NodePoolError) -> [LaunchedMachine] {
        for _ in 0..<10 {
            do throws(NodePoolError) {
                return try await provider.grow(AutoScalingWorld.request(count, token: token))
            } catch {
                if !error.isRetryable { throw error }
            }
            world.work()
        }
        throw NodePoolError(.inProgress, "no outcome")
    }

    @Test("a launch raises the desired capacity once and ends with its machines; the same token never buys again")
    func whole() async throws {
        let world = AutoScalingWorld(desired: 1)
        let provider = await world.provider()
        let machines = try await self.grow(world, provider, 2, token: "t")
        #expect(machines.map(\.id.rawValue) == ["i-2", "i-3"])
        #expect(machines.map(\.providerID) == ["aws:///us-east-1a/i-2", "aws:///us-east-1a/i-3"])
        #expect(try await provider.grow(AutoScalingWorld.request(2, token: "t")) == machines)
        #expect(world.desired == 3)
        #expect(world.state.withLock { $0.calls.count { $0 == "SetDesiredCapacity" } } == 1)
        await #expect(throws: NodePoolError(.invalid)) {
            try await provider.grow(AutoScalingWorld.request(1, token: "t"))
        }
        #expect(try await provider.machines(of: "gpus").map(\.clientToken) == [nil, "t", "t"])
        #expect(try await self.grow(world, provider, 1, token: "t2").map(\.id.rawValue) == ["i-4"])
        #expect(try await provider.grow(AutoScalingWorld.request(2, token: "t")) == machines)
    }

    @Test(
        "an answer that is lost changes nothing about the outcome",
        arguments: ["CreateTags", "CreateOrUpdateTags", "SetDesiredCapacity", "DescribeAutoScalingGroups"])
    func lostReplies(action: String) async throws {
        let world = AutoScalingWorld(desired: 1)
        world.state.withLock { $0.lostReplies = [action, action] }
        let provider = await world.provider()
        #expect(try await self.grow(world, provider, 2, token: "t").map(\.id.rawValue) == ["i-2", "i-3"])
        #expect(world.desired == 3)
    }

    @Test("a launch that is fulfilled in part is undone: the new machines go by name, the old ones stay")
    func partial() async throws {
        let world = AutoScalingWorld(desired: 2)
        world.state.withLock { $0.capacity = 1 }
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, provider, 3, token: "t") }
        #expect(world.desired == 2)
        world.work()
        #expect(world.names == ["i-1", "i-2"])
        await #expect(throws: NodePoolError(.noCapacity)) {
            try await provider.grow(AutoScalingWorld.request(3, token: "t"))
        }
        world.state.withLock { ($0.capacity, $0.hasFailed) = (100, false) }
        #expect(try await self.grow(world, provider, 3, token: "t2").count == 3)
    }

    @Test("an undoing that is cut off is taken up, whichever answer was lost")
    func undoIsCutOff() async throws {
        for action in [
            "TerminateInstanceInAutoScalingGroup", "SetDesiredCapacity", "CreateOrUpdateTags", "SuspendProcesses",
            "ResumeProcesses",
        ] {
            let world = AutoScalingWorld(desired: 2)
            world.state.withLock { $0.capacity = 2 }
            let provider = await world.provider()
            await #expect(throws: NodePoolError(.inProgress)) {
                try await provider.grow(AutoScalingWorld.request(3, token: "t"))
            }
            world.work()
            world.work()
            world.state.withLock { $0.lostReplies = [action] }
            await #expect(throws: NodePoolError(.transient)) {
                try await provider.grow(AutoScalingWorld.request(3, token: "t"))
            }
            await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, provider, 3, token: "t") }
            world.work()
            #expect(world.desired == 2, "\(action)")
            #expect(world.names == ["i-1", "i-2"], "\(action)")
            #expect(world.state.withLock { $0.isLaunching }, "\(action)")
        }
    }

    @Test("a machine that comes while a launch is undone goes too, and no other instead")
    func comesLate() async throws {
        let world = AutoScalingWorld(desired: 2)
        world.state.withLock { ($0.capacity, $0.comesLate) = (1, true) }
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(world, provider, 3, token: "t") }
        world.work()
        #expect(world.state.withLock { $0.count } == 4)
        #expect(world.names == ["i-1", "i-2"])
    }

    @Test("a launch that is late is undone by whoever comes next, and until then others wait")
    func late() async throws {
        let world = AutoScalingWorld(desired: 1)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.inProgress)) {
            try await provider.grow(AutoScalingWorld.request(2, token: "t"))
        }
        await #expect(throws: NodePoolError(.inProgress)) {
            try await provider.grow(AutoScalingWorld.request(1, token: "t2"))
        }
        await #expect(throws: NodePoolError(.transient)) { try await provider.delete([MachineID("i-1")], of: "gpus") }
        #expect(world.desired == 3)
        world.state.withLock { $0.now += AutoScalingProvider.growthPatienceSeconds + 1 }
        try await provider.delete([MachineID("i-1")], of: "gpus")
        #expect(world.desired == 0)
        await #expect(throws: NodePoolError(.noCapacity)) {
            try await provider.grow(AutoScalingWorld.request(2, token: "t"))
        }
    }

    @Test("giving back a machine of a launch under way ends the launch; the others of the call go too")
    func deleteOfOpenLaunch() async throws {
        let world = AutoScalingWorld(desired: 3)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.inProgress)) {
            try await provider.grow(AutoScalingWorld.request(3, token: "t"))
        }
        world.work()
        #expect(try await provider.machines(of: "gpus").map(\.clientToken) == [nil, nil, nil, "t", "t", "t"])
        try await provider.delete([MachineID("i-1"), MachineID("i-4"), MachineID("i-5")], of: "gpus")
        #expect(world.desired == 2)
        world.work()
        #expect(world.names == ["i-2", "i-3"])
        await #expect(throws: NodePoolError(.noCapacity)) {
            try await provider.grow(AutoScalingWorld.request(3, token: "t"))
        }
    }

    @Test("named machines go with the capacity they stood for, once, and one that is gone is no error")
    func delete() async throws {
        let world = AutoScalingWorld(desired: 4)
        let provider = await world.provider()
        let victims = [MachineID("i-1"), MachineID("i-3"), MachineID("i-99")]
        world.state.withLock { $0.lostReplies = ["TerminateInstanceInAutoScalingGroup"] }
        await #expect(throws: NodePoolError(.transient)) { try await provider.delete(victims, of: "gpus") }
        try await provider.delete(victims, of: "gpus")
        try await provider.delete(victims, of: "gpus")
        #expect(world.desired == 2)
        #expect(try await provider.machines(of: "gpus").map(\.id.rawValue) == ["i-2", "i-4"])
        world.work()
        #expect(world.names == ["i-2", "i-4"])
    }

    @Test("the group's maximum is no capacity; a group that has not come to its size is asked again")
    func limits() async throws {
        let world = AutoScalingWorld(desired: 9)
        let provider = await world.provider()
        await #expect(throws: NodePoolError(.noCapacity)) {
            try await provider.grow(AutoScalingWorld.request(2, token: "t"))
        }
        world.state.withLock { $0.desired = 10 }
        world.state.withLock { $0.maxSize = 20 }
        await #expect(throws: NodePoolError(.inProgress)) {
            try await provider.grow(AutoScalingWorld.request(2, token: "t"))
        }
        #expect(world.desired == 10)
    }

    @Test("a managed node group is grown through the Auto Scaling group below it; its labels and taints are known")
    func eks() async throws {
        let world = AutoScalingWorld(desired: 0)
        // As EKS's API reference shows DescribeNodegroup's answer.
        world.state.withLock {
            $0.nodegroup = """
                {"nodegroup": {"nodegroupName": "gpus", "clusterName": "prod", "status": "ACTIVE", "capacityType": "ON_DEMAND",
                "scalingConfig": {"minSize": 1, "maxSize": 8, "desiredSize": 2}, "instanceTypes": ["g6.xlarge"],
                "labels": {"team": "ml"}, "taints": [{"key": "gpu", "value": "yes", "effect": "NO_SCHEDULE"}],
                "resources": {"autoScalingGroups": [{"name": "gpus"}]}, "health": {"issues": []}}}
                """
        }
        let provider = await world.provider(eks: true)
        #expect(try await self.grow(world, provider, 2, token: "t").count == 2)
        let supply = try await provider.supply(of: PoolSettings(name: "gpus", instanceTypes: [], zones: []))
        #expect(supply.labels["team"] == "ml")
        #expect(supply.taints == [Taint(key: "gpu", value: "yes", effect: .noSchedule)])
        #expect((supply.minNodes, supply.maxNodes) == (1, 8))
        world.state.withLock { $0.nodegroup = #"{"nodegroup": {"status": "CREATING"}}"# }
        await #expect(throws: NodePoolError(.transient)) { try await provider.machines(of: "gpus") }
        world.state.withLock { $0.nodegroup = #"{"nodegroup": {"status": "CREATE_FAILED"}}"# }
        await #expect(throws: NodePoolError(.invalid)) { try await provider.machines(of: "gpus") }
    }
}
