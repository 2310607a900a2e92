import CloudProviders
import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

extension MotoTests {
    /// The groups `plain`, and `eks-gpus-1234` below the managed node group `gpus`, have one machine when the tests begin.
    @Suite("Auto Scaling groups", .serialized)
    struct Groups {
        private static let offering = OfferingKey(
            instanceType: "g6.xlarge", zone: "us-east-1a", capacityType: .onDemand)

        private func pool(_ provider: ProviderSetting) -> PoolSettings {
            var pool = PoolSettings(name: "gpus", instanceTypes: ["g6.xlarge"], zones: ["us-east-1a"])
            pool.capacityTypes = [.onDemand]
            pool.provider = provider
            return pool
        }

        private func provider(
            _ moto: Moto, _ provider: ProviderSetting, user: String = "berth"
        ) async throws
            -> NodePoolProviders
        {
            var configuration = BerthConfiguration()
            configuration.pools = [self.pool(provider)]
            configuration.aws = AWSSettings(clusterName: "prod")
            return await NodePoolProviders(
                configuration, in: ProviderEnvironment(aws: try moto.environment(user: user)))
        }

        private func grow(
            _ provider: NodePoolProviders, _ count: Int, token: String
        ) async throws(NodePoolError) -> [LaunchedMachine] {
            for _ in 0..<10 {
                do throws(NodePoolError) {
                    return try await provider.grow(
                        LaunchRequest(pool: "gpus", offering: Self.offering, count: count, clientToken: token))
                } catch {
                    if !error.isRetryable { throw error }
                }
            }
            throw NodePoolError(.transient, "no outcome")
        }

        @Test(
            "a group, and the one below a managed node group, grows once per token and gives back what is named",
            arguments: [
                ProviderSetting.autoScalingGroups([.init(name: "plain")]),
                .eksNodegroups(cluster: "prod", [.init(name: "gpus")]),
            ])
        func whole(setting: ProviderSetting) async throws {
            let moto = try Moto()
            try await moto.set([])
            let provider = try await self.provider(moto, setting)
            let before = try await provider.machines(of: "gpus")
            #expect(before.count == 1)
            let machines = try await self.grow(provider, 2, token: "g1")
            #expect(try await self.grow(provider, 2, token: "g1") == machines)
            let all = try await provider.machines(of: "gpus")
            #expect(Set(all.map(\.id)) == Set((before + machines).map(\.id)))
            #expect(all.filter { $0.clientToken == "g1" }.map(\.offering) == [Self.offering, Self.offering])
            try await provider.delete(machines.map(\.id) + [MachineID("i-0123456789abcdef0")], of: "gpus")
            #expect(try await provider.machines(of: "gpus").map(\.id) == before.map(\.id))
            await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(provider, 6, token: "g2") }
        }

        @Test("a launch whose activity failed is undone; refusals and rights have their meaning")
        func refused() async throws {
            let moto = try Moto()
            let setting = ProviderSetting.autoScalingGroups([.init(name: "plain")])
            let provider = try await self.provider(moto, setting)
            let failed =
                "<R><DescribeScalingActivitiesResult><Activities><member><StatusCode>Failed</StatusCode>"
                + "<StartTime>2099-01-01T00:00:00Z</StartTime><StatusMessage>no capacity</StatusMessage></member></Activities>"
                + "</DescribeScalingActivitiesResult></R>"
            try await moto.set([
                Moto.answer("DescribeScalingActivities", failed),
                Moto.refusal("SetDesiredCapacity", "ThrottlingException", status: 400),
            ])
            await #expect(throws: NodePoolError(.throttled)) {
                try await provider.grow(
                    LaunchRequest(pool: "gpus", offering: Self.offering, count: 2, clientToken: "f1"))
            }
            // The tag says three, the group has one and its activity failed.
            await #expect(throws: NodePoolError(.noCapacity)) { try await self.grow(provider, 2, token: "f1") }
            #expect(try await provider.machines(of: "gpus").count == 1)
            let nobody = try await self.provider(moto, setting, user: "nobody")
            await #expect(throws: NodePoolError(.denied)) { try await nobody.machines(of: "gpus") }
            let stranger = try await self.provider(
                moto, .eksNodegroups(cluster: "prod", [.init(name: "gpus")]), user: "nobody")
            await #expect(throws: NodePoolError(.denied)) { try await stranger.machines(of: "gpus") }
            let lost = try await self.provider(moto, .autoScalingGroups([.init(name: "lost")]))
            await #expect(throws: NodePoolError(.invalid)) { try await lost.machines(of: "gpus") }
        }

        @Test("types come from EC2, spot prices over two pages, and what is denied falls back with its meaning")
        func market() async throws {
            let moto = try Moto()
            try await moto.set([])
            var pool = self.pool(.autoScalingGroups([.init(name: "plain")]))
            let provider = try await self.provider(moto, .autoScalingGroups([.init(name: "plain")]))
            pool.instanceTypes = ["p4d.24xlarge", "g6.xlarge"]
            pool.zones = ["us-east-1a", "us-east-1b"]
            pool.capacityTypes = [.spot]
            let supply = try await provider.supply(of: pool)
            #expect(supply.problems == [])
            #expect(supply.prices.count == 4)
            #expect(supply.prices.first?.microUSDPerHour == 10_097_000)
            #expect(supply.maxNodes == 6)
            let p4d = try #require(supply.machineTypes.first { $0.name == "p4d.24xlarge" })
            #expect((p4d.cpuCount, p4d.deviceCount, p4d.memoryMiBPerDevice) == (96, 8, 40_960))
            try await moto.set([Moto.refusal("DescribeSpotPriceHistory", "UnauthorizedOperation", status: 403)])
            let without = try await provider.supply(of: pool)
            #expect(without.problems.count == 1)
            #expect(without.machineTypes == supply.machineTypes)
        }
    }
}
