import SchedulingModel
import TestSupport
import Testing

@Suite("Topology")
struct TopologyTests {
    private let topology = Topology(
        levels: [
            TopologyLevel(name: "zone", labelKey: "topology.kubernetes.io/zone"),
            TopologyLevel(name: "rack", labelKey: "example.com/rack"),
        ],
        nvlinkLabelKeys: ["nvidia.com/gpu.clique", "example.com/nvlink"])

    @Test(
        "a name or a label key means an axis; a key outside the ladder is an axis of its own",
        arguments: [
            ("zone", TopologyAxis.level(0)), ("example.com/rack", .level(1)), ("host", .host),
            ("kubernetes.io/hostname", .host), ("nvlink", .nvlink), ("example.com/nvlink", .nvlink),
            ("example.com/room", .label("example.com/room")),
        ])
    func axes(_ text: String, _ axis: TopologyAxis) {
        #expect(self.topology.axis(named: text) == axis)
    }

    @Test(
        "an axis is printed under its configured name",
        arguments: [
            (TopologyAxis.level(1), "rack"), (.nvlink, "nvlink"), (.host, "host"), (.label("a/b"), "a/b"),
        ])
    func names(_ axis: TopologyAxis, _ name: String) {
        #expect(self.topology.name(of: axis) == name)
    }

    @Test("equal rack names in two zones are two racks")
    func ancestors() {
        let first = NodeState.gpu("a", count: 8, path: ["z1", "r1"])
        let second = NodeState.gpu("b", count: 8, path: ["z2", "r1"])
        #expect(first.domain(on: .level(1)) != second.domain(on: .level(1)))
        #expect(first.domain(on: .level(1)).path == ["z1", "r1"])
        #expect(first.domain(on: .level(0)).path == ["z1"])
    }

    @Test("a node without a label is alone there and below, and not above")
    func missingLabel() {
        let whole = NodeState.gpu("a", count: 8, path: ["z1", "r1"])
        let noRack = NodeState.gpu("b", count: 8, path: ["z1", nil])
        let alsoNoRack = NodeState.gpu("c", count: 8, path: ["z1", nil])
        let noZone = NodeState.gpu("d", count: 8, path: [nil, "r1"])
        #expect(noRack.domain(on: .level(1)) != alsoNoRack.domain(on: .level(1)))
        #expect(noRack.domain(on: .level(0)) == whole.domain(on: .level(0)))
        #expect(noRack.domain(on: .level(1)).path == ["z1", "(b)"])
        #expect(noZone.domain(on: .level(1)).path == ["(d)", "r1"])
        #expect(noZone.domain(on: .level(1)) != whole.domain(on: .level(1)))
    }

    @Test("an NVLink domain is the full value, and a node without one is alone")
    func nvlink() {
        var (first, second) = (NodeState.gpu("a", count: 4), NodeState.gpu("b", count: 4))
        #expect(first.domain(on: .nvlink) != second.domain(on: .nvlink))
        first.nvlinkDomain = "cluster.1"
        second.nvlinkDomain = "cluster.2"
        #expect(first.domain(on: .nvlink) != second.domain(on: .nvlink))
        second.nvlinkDomain = "cluster.1"
        #expect(first.domain(on: .nvlink) == second.domain(on: .nvlink))
    }

    @Test("a label outside the ladder divides by its value alone")
    func label() {
        let first = NodeState.gpu("a", count: 4, path: ["z1"], labels: ["room": "x"])
        let second = NodeState.gpu("b", count: 4, path: ["z2"], labels: ["room": "x"])
        let third = NodeState.gpu("c", count: 4, path: ["z2"])
        #expect(first.domain(on: .label("room")) == second.domain(on: .label("room")))
        #expect(third.domain(on: .label("room")).path == ["(c)"])
    }

    @Test("domains of one axis are ordered by their values, widest first")
    func order() {
        let paths = [["z1", "r2"], ["z2", "r1"], ["z1", "r10"]]
        let domains = paths.map { TopologyDomain(axis: .level(1), path: $0) }.sorted()
        #expect(domains.map(\.path) == [["z1", "r10"], ["z1", "r2"], ["z2", "r1"]])
    }
}

@Suite("Cost model of a ring all-reduce")
struct AllReduceModelTests {
    @Test("one GPU has nobody to talk to")
    func single() {
        #expect(AllReduceModel().ringSeconds(gpuCount: 1, bytesPerSecond: 1e9) == 0)
        #expect(AllReduceModel().ringSeconds(gpuCount: 4, bytesPerSecond: 0) == 0)
    }

    @Test("a ring moves twice (n - 1) / n of the payload through its slowest part")
    func ring() {
        var model = AllReduceModel()
        model.payloadBytes = 1000
        #expect(model.ringSeconds(gpuCount: 4, bytesPerSecond: 1500) == 1)
    }

    @Test("the first product that is part of the name decides; PCIe cards are not NVLink cards")
    func products() {
        let model = AllReduceModel()
        #expect(model.nvlink(product: "NVIDIA-H100-80GB-HBM3") == 450e9)
        #expect(model.nvlink(product: "NVIDIA-H100-PCIe") == 64e9)
        #expect(model.nvlink(product: "Tesla-T4") == model.pcieBytesPerSecond)
        #expect(model.nvlink(product: nil) == model.pcieBytesPerSecond)
    }

    @Test("network bandwidth counts every unit of an RDMA resource, and is nil without one")
    func network() {
        let model = AllReduceModel()
        #expect(model.network(requests: ResourceAmounts([ResourceName("vpc.amazonaws.com/efa"): 4])) == 50e9)
        #expect(model.network(requests: ResourceAmounts([.nvidiaGPU: 8, .cpu: 1000])) == nil)
    }
}
