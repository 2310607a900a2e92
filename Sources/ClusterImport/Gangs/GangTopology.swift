import KubernetesAPI
import SchedulingModel

/// Where members want to stand, in the words of their annotations.
struct TopologyWish: Hashable {
    var required: [String] = []
    var preferred: [String] = []
    /// Kueue's slices: groups of this many pods that share one domain of the level.
    var sliceLevel: String?
    var sliceSize: Int?

    /// Our own annotations come first and alone; then Kueue's and KAI's.
    init(_ annotations: [String: String]) {
        func levels(_ keys: String...) -> [String] { keys.flatMap { Self.list(annotations[$0]) } }
        self.required = levels(GangKeys.Berth.topologyRequired)
        self.preferred = levels(GangKeys.Berth.topologyPreferred)
        guard self.required.isEmpty, self.preferred.isEmpty else { return }
        self.required = levels(GangKeys.Kueue.topologyRequired, GangKeys.KAI.topologyRequired)
        self.preferred = levels(GangKeys.Kueue.topologyPreferred, GangKeys.KAI.topologyPreferred)
        if let size = annotations[GangKeys.Kueue.sliceSize].flatMap(Int.init(index:)), size > 0 {
            self.sliceLevel = annotations[GangKeys.Kueue.sliceTopology]
            self.sliceSize = size
        }
    }

    var isEmpty: Bool { self.required.isEmpty && self.preferred.isEmpty && self.sliceLevel == nil }

    /// Level names or label keys, separated by commas.
    private static func list(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
    }

    func constraints(_ topology: Topology) -> [TopologyConstraint] {
        self.required.map { TopologyConstraint(axis: topology.axis(named: $0), isRequired: true) }
            + self.preferred.map { TopologyConstraint(axis: topology.axis(named: $0), isRequired: false) }
    }

    var chunks: GangChunks? {
        self.sliceSize.map { GangChunks(size: $0, name: "slice") }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        String(self.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension [TopologyConstraint] {
    /// Adds what is not there yet; required ones stand before preferred ones, otherwise order is kept.
    mutating func add(_ constraints: [TopologyConstraint]) {
        for constraint in constraints where !self.contains(constraint) { self.append(constraint) }
        self = self.filter(\.isRequired) + self.filter { !$0.isRequired }
    }
}

extension GangCatalog {
    /// Volcano's tiers on the levels of this cluster: the narrowest tier that HyperNodes have, or tier 1 without any, is
    /// the narrowest level. A tier beyond the widest level asks for nothing.
    func constraints(_ wish: VolcanoNetworkTopology?, _ topology: Topology) -> [TopologyConstraint] {
        guard let wish else { return [] }
        if let name = wish.highestTierName, self.tierByName[name] == nil {
            return [TopologyConstraint(axis: topology.axis(named: name), isRequired: wish.isHard)]
        }
        guard let tier = wish.highestTierName.flatMap({ self.tierByName[$0] }) ?? wish.highestTierAllowed else {
            return []
        }
        let stepsUp = self.tiers.isEmpty ? max(1, tier) : self.tiers.count { $0 <= tier }
        guard stepsUp > 0 else { return [TopologyConstraint(axis: .host, isRequired: wish.isHard)] }
        guard stepsUp <= topology.levels.count else { return [] }
        return [TopologyConstraint(axis: .level(topology.levels.count - stepsUp), isRequired: wish.isHard)]
    }
}
