/// The levels of fabrics that label their nodes in a known way.
public enum TopologyPreset: String, Hashable, Sendable, CaseIterable {
    /// The preset whose labels stand on most nodes; on-prem where there are none.
    case auto
    case aws
    case gke
    case topographV1 = "topograph-v1"
    case topographV0 = "topograph-v0"
    case onPrem = "on-prem"

    /// One rung of a preset: of several spellings of its label the one that stands on most nodes counts.
    struct Level: Hashable, Sendable {
        let name: String
        let labelKeys: [String]
    }

    static let zone = Level(
        name: "zone", labelKeys: ["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"])

    /// The rungs below the zone, widest first. `host` is never among them: it names the node itself.
    ///
    /// AWS counts its layers from the spine down (layer 1 is the widest), topograph its tiers from the node up.
    var fabricLevels: [Level] {
        switch self {
        case .auto: []
        case .aws:
            (1...4).map { Level(name: "layer-\($0)", labelKeys: ["topology.k8s.aws/network-node-layer-\($0)"]) }
        case .gke:
            [
                Level(
                    name: "block", labelKeys: ["cloud.google.com/gce-topology-block", "topology.gke.io/cluster"]),
                Level(
                    name: "subblock", labelKeys: ["cloud.google.com/gce-topology-subblock", "topology.gke.io/rack"]),
                Level(
                    name: "physical-host", labelKeys: ["cloud.google.com/gce-topology-host", "topology.gke.io/host"]),
            ]
        case .topographV1:
            (0...7).reversed().map { Level(name: "tier-\($0)", labelKeys: ["fabric.topograph.run/tier-\($0)"]) }
        case .topographV0:
            // Until v0.3 the rungs were called datacenter, spine and block.
            [("core", ["core", "datacenter"]), ("spine", ["spine"]), ("leaf", ["leaf", "block"])].map {
                name, spellings in
                Level(name: name, labelKeys: spellings.map { "network.topology.nvidia.com/\($0)" })
            }
        case .onPrem:
            ["block", "rack"].map { Level(name: $0, labelKeys: ["topology.kubernetes.io/\($0)", $0]) }
        }
    }

    /// Labels that name a multi-node NVLink domain, most exact first.
    ///
    /// Topograph's accelerator domain is not among them: on some clouds it is a capacity block, and on a rack that
    /// is split into cliques it spans both.
    public static let nvlinkLabelKeys = [
        "nvidia.com/gpu.clique", "topology.k8s.aws/ultraserver-id", "ds.coreweave.com/nvlink.domain",
    ]
}
