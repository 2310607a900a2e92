import SchedulingModel

/// Chooses a cluster's topology levels from the configuration and from the labels its nodes carry.
///
/// An empty label value counts as no label. The order of the nodes does not matter.
struct TopologyResolver {
    private var nodeCountByKey: [String: Int] = [:]
    /// Nodes that carry at least one label of the preset's own levels.
    private var nodeCountByPreset: [TopologyPreset: Int] = [:]

    /// - Complexity: O(nodes · label keys of all presets).
    init(nodeLabels: [[String: String]], furtherKeys: [String] = []) {
        let presets = TopologyPreset.allCases.map { preset in (preset, preset.fabricLevels.flatMap(\.labelKeys)) }
        let keys = Set(
            presets.flatMap(\.1) + TopologyPreset.zone.labelKeys + TopologyPreset.nvlinkLabelKeys + furtherKeys)
        for labels in nodeLabels {
            for key in keys where Self.value(of: key, in: labels) != nil {
                self.nodeCountByKey[key, default: 0] += 1
            }
            for (preset, ownKeys) in presets where ownKeys.contains(where: { Self.value(of: $0, in: labels) != nil }) {
                self.nodeCountByPreset[preset, default: 0] += 1
            }
        }
    }

    static func value(of key: String, in labels: [String: String]) -> String? {
        labels[key].flatMap { $0.isEmpty ? nil : $0 }
    }

    func isOnSomeNode(_ key: String) -> Bool { self.nodeCountByKey[key, default: 0] > 0 }

    /// The preset whose own labels stand on most nodes. Ties go to the one that `TopologyPreset` lists first.
    var detectedPreset: TopologyPreset {
        var best = TopologyPreset.onPrem
        var bestCount = 0
        for preset in TopologyPreset.allCases {
            let count = self.nodeCountByPreset[preset, default: 0]
            if count > bestCount { (best, bestCount) = (preset, count) }
        }
        return best
    }

    /// The preset's levels, from zone down, without those that no node is labelled for.
    func levels(of preset: TopologyPreset) -> [TopologyLevel] {
        let preset = preset == .auto ? self.detectedPreset : preset
        return ([TopologyPreset.zone] + preset.fabricLevels).compactMap { level in
            // `max` keeps the first of equals, which is the current spelling.
            let key = level.labelKeys.max {
                self.nodeCountByKey[$0, default: 0] < self.nodeCountByKey[$1, default: 0]
            }
            guard let key, self.isOnSomeNode(key) else { return nil }
            return TopologyLevel(name: level.name, labelKey: key)
        }
    }

    /// The one label that proves an NVLink path in this cluster: the first that stands on any node.
    ///
    /// Where a more exact label exists somewhere, its absence on a node means "unknown", so coarser labels say nothing.
    /// Without any of them on any node all keys stay, so that a wish for one of them still means NVLink.
    func nvlinkLabelKeys(among keys: [String]) -> [String] {
        keys.first { self.isOnSomeNode($0) }.map { [$0] } ?? keys
    }

    func topology(_ configuration: BerthConfiguration.TopologySettings) -> Topology {
        Topology(
            levels: configuration.levels ?? self.levels(of: configuration.preset),
            nvlinkLabelKeys: self.nvlinkLabelKeys(among: configuration.nvlinkLabelKeys))
    }
}

extension Topology {
    /// One value per level; nil where the node lacks the label.
    func path(of labels: [String: String]) -> [String?] {
        self.levels.map { TopologyResolver.value(of: $0.labelKey, in: labels) }
    }

    /// The node's NVLink domain by the first key it has a value for.
    func nvlinkDomain(of labels: [String: String]) -> String? {
        self.nvlinkLabelKeys.lazy.compactMap { TopologyResolver.value(of: $0, in: labels) }.first
    }
}
