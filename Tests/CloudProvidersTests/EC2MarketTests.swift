import CloudProviders
import ClusterImport
import SchedulingModel
import Testing

@Suite("EC2's types and prices")
struct EC2MarketTests {
    private let pool: PoolSettings = {
        var pool = PoolSettings(
            name: "gpus", instanceTypes: ["p9.48xlarge", "g9g.xlarge"], zones: ["us-east-1a", "us-east-1b"])
        pool.capacityTypes = [.spot]
        return pool
    }()

    private func supply(_ world: ScriptedWorld) async throws -> PoolSupply {
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        let account = AWSAccount(
            region: "us-east-1", credentials: StaticAWSCredentials(keys), environment: world.environment())
        return try await EC2FleetProvider(account: account, cluster: "test", templates: [:]).supply(of: self.pool)
    }

    /// As EC2's API reference shows DescribeInstanceTypes, cut to what matters.
    private let types = (
        200,
        """
        <DescribeInstanceTypesResponse><instanceTypeSet><item><instanceType>p9.48xlarge</instanceType>
        <processorInfo><supportedArchitectures><item>x86_64</item></supportedArchitectures></processorInfo>
        <vCpuInfo><defaultVCpus>192</defaultVCpus></vCpuInfo><memoryInfo><sizeInMiB>2097152</sizeInMiB></memoryInfo>
        <gpuInfo><gpus><item><name>X1</name><manufacturer>NVIDIA</manufacturer><count>8</count>
        <memoryInfo><sizeInMiB>288000</sizeInMiB></memoryInfo></item></gpus></gpuInfo></item>
        <item><instanceType>g9g.xlarge</instanceType><processorInfo><supportedArchitectures><item>arm64</item>
        </supportedArchitectures></processorInfo><vCpuInfo><defaultVCpus>4</defaultVCpus></vCpuInfo>
        <memoryInfo><sizeInMiB>16384</sizeInMiB></memoryInfo></item><item><instanceType>broken</instanceType></item>
        </instanceTypeSet></DescribeInstanceTypesResponse>
        """
    )

    private func prices(
        _ rows: [(type: String, zone: String, price: String, time: String)], token: String = ""
    ) -> (Int, String) {
        let items = rows.map {
            "<item><instanceType>\($0.type)</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>"
                + "\($0.price)</spotPrice><timestamp>\($0.time)</timestamp><availabilityZone>\($0.zone)"
                + "</availabilityZone></item>"
        }
        return (
            200, "<R><spotPriceHistorySet>\(items.joined())</spotPriceHistorySet><nextToken>\(token)</nextToken></R>"
        )
    }

    @Test("shapes and the newest spot price of each type and zone, over all pages; what has none is named")
    func supply() async throws {
        let world = ScriptedWorld([
            self.types,
            self.prices(
                [
                    ("p9.48xlarge", "us-east-1a", "30.5", "2015-08-30T10:00:00.000Z"),
                    ("p9.48xlarge", "us-east-1a", "31.25", "2015-08-30T11:00:00.000Z"),
                ], token: "next"),
            self.prices([
                ("g9g.xlarge", "us-east-1b", "0.123456", "2015-08-30T11:00:00.000Z"),
                ("p9.48xlarge", "us-east-1b", "free", "2015-08-30T11:00:00.000Z"),
            ]),
        ])
        let supply = try await self.supply(world)
        #expect(supply.machineTypes.map(\.name) == ["g9g.xlarge", "p9.48xlarge"])
        #expect(supply.machineTypes.map(\.architecture) == ["arm64", "amd64"])
        #expect(supply.machineTypes.map(\.deviceCount) == [0, 8])
        #expect(supply.machineTypes.last?.memoryMiBPerDevice == 288_000)
        #expect(supply.prices.map(\.microUSDPerHour) == [123_456, 31_250_000])
        #expect(supply.prices.map(\.zone) == ["us-east-1b", "us-east-1a"])
        #expect(
            supply.problems == [
                "there is no spot price of p9.48xlarge in us-east-1b",
                "there is no spot price of g9g.xlarge in us-east-1a",
            ])
        let forms = await world.transport.forms
        #expect(forms[0].contains("Filter.1.Name=instance-type&Filter.1.Value.1=p9.48xlarge"))
        #expect(forms[1].contains("StartTime=2015-08-30T12%3A36%3A00Z"))
        #expect(forms[2].contains("NextToken=next"))
    }

    @Test("what EC2 refuses to tell is a problem with its meaning, and the rest is told")
    func refused() async throws {
        let denied =
            "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>m</Message></Error></Errors></Response>"
        let throttled =
            "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>m</Message></Error></Errors></Response>"
        let supply = try await self.supply(ScriptedWorld([(403, denied), (503, throttled)]))
        #expect(
            supply.problems == [
                "machine types are the catalogue's: denied: UnauthorizedOperation (403): m",
                "spot prices are the catalogue's: throttled: RequestLimitExceeded (503): m",
            ])
        #expect(supply.prices == [])
        #expect(try await self.supply(ScriptedWorld([self.types, (403, denied)])).machineTypes.count == 2)
    }
}
