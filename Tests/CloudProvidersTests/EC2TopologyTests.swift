import CloudProviders
import SchedulingModel
import Testing

@Suite("EC2's network topology")
struct EC2TopologyTests {
    @Test("layers become the labels that the cloud controller writes; a hundred machines a call; others are left out")
    func labels() async throws {
        let item =
            "<item><instanceId>i-0</instanceId><networkNodeSet><item>nn-a</item><item>nn-b</item><item>nn-c</item>"
            + "</networkNodeSet></item>"
        let world = ScriptedWorld([
            (200, "<R><instanceSet>\(item)</instanceSet></R>"), (200, "<R><instanceSet/></R>"),
        ])
        let keys = AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: "secret")
        let account = AWSAccount(
            region: "us-east-1", credentials: StaticAWSCredentials(keys), environment: world.environment())
        let provider = try EC2FleetProvider(account: account, cluster: "test", templates: [:])
        let labels = try await provider.topologyLabels(of: (0..<101).map { MachineID("i-\($0)") }, in: "gpus")
        #expect(
            labels == [
                MachineID("i-0"): [
                    "topology.k8s.aws/network-node-layer-1": "nn-a", "topology.k8s.aws/network-node-layer-2": "nn-b",
                    "topology.k8s.aws/network-node-layer-3": "nn-c",
                ]
            ])
        let forms = await world.transport.forms
        #expect(forms[0].contains("InstanceId.100=") && !forms[0].contains("InstanceId.101="))
        #expect(forms[1].contains("InstanceId.1=i-99") && !forms[1].contains("InstanceId.2="))
    }
}
