import SchedulingModel
import Testing

@testable import ClusterImport

@Suite("Topology levels from labels")
struct TopologyResolverTests {
    private static let zone = ["topology.kubernetes.io/zone": "a"]

    @Test(
        "auto takes the preset whose labels stand on most nodes",
        arguments: [
            ([], .onPrem),
            ([["topology.k8s.aws/network-node-layer-1": "x"]], .aws),
            ([["cloud.google.com/gce-topology-block": "x"]], .gke),
            ([["fabric.topograph.run/tier-0": "x"]], .topographV1),
            ([["network.topology.nvidia.com/leaf": "x"]], .topographV0),
            ([["rack": "x"]], .onPrem),
            ([["rack": "x"], ["rack": "y"], ["fabric.topograph.run/tier-0": "x"]], .onPrem),
            ([["rack": "x"], ["fabric.topograph.run/tier-0": "x"]], .topographV1),
        ] as [([[String: String]], TopologyPreset)])
    func detection(nodes: [[String: String]], expected: TopologyPreset) {
        #expect(TopologyResolver(nodeLabels: nodes).detectedPreset == expected)
    }

    @Test("levels that no node is labelled for are dropped, the order stays")
    func dropped() {
        let nodes = [
            Self.zone.merging(["fabric.topograph.run/tier-0": "l", "fabric.topograph.run/tier-2": "c"]) { $1 }
        ]
        #expect(TopologyResolver(nodeLabels: nodes).levels(of: .auto).map(\.name) == ["zone", "tier-2", "tier-0"])
        #expect(TopologyResolver(nodeLabels: nodes).levels(of: .aws).map(\.name) == ["zone"])
    }

    @Test("of two spellings of a level the more frequent one counts, the current one among equals")
    func spellings() {
        let (old, new) = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone")
        #expect(TopologyResolver(nodeLabels: [[old: "a"]]).levels(of: .auto).map(\.labelKey) == [old])
        #expect(TopologyResolver(nodeLabels: [[old: "a", new: "a"]]).levels(of: .auto).map(\.labelKey) == [new])
        #expect(TopologyResolver(nodeLabels: [[new: ""], [old: "a"]]).levels(of: .auto).map(\.labelKey) == [old])
    }

    @Test("configured levels stay even where no node carries them")
    func configured() {
        var settings = BerthConfiguration.TopologySettings()
        settings.levels = [TopologyLevel(name: "row", labelKey: "example.com/row")]
        #expect(TopologyResolver(nodeLabels: [Self.zone]).topology(settings).levels.map(\.name) == ["row"])
    }

    @Test("where one node has a clique, coarser labels prove no NVLink path")
    func nvlink() {
        let (clique, ultraserver) = ("nvidia.com/gpu.clique", "topology.k8s.aws/ultraserver-id")
        let mixed = TopologyResolver(nodeLabels: [[clique: "u.1"], [ultraserver: "s"]]).topology(.init())
        #expect(mixed.nvlinkDomain(of: [clique: "u.1"]) == "u.1")
        #expect(mixed.nvlinkDomain(of: [ultraserver: "s"]) == nil)
        #expect(mixed.nvlinkDomain(of: [clique: ""]) == nil)
        let plain = TopologyResolver(nodeLabels: [[ultraserver: "s"]]).topology(.init())
        #expect(plain.nvlinkDomain(of: [ultraserver: "s"]) == "s")
        let topograph = ["accelerator.topograph.run/domain": "d"]
        #expect(TopologyResolver(nodeLabels: [topograph]).topology(.init()).nvlinkDomain(of: topograph) == nil)
    }

    @Test("a cluster without NVLink labels still knows what a wish for a clique means")
    func wish() {
        let topology = TopologyResolver(nodeLabels: [Self.zone]).topology(.init())
        #expect(topology.axis(named: "nvidia.com/gpu.clique") == .nvlink)
    }

    @Test("a missing or empty label is nil in the path")
    func path() {
        let topology = Topology(levels: [
            TopologyLevel(name: "zone", labelKey: "z"), TopologyLevel(name: "rack", labelKey: "r"),
        ])
        #expect(topology.path(of: ["z": "a", "r": ""]) == ["a", nil])
    }
}
