import CloudProviders
import HTTPTransport
import SchedulingModel
import Testing

@Suite("EC2 fleets")
struct EC2FleetProviderTests {
    let request = LaunchRequest(
        pool: "gpus", offering: OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1a", capacityType: .spot),
        count: 2, clientToken: "token-1")

    private func provider(_ transport: ScriptedTransport) -> EC2FleetProvider {
        EC2FleetProvider(
            transport: transport, host: "ec2.us-east-1.amazonaws.com",
            credentials: AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret"), region: "us-east-1",
            templates: ["gpus": .init(launchTemplateID: "lt-1", subnets: ["us-east-1a": "subnet-a"])],
            timestamp: { "20150830T123600Z" })
    }

    private func fleet(_ ids: [String], errors: [String] = []) -> String {
        let items = ids.map { "<item>\($0)</item>" }.joined()
        let set = errors.map { "<item><errorCode>\($0)</errorCode></item>" }.joined()
        return "<CreateFleetResponse><errorSet>\(set)</errorSet><fleetInstanceSet><item><instanceIds>\(items)"
            + "</instanceIds></item></fleetInstanceSet></CreateFleetResponse>"
    }

    @Test("a gang is one instant fleet in one zone, of one type, of all machines or none, with its token")
    func createFleet() async throws {
        let transport = ScriptedTransport([(200, self.fleet(["i-2", "i-1"]))])
        let machines = try await self.provider(transport).grow(self.request)
        #expect(machines.map(\.id.rawValue) == ["i-1", "i-2"])
        let form = try #require(await transport.forms.first)
        for parameter in [
            "Action=CreateFleet", "Type=instant", "ClientToken=token-1", "SpotOptions.SingleInstanceType=true",
            "SpotOptions.SingleAvailabilityZone=true", "SpotOptions.MinTargetCapacity=2", "SubnetId=subnet-a",
            "DefaultTargetCapacityType=spot", "Value=gpus",
        ] {
            #expect(form.contains(parameter), "\(parameter)")
        }
        let signed = await transport.requests.first?.headers["authorization"] ?? ""
        #expect(signed.hasPrefix("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/ec2/aws4_request"))
    }

    @Test("a partial launch is terminated before the error is told")
    func partial() async throws {
        let transport = ScriptedTransport([
            (200, self.fleet(["i-1"], errors: ["InsufficientInstanceCapacity"])), (200, "<ok/>"),
        ])
        await #expect(throws: NodePoolError(.noCapacity)) { try await self.provider(transport).grow(self.request) }
        #expect(await transport.forms.last == "Action=TerminateInstances&Version=2016-11-15&InstanceId.1=i-1")
    }

    @Test(
        "EC2's errors become ours",
        arguments: [
            ("InsufficientInstanceCapacity", NodePoolError.Code.noCapacity), ("MaxSpotInstanceCountExceeded", .quota),
            ("RequestLimitExceeded", .throttled), ("UnauthorizedOperation", .denied),
            ("InvalidLaunchTemplateId.NotFound", .invalid), ("InternalError", .transient),
        ])
    func errors(code: String, expected: NodePoolError.Code) async {
        let body = "<Response><Errors><Error><Code>\(code)</Code><Message>m</Message></Error></Errors></Response>"
        let transport = ScriptedTransport([(400, body)])
        await #expect(throws: NodePoolError(expected)) { try await self.provider(transport).grow(self.request) }
    }

    @Test("a lost connection and a zone without a subnet")
    func otherErrors() async {
        await #expect(throws: NodePoolError(.transient)) {
            try await self.provider(ScriptedTransport([])).grow(self.request)
        }
        var elsewhere = self.request
        elsewhere.offering = OfferingKey(instanceType: "p4d.24xlarge", zone: "us-east-1f", capacityType: .spot)
        await #expect(throws: NodePoolError(.invalid)) {
            try await self.provider(ScriptedTransport([])).grow(elsewhere)
        }
    }

    @Test("machines that are gone do not keep the others from being given back")
    func deleteGone() async throws {
        let gone = "<Error><Code>InvalidInstanceID.NotFound</Code><Message>i-1</Message></Error>"
        let transport = ScriptedTransport([(400, gone), (400, gone), (200, "<ok/>")])
        try await self.provider(transport).delete([MachineID("i-1"), MachineID("i-2")])
        #expect(await transport.requests.count == 3)
    }

    @Test("a pool's machines are read page by page")
    func machines() async throws {
        func page(_ id: String, token: String) -> String {
            "<instancesSet><item><instanceId>\(id)</instanceId><instanceType>p4d.24xlarge</instanceType><placement>"
                + "<availabilityZone>us-east-1a</availabilityZone></placement><instanceLifecycle>spot</instanceLifecycle>"
                + "</item></instancesSet>\(token)"
        }
        let transport = ScriptedTransport([
            (200, page("i-2", token: "<nextToken>next</nextToken>")), (200, page("i-1", token: "")),
        ])
        let machines = try await self.provider(transport).machines(of: "gpus")
        #expect(machines.map(\.id.rawValue) == ["i-1", "i-2"])
        #expect(machines.first?.offering == self.request.offering)
        #expect(await transport.forms.last?.contains("NextToken=next") == true)
    }
}
