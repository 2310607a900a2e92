import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Devices of running pods")
struct HeldDevicesTests {
    private static let shared = ManifestImport.node(
        gpus: 8,
        labels: """
            nvidia.com/gpu.product: Tesla-T4-SHARED, nvidia.com/gpu.count: "2", nvidia.com/gpu.replicas: "4",
             nvidia.com/gpu.sharing-strategy: time-slicing
            """)

    private func held(_ node: String, limits: String, annotations: String = "") -> (PodState?, [Finding]) {
        let pod = ManifestImport.pod(limits: limits, annotations: annotations, spec: "nodeName: n1")
        let cluster = ManifestImport.cluster(node, pod)
        return (cluster.pod("p"), cluster.findings)
    }

    @Test("a plain count on a shared node is a slot, so that its memory counts")
    func slot() {
        let state = self.held(Self.shared, limits: "nvidia.com/gpu: 1").0
        #expect(state?.deviceRequests == [DeviceRequest(resource: .nvidiaGPU, kind: .slot, count: 1)])
    }

    @Test("more slots than cards are given out in rounds, none is lost")
    func rounds() {
        let pod = ManifestImport.pod(limits: "nvidia.com/gpu: 5", spec: "nodeName: n1")
        let cluster = ManifestImport.cluster(Self.shared, pod)
        #expect(cluster.pod("p")?.deviceRequests.map(\.count) == [2, 2, 1])
        #expect(cluster.freeSlots("nvidia.com/gpu") == ["n1": 3])
    }

    @Test("devices named by berth.dev/devices are known")
    func known() {
        let state = self.held(
            ManifestImport.node(), limits: "nvidia.com/gpu: 2", annotations: "berth.dev/devices: \"nvidia.com/gpu=7,3\""
        ).0
        #expect(state?.knownDevices.map(\.index) == [7, 3])
        #expect(state?.knownDevices.allSatisfy { !$0.isAssumed } == true)
    }

    @Test(
        "an annotation that does not fit the node or the request is passed over with a warning",
        arguments: ["nvidia.com/gpu=9", "nvidia.com/gpu=1,2", "nvidia.com/gpu=x", "nvidia.com/gpu", "amd.com/gpu=1"])
    func unfit(text: String) {
        let (state, findings) = self.held(
            ManifestImport.node(), limits: "nvidia.com/gpu: 1", annotations: "berth.dev/devices: \"\(text)\"")
        #expect(state?.knownDevices.isEmpty == true)
        #expect(findings.map(\.field) == ["metadata.annotations[berth.dev/devices]"])
        #expect(findings.map(\.severity) == [.warning])
    }

    @Test("gpushare's annotation names the card")
    func gpushare() {
        let node = """
            {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {pods: 10,
             aliyun.com/gpu-mem: 30, aliyun.com/gpu-count: 2}}}
            """
        let state = self.held(node, limits: "aliyun.com/gpu-mem: 8", annotations: "ALIYUN_COM_GPU_MEM_IDX: \"1\"").0
        #expect(state?.knownDevices.map(\.index) == [1])
        #expect(state?.knownDevices.map(\.memoryMiB) == [8192])
    }

    @Test("Koordinator's annotation names the card")
    func koordinator() {
        let node = """
            {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {pods: 10,
             koordinator.sh/gpu: 400, koordinator.sh/gpu-core: 400}}}
            """
        let state = self.held(
            node, limits: "koordinator.sh/gpu: 50",
            annotations: #"scheduling.koordinator.sh/device-allocated: '{"gpu":[{"minor":3}]}'"#
        ).0
        #expect(state?.knownDevices.map(\.index) == [3])
        #expect(state?.knownDevices.map(\.thousandths) == [500])
    }

    @Test("HAMi's annotation names cards by id")
    func hami() {
        let node = """
            apiVersion: v1
            kind: Node
            metadata: {name: n1, annotations: {hami.io/node-nvidia-register: "A,10,16384,100,T,0,true:B,10,16384,100,T,0,true:"}}
            status: {allocatable: {pods: 10, nvidia.com/gpu: 20}}
            """
        let state = self.held(
            node, limits: "nvidia.com/gpu: 1, nvidia.com/gpumem: 3000",
            annotations: "hami.io/vgpu-devices-allocated: \"B,NVIDIA,3000,0:;\""
        ).0
        #expect(state?.knownDevices.map(\.index) == [1])
        #expect(state?.knownDevices.map(\.memoryMiB) == [3000])
        let whole = self.held(node, limits: "nvidia.com/gpu: 1").0
        #expect(whole?.deviceRequests.map(\.thousandthsPerDevice) == [1000])
    }

    @Test("KAI's reservation pods hold no device of their own: the sharers do")
    func kaiReservation() {
        let reservation = ManifestImport.pod(
            "r", limits: "nvidia.com/gpu: 1", spec: "nodeName: n1", metadata: "namespace: kai-resource-reservation")
        let sharer = ManifestImport.pod("s", annotations: "gpu-fraction: \"0.5\"", spec: "nodeName: n1")
        let cluster = ManifestImport.cluster(ManifestImport.node(), reservation, sharer)
        #expect(cluster.idle("nvidia.com/gpu") == ["n1": 7])
        #expect(cluster.pod("r", namespace: "kai-resource-reservation")?.requests[.nvidiaGPU] == 1)
    }

    @Test("Neuron cores in use take their chips, and the other way round")
    func neuron() {
        let node = """
            {apiVersion: v1, kind: Node, metadata: {name: n1}, status: {allocatable: {pods: 10,
             aws.amazon.com/neuron: 16, aws.amazon.com/neuroncore: 32}}}
            """
        let cores = self.held(node, limits: "aws.amazon.com/neuroncore: 3").0
        #expect(cores?.requests[ResourceName("aws.amazon.com/neuron")] == 2)
        let chips = self.held(node, limits: "aws.amazon.com/neuron: 3").0
        #expect(chips?.requests[ResourceName("aws.amazon.com/neuroncore")] == 6)
    }
}
