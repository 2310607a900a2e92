import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("The annotation berth.dev/devices")
struct DeviceAnnotationTests {
    private static let slice = ResourceName("nvidia.com/mig-1g.5gb")

    private static func device(_ resource: ResourceName, _ index: Int, isAssumed: Bool = false) -> DeviceAssignment {
        DeviceAssignment(resource: resource, index: index, kind: .slot, isAssumed: isAssumed)
    }

    @Test("what is written is read back, several resources in one annotation")
    func roundTrip() throws {
        let devices = [Self.device(.nvidiaGPU, 3), Self.device(Self.slice, 2), Self.device(.nvidiaGPU, 0)]
        let written = try #require(DeviceAnnotation(devices))
        #expect(written.text == "nvidia.com/gpu=3,0;nvidia.com/mig-1g.5gb=2")
        #expect(DeviceAnnotation(parsing: written.text) == written)
        #expect(written.indices == [.nvidiaGPU: [3, 0], Self.slice: [2]])
    }

    @Test("nothing is written where a device plugin chooses, even one of them")
    func assumed() {
        #expect(DeviceAnnotation([]) == nil)
        #expect(DeviceAnnotation([Self.device(.nvidiaGPU, 0), Self.device(Self.slice, 0, isAssumed: true)]) == nil)
    }

    @Test("other text is no annotation", arguments: ["", "0,1", "nvidia.com/gpu=", "=1", "a=1;", "a=1,,2", "a=1=2"])
    func refused(text: String) { #expect(DeviceAnnotation(parsing: text) == nil) }

    private static let pin = """
        affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms:
         [{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}]}}}
        """

    private static func share(_ spec: String) -> PodState? {
        let pod = ManifestImport.pod(
            annotations: "berth.dev/gpu-memory-mib: \"4000\", berth.dev/devices: \"nvidia.com/gpu=5\"", spec: spec)
        return ManifestImport.cluster(ManifestImport.node(), pod).pod("p")
    }

    @Test("devices are known of a bound pod and of one that is let go to its node, not of one that is still held")
    func standings() {
        for spec in ["nodeName: n1", Self.pin] {
            #expect(Self.share(spec)?.knownDevices.map(\.index) == [5], "\(spec)")
            #expect(Self.share(spec)?.knownDevices.map(\.memoryMiB) == [4000])
        }
        #expect(Self.share(Self.pin + ", schedulingGates: [{name: berth.dev/placement}]")?.knownDevices == [])
        #expect(Self.share("restartPolicy: Always")?.knownDevices == [])
    }
}
