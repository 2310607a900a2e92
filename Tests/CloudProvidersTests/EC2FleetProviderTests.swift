import CloudProviders
import HTTPTransport
import SchedulingModel
import Testing

@Suite("EC2 fleets")
struct EC2FleetProviderTests {
    let request = LaunchRequest(
        pool: "gpus", offering: OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1a", capacityType: .spot),
        count: 2, clientToken: "token-1")

    private func provider(_ world: ScriptedWorld) throws -> EC2FleetProvider {
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        let account = AWSAccount(
            region: "us-east-1", credentials: StaticAWSCredentials(keys), environment: world.environment())
        return try EC2FleetProvider(
            account: account, cluster: "test",
            templates: ["gpus": .init(launchTemplateID: "lt-1", subnets: ["us-east-1a": "subnet-a"])])
    }

    private func fleet(_ ids: [String], errors: [String] = []) -> (Int, String) {
        let items = ids.map { "<item>\($0)</item>" }.joined()
        let set = errors.map { "<item><errorCode>\($0)</errorCode></item>" }.joined()
        return (
            200,
            "<CreateFleetResponse><errorSet>\(set)</errorSet><fleetInstanceSet><item><instanceIds>\(items)"
                + "</instanceIds></item></fleetInstanceSet></CreateFleetResponse>"
        )
    }

    private func error(_ code: String, status: Int = 400) -> (Int, String) {
        (status, "<Response><Errors><Error><Code>\(code)</Code><Message>m</Message></Error></Errors></Response>")
    }

    private let done = (200, "<TerminateInstancesResponse/>")

    @Test("a gang is one instant fleet in one zone, of one type, of all machines or none, with its token")
    func createFleet() async throws {
        let world = ScriptedWorld([self.fleet(["i-2", "i-1"])])
        let machines = try await self.provider(world).grow(self.request)
        #expect(machines.map(\.id.rawValue) == ["i-1", "i-2"])
        let form = try #require(await world.transport.forms.first)
        for parameter in [
            "Action=CreateFleet", "Type=instant", "ClientToken=token-1", "SpotOptions.SingleInstanceType=true",
            "SpotOptions.SingleAvailabilityZone=true", "SpotOptions.MinTargetCapacity=2", "SubnetId=subnet-a",
            "DefaultTargetCapacityType=spot", "Key=berth.dev%2Fpool&TagSpecification.1.Tag.1.Value=gpus",
            "Key=berth.dev%2Fcluster&TagSpecification.1.Tag.2.Value=test",
        ] {
            #expect(form.contains(parameter), "\(parameter)")
        }
        let request = try #require(await world.transport.requests.first)
        let signed = request.headers["authorization"] ?? ""
        #expect(signed.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ec2/aws4_request"))
        #expect(request.headers["host"] == "ec2.us-east-1.amazonaws.com")
        #expect(world.servers == ["https://ec2.us-east-1.amazonaws.com"])
    }

    @Test("a partial launch is terminated before the error is told")
    func partial() async throws {
        let world = ScriptedWorld([self.fleet(["i-1"], errors: ["InsufficientInstanceCapacity"]), self.done])
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.provider(world).grow(self.request) }
        #expect(await world.transport.forms.last == "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1")
    }

    @Test("a partial launch that cannot be undone is asked about again, and undone then")
    func undoFails() async throws {
        let partial = self.fleet(["i-1"], errors: ["InsufficientInstanceCapacity"])
        let world = ScriptedWorld([partial, self.error("UnauthorizedOperation", status: 403), partial, self.done])
        let provider = try self.provider(world)
        await #expect(throws: NodePoolError(.transient)) { try await provider.grow(self.request) }
        await #expect(throws: NodePoolError(.noCapacity)) { try await provider.grow(self.request) }
        #expect(await world.transport.forms.last?.hasSuffix("InstanceId.1=i-1") == true)
    }

    @Test(
        "EC2's errors become ours",
        arguments: [
            ("InsufficientInstanceCapacity", 500, NodePoolError.Code.noCapacity),
            ("MaxSpotInstanceCountExceeded", 400, .quota), ("RequestLimitExceeded", 503, .throttled),
            ("UnauthorizedOperation", 403, .denied), ("InvalidLaunchTemplateId.NotFound", 400, .invalid),
            ("InternalError", 500, .transient), ("SomethingNew", 503, .transient), ("SomethingNew", 403, .denied),
            ("SomethingNew", 429, .throttled), ("SomethingNew", 400, .invalid),
            ("IdempotentParameterMismatch", 400, .invalid),
        ])
    func errors(code: String, status: Int, expected: NodePoolError.Code) async {
        let world = ScriptedWorld([self.error(code, status: status)])
        await #expect(throws: NodePoolError(expected)) { try await self.provider(world).grow(self.request) }
    }

    @Test(
        "what a fleet's answer says went wrong is final: no code of it asks for the same token again",
        arguments: [
            (["RequestLimitExceeded"], NodePoolError.Code.noCapacity), (["InternalError"], .noCapacity),
            ([], .noCapacity),
            (["InsufficientInstanceCapacity", "VcpuLimitExceeded"], .quota),
            (["InvalidFleetConfiguration", "UnfulfillableCapacity"], .noCapacity),
            (["InvalidFleetConfiguration"], .invalid), (["UnauthorizedOperation"], .denied),
        ])
    func fleetErrors(codes: [String], expected: NodePoolError.Code) async {
        let world = ScriptedWorld([self.fleet([], errors: codes)])
        await #expect(throws: NodePoolError(expected)) { try await self.provider(world).grow(self.request) }
    }

    @Test("a lost connection, an answer that is no XML, and a zone without a subnet")
    func otherErrors() async {
        await #expect(throws: NodePoolError(.transient)) {
            try await self.provider(ScriptedWorld()).grow(self.request)
        }
        await #expect(throws: NodePoolError(.transient)) {
            try await self.provider(ScriptedWorld([(200, "<cut")])).grow(self.request)
        }
        var elsewhere = self.request
        elsewhere.offering = OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1f", capacityType: .spot)
        await #expect(throws: NodePoolError(.invalid)) {
            try await self.provider(ScriptedWorld()).grow(elsewhere)
        }
    }

    @Test("machines that are gone do not keep the others from being given back")
    func deleteGone() async throws {
        let gone = self.error("InvalidInstanceID.NotFound")
        // All three; the first alone; the second and third; each of those alone.
        let world = ScriptedWorld([gone, self.done, gone, gone, self.done])
        try await self.provider(world).delete(["i-1", "i-2", "i-3"].map { MachineID($0) }, of: "gpus")
        #expect(await world.transport.forms.last?.hasSuffix("InstanceId.1=i-3") == true)
        #expect(await world.transport.requests.count == 5)
    }

    @Test("a pool's machines are read page by page")
    func machines() async throws {
        func page(_ id: String, token: String, tags: String = "") -> (Int, String) {
            (
                200,
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>\(id)</instanceId>"
                    + "<tagSet>\(tags)</tagSet><instanceType>p4d.24xlarge</instanceType><placement>"
                    + "<availabilityZone>us-east-1a</availabilityZone></placement><instanceLifecycle>spot"
                    + "</instanceLifecycle></item></instancesSet></item></reservationSet>\(token)"
                    + "</DescribeInstancesResponse>"
            )
        }
        let reserved = "<item><key>berth.dev/capacity-type</key><value>reserved</value></item>"
        let world = ScriptedWorld([
            page("i-2", token: "<nextToken>a&amp;b</nextToken>"), page("i-1", token: "<nextToken/>", tags: reserved),
        ])
        let machines = try await self.provider(world).machines(of: "gpus")
        #expect(machines.map(\.id.rawValue) == ["i-1", "i-2"])
        #expect(machines.map(\.offering.capacityType) == [.reserved, .spot])
        #expect(machines.last?.offering == self.request.offering)
        #expect(await world.transport.forms.last?.contains("NextToken=a%26b") == true)
    }
}
