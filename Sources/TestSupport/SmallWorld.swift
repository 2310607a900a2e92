public import SchedulingModel

/// A cluster of at most five nodes and seven pods, made from a seed.
///
/// Numbers are small so that tight cases are frequent: a node holds a few pods, a card two or three clients. Facts are
/// thrown in without looking whether they fit, as the real world does.
public struct SmallWorld: Sendable {
    /// What is waiting in the world.
    public enum Demand: Sendable, CaseIterable {
        /// One pod without a group.
        case singlePod
        /// One gang and nothing else.
        case gang
        /// Pods and up to two gangs.
        case mixed
    }

    public let seed: UInt64
    public let demand: Demand
    public let nodes: [NodeState]
    public let pods: [PodState]
    public let groups: [PodGroup]

    public static let topology = Topology(levels: [
        TopologyLevel(name: "block", labelKey: "block"), TopologyLevel(name: "rack", labelKey: "rack"),
    ])

    public init(seed: UInt64, demand: Demand) {
        var maker = SmallWorldMaker(seed: seed, isRoomy: demand == .gang)
        maker.makeNodes()
        maker.makeBoundPods()
        switch demand {
        case .singlePod: maker.makeSinglePods(count: 1)
        case .gang: maker.makeGang(named: "g", memberLimit: 5)
        case .mixed: maker.makeMixedDemand()
        }
        self.seed = seed
        self.demand = demand
        self.nodes = maker.nodes
        self.pods = maker.pods
        self.groups = maker.groups
    }

    public var snapshot: ClusterSnapshot {
        ClusterSnapshot(nodes: self.nodes, pods: self.pods, groups: self.groups, topology: Self.topology)
    }

    /// The same world, its objects given in another order.
    public func shuffledSnapshot() -> ClusterSnapshot {
        var generator = SeededGenerator(seed: ~self.seed)
        return ClusterSnapshot(
            nodes: generator.shuffled(self.nodes), pods: generator.shuffled(self.pods),
            groups: generator.shuffled(self.groups), topology: Self.topology)
    }
}
