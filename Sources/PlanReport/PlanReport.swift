public import SchedulingModel

/// A plan and the snapshot it was made from, ready to be told.
///
/// Equal plans of equal snapshots give equal bytes on any machine: nothing here looks at a clock, a locale, an
/// environment or the order of a hash table. Text is made in this module and nowhere before.
public struct PlanReport: Sendable {
    public let plan: Plan
    public let snapshot: ClusterSnapshot
    /// Objects of the input that were passed over because their kind says nothing to a planner, counted per kind.
    public let ignoredObjects: [String: Int]
    /// Nil where no pool is declared.
    public var purchases: PurchaseReport?

    let reasons: ReasonText
    private let topLevelGroups: [PodGroupKey: PodGroupKey]
    private let placements: [PodGroupKey: GroupPlacement]

    public init(plan: Plan, snapshot: ClusterSnapshot, ignoredObjects: [String: Int] = [:]) {
        self.plan = plan
        self.snapshot = snapshot
        self.ignoredObjects = ignoredObjects
        self.reasons = ReasonText(snapshot: snapshot)
        self.topLevelGroups = Self.topLevelGroups(of: snapshot.groups)
        self.placements = Dictionary(plan.groups.map { ($0.group, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The top-level group of a pod, or nil for a pod on its own.
    func topLevelGroup(of key: PodKey) -> PodGroupKey? {
        guard let index = self.snapshot.podIndex(of: key), let leaf = self.snapshot.pods[index].group else {
            return nil
        }
        return self.topLevelGroups[leaf] ?? leaf
    }

    func placement(of group: PodGroupKey) -> GroupPlacement? {
        self.placements[group]
    }

    func pod(_ key: PodKey) -> PodState? {
        self.snapshot.podIndex(of: key).map { self.snapshot.pods[$0] }
    }

    func node(_ name: NodeName) -> NodeState? {
        self.snapshot.nodeIndex(of: name).map { self.snapshot.nodes[$0] }
    }

    /// Climbs each group's parents; a chain that never ends stops where it meets itself.
    private static func topLevelGroups(of groups: [PodGroup]) -> [PodGroupKey: PodGroupKey] {
        let parents = Dictionary(groups.map { ($0.key, $0.parent) }, uniquingKeysWith: { first, _ in first })
        var tops: [PodGroupKey: PodGroupKey] = [:]
        for group in groups {
            var (top, seen) = (group.key, Set([group.key]))
            while let parent = parents[top] ?? nil, seen.insert(parent).inserted { top = parent }
            tops[group.key] = top
        }
        return tops
    }
}
