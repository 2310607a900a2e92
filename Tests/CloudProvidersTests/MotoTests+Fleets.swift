import CloudProviders
import KubernetesAPI
import SchedulingModel
import Testing

extension MotoTests {
    @Suite("EC2 fleets", .serialized)
    struct Fleets {
        private let key = OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1a", capacityType: .spot)

        private func request(
            _ count: Int, token: String, capacityType: CapacityType = .spot, zone: String = "us-east-1a"
        ) -> LaunchRequest {
            let offering = OfferingKey(instanceType: "p4d.24xlarge", zone: zone, capacityType: capacityType)
            return LaunchRequest(pool: "gpus", offering: offering, count: count, clientToken: token)
        }

        /// A provider of a cluster that no other test has, and rules that are fresh.
        private func start(_ cluster: String, _ rules: [JSONTree] = []) async throws -> (EC2FleetProvider, Moto) {
            let moto = try Moto()
            try await moto.set(rules)
            return (try await moto.provider(try moto.environment(user: "berth"), cluster: cluster), moto)
        }

        @Test(
            "a launch, its listing with zone, type and capacity type, and giving it back",
            arguments: [CapacityType.spot, .onDemand, .reserved])
        func whole(capacityType: CapacityType) async throws {
            let (provider, _) = try await self.start("whole-\(capacityType.rawValue)")
            let request = self.request(
                3, token: "whole-\(capacityType.rawValue)", capacityType: capacityType, zone: "us-east-1b")
            let machines = try await provider.grow(request)
            #expect(Set(machines.map(\.id)).count == 3)
            #expect(try await provider.machines(of: "gpus") == machines)
            try await provider.delete([machines[0].id, MachineID("i-0123456789abcdef0"), machines[1].id], of: "gpus")
            #expect(try await provider.machines(of: "gpus").map(\.id) == [machines[2].id])
            try await provider.delete(machines.map(\.id), of: "gpus")
            #expect(try await provider.machines(of: "gpus").isEmpty)
        }

        @Test("the same token never buys twice; for another launch it is refused")
        func idempotent() async throws {
            let (provider, _) = try await self.start("idempotent")
            let machines = try await provider.grow(self.request(2, token: "same"))
            #expect(try await provider.grow(self.request(2, token: "same")) == machines)
            #expect(try await provider.machines(of: "gpus") == machines)
            await #expect(throws: NodePoolError(.invalid)) { try await provider.grow(self.request(3, token: "same")) }
            #expect(try await provider.machines(of: "gpus").count == 2)
        }

        @Test("a reply that is lost: the same token brings the machines that were bought")
        func lostReply() async throws {
            let rule: JSONTree = ["action": "CreateFleet", "times": 1, "do": "lose"]
            let (provider, _) = try await self.start("lost-reply", [rule])
            await #expect(throws: NodePoolError(.transient)) {
                try await provider.grow(self.request(2, token: "lost"))
            }
            let machines = try await provider.grow(self.request(2, token: "lost"))
            #expect(try await provider.machines(of: "gpus") == machines)
            #expect(machines.count == 2)
        }

        @Test("a partial launch is undone at once, and with a reply lost in the middle by the next try")
        func partial() async throws {
            let partial: JSONTree = ["action": "CreateFleet", "times": 2, "do": "partial", "count": 1]
            let (provider, moto) = try await self.start("partial", [partial])
            await #expect(throws: NodePoolError(.noCapacity)) { try await provider.grow(self.request(4, token: "p1")) }
            #expect(try await provider.machines(of: "gpus").isEmpty)
            #expect(try await moto.calls().prefix(2) == ["CreateFleet", "TerminateInstances"])

            try await moto.set([partial, Moto.refusal("TerminateInstances", "InternalError", status: 500)])
            await #expect(throws: NodePoolError(.transient)) { try await provider.grow(self.request(4, token: "p2")) }
            #expect(try await provider.machines(of: "gpus").count == 1)
            await #expect(throws: NodePoolError(.noCapacity)) { try await provider.grow(self.request(4, token: "p2")) }
            #expect(try await provider.machines(of: "gpus").isEmpty)
        }

        @Test(
            "what EC2 refuses buys nothing and is told with its meaning",
            arguments: [
                ("InsufficientInstanceCapacity", 500, NodePoolError.Code.noCapacity),
                ("VcpuLimitExceeded", 400, .quota),
                ("RequestLimitExceeded", 503, .throttled), ("Unavailable", 503, .transient),
            ])
        func refused(code: String, status: Int, expected: NodePoolError.Code) async throws {
            let (provider, _) = try await self.start(code, [Moto.refusal("CreateFleet", code, status: status)])
            await #expect(throws: NodePoolError(expected)) { try await provider.grow(self.request(2, token: code)) }
            #expect(try await provider.machines(of: "gpus").isEmpty)
            #expect(try await provider.grow(self.request(2, token: code)).count == 2)
        }

        @Test("wrong keys, no rights and a template that is not there are told apart from a lack of machines")
        func denied() async throws {
            let moto = try Moto()
            try await moto.set([])
            let nobody = try await moto.provider(try moto.environment(user: "nobody"), cluster: "denied")
            await #expect(throws: NodePoolError(.denied)) { try await nobody.grow(self.request(1, token: "d1")) }
            var forged = try moto.environment(user: "berth")
            forged.variables["AWS_SECRET_ACCESS_KEY"] = "wrong"
            let forger = try await moto.provider(forged, cluster: "denied")
            await #expect(throws: NodePoolError(.denied)) { try await forger.machines(of: "gpus") }
            let account = try await AWSAccount.find(in: try moto.environment(user: "berth"))
            let lost = try EC2FleetProvider(
                account: account, cluster: "denied",
                templates: ["gpus": .init(launchTemplateID: "lt-0", subnets: ["us-east-1a": "subnet-0"])])
            await #expect(throws: NodePoolError(.invalid)) { try await lost.grow(self.request(1, token: "d2")) }
        }

        @Test("where machines stand in the network is known before their nodes join")
        func topology() async throws {
            let (provider, moto) = try await self.start("topology")
            let machines = try await provider.grow(self.request(3, token: "topology")).map(\.id)
            let labels = try await provider.topologyLabels(of: machines, in: "gpus")
            let layer = "topology.k8s.aws/network-node-layer-"
            #expect(machines.map { labels[$0]?[layer + "1"] } == ["nn-spine", "nn-spine", "nn-spine"])
            #expect(machines.map { labels[$0]?[layer + "3"] } == ["nn-leaf-0", "nn-leaf-0", "nn-leaf-1"])
            try await moto.set([Moto.refusal("DescribeInstanceTopology", "RequestLimitExceeded", status: 503)])
            await #expect(throws: NodePoolError(.throttled)) {
                try await provider.topologyLabels(of: machines, in: "gpus")
            }
        }

        @Test("clusters of one account do not see each other's machines in a pool of the same name")
        func clusters() async throws {
            let (one, _) = try await self.start("cluster-one")
            let (two, _) = try await self.start("cluster-two")
            let machines = try await one.grow(self.request(1, token: "one"))
            #expect(try await two.machines(of: "gpus").isEmpty)
            #expect(try await one.machines(of: "gpus") == machines)
        }
    }
}
