import CloudProviders
import ClusterImport
import SchedulingModel
import Testing

@Suite("Providers that a configuration names")
struct NodePoolProvidersTests {
    private let offering = OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1a", capacityType: .spot)

    private func pool(_ name: String, _ provider: ProviderSetting?) -> PoolSettings {
        var settings = PoolSettings(name: name, instanceTypes: ["p4d.24xlarge"], zones: ["us-east-1a"])
        settings.provider = provider
        return settings
    }

    private func request(_ pool: String) -> LaunchRequest {
        LaunchRequest(pool: pool, offering: self.offering, count: 1, clientToken: "t")
    }

    @Test("each call goes to the provider of its pool; a pool without one is told apart")
    func routing() async throws {
        var configuration = BerthConfiguration()
        configuration.aws = AWSSettings(clusterName: "prod", region: "eu-west-1")
        configuration.pools = [
            self.pool("sim", .simulated), self.pool("shown", nil),
            self.pool("aws", .ec2Fleet(launchTemplateID: "lt-1", subnets: ["us-east-1a": "subnet-a"])),
        ]
        let world = ScriptedWorld([
            (
                200,
                "<R><fleetInstanceSet><item><instanceIds><item>i-1</item></instanceIds></item></fleetInstanceSet></R>"
            )
        ])
        let keys = ["AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "us-east-1"]
        let cloud = SimulatedNodePoolProvider(capacity: [self.offering: 1])
        let providers = await NodePoolProviders(
            configuration, in: ProviderEnvironment(aws: world.environment(keys), simulated: cloud))
        #expect(providers.problems == [])
        #expect(providers.pools.map(\.name) == ["aws", "sim"])
        let bought = try await providers.grow(self.request("sim"))
        #expect(try await providers.machines(of: "sim") == bought)
        try await providers.delete(bought.map(\.id), of: "sim")
        #expect(try await cloud.machines(of: "sim") == [])
        #expect(try await providers.grow(self.request("aws")).first?.providerID == "aws:///us-east-1a/i-1")
        #expect(world.servers == ["https://ec2.eu-west-1.amazonaws.com"])
        await #expect(throws: NodePoolError(.invalid)) { try await providers.grow(self.request("shown")) }
    }

    @Test("a provider that cannot be made says why at each call, and the other pools work")
    func problems() async throws {
        var configuration = BerthConfiguration()
        configuration.aws = AWSSettings(clusterName: "prod", noticeQueueURL: "https://sqs.us-east-1.amazonaws.com/1/q")
        configuration.pools = [
            self.pool("aws", .ec2Fleet(launchTemplateID: "lt-1", subnets: [:])), self.pool("sim", .simulated),
        ]
        let nowhere = ScriptedWorld().environment(["AWS_EC2_METADATA_DISABLED": "true"])
        let cloud = SimulatedNodePoolProvider(capacity: [self.offering: 1])
        let providers = await NodePoolProviders(
            configuration, in: ProviderEnvironment(aws: nowhere, simulated: cloud))
        await #expect(throws: NodePoolError(.denied)) { try await providers.grow(self.request("aws")) }
        #expect(providers.problems.count == 2)
        #expect(try await providers.grow(self.request("sim")).count == 1)
        let (completed, problems) = await providers.completing(configuration)
        #expect(completed == configuration)
        #expect(problems.count == 1)
        // What the provider said when it last answered holds on.
        var last = configuration
        for index in last.pools.indices { last.pools[index].maxNodes = 7 }
        let again = await providers.completing(configuration, last: last).configuration
        for pool in again.pools { #expect(pool.maxNodes == (pool.name == "aws" ? 7 : 1000)) }
    }
}
