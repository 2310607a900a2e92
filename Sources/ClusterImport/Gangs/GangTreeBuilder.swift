import KubernetesAPI
import SchedulingModel

/// Builds the tree of one gang from what its members and its objects say.
struct GangTreeBuilder {
    /// One member and the subgroups it is in, from the group that is being built down.
    struct Entry {
        let pod: Pod
        var path: ArraySlice<String>
    }

    let conventions: GangConventions
    let identity: GangIdentity
    /// What could not be taken as it was declared.
    private(set) var notes: [GangNote] = []

    init(conventions: GangConventions, identity: GangIdentity) {
        self.conventions = conventions
        self.identity = identity
    }

    /// - Parameter entries: All members, sorted by key.
    /// - Returns: Nil where the pods are no gang after all.
    mutating func build(_ entries: [Entry]) -> GangNode? {
        guard var root = self.node(named: self.identity.name, path: [], entries) else { return nil }
        root.addWishes(self.conventions.topology)
        root.collapse()
        let isAlone = root.children.isEmpty && root.members.count == 1 && root.minMember <= 1
        guard !(isAlone && self.identity.source.isInferred) else { return nil }
        return root
    }

    private mutating func node(named name: String, path: [String], _ entries: [Entry]) -> GangNode? {
        let parts = Self.parts(entries)
        let members = entries.map(\.pod)
        let declaration = self.conventions.declaration(
            self.identity, path: path, members: members, childCount: parts.count)
        guard declaration.isGang else { return nil }
        self.note(declaration, path: path, members: members)
        var node = GangNode(
            name: name, minMember: 0, desiredMembers: declaration.desiredMembers, topology: declaration.topology,
            exclusiveAxis: declaration.exclusiveAxis, problem: declaration.problem)
        guard parts.isEmpty else {
            for (part, entries) in parts {
                if let child = self.node(named: part, path: path + [part], entries) { node.children.append(child) }
            }
            node.minMember = declaration.minMember ?? node.children.count
            node.desiredMembers = declaration.desiredMembers ?? node.children.count
            return node
        }
        self.fill(&node, with: members, declaration)
        return node
    }

    /// Members by the next subgroup on their way, sorted by its name. None where all members are of the group itself;
    /// those that are so beside others form a subgroup of their own.
    private static func parts(_ entries: [Entry]) -> [(String, [Entry])] {
        guard entries.contains(where: { !$0.path.isEmpty }) else { return [] }
        let parts = Dictionary(grouping: entries) { $0.path.first ?? "others" }
        return parts.sorted { $0.key < $1.key }.map { name, entries in
            (name, entries.map { Entry(pod: $0.pod, path: $0.path.dropFirst()) })
        }
    }

    private func fill(_ node: inout GangNode, with pods: [Pod], _ declaration: GangDeclaration) {
        let ranks = RankHint.ranks(pods.map(RankHint.init))
        let wishes = pods.map(self.conventions.wish)
        node.members = pods.indices.map { GangNode.Member(pod: pods[$0], wish: wishes[$0], rank: ranks[$0]) }
        // Our own annotations stand above every convention; where members differ, the largest number counts.
        let ownMinimum = Self.largest(GangKeys.Berth.minMember, pods)
        let ownSize = Self.largest(GangKeys.Berth.groupSize, pods)
        node.minMember = ownMinimum ?? ownSize ?? declaration.minMember ?? pods.count
        node.desiredMembers = ownSize ?? declaration.desiredMembers
        if let chunks = declaration.chunks {
            node.divide(chunks)
        } else if let wish = wishes.first(where: { $0.chunks != nil }), var chunks = wish.chunks {
            let axis = wish.sliceLevel.map(self.conventions.topology.axis(named:))
            chunks.topology = axis.map { [TopologyConstraint(axis: $0, isRequired: true)] } ?? []
            node.divide(chunks)
        }
    }

    private static func largest(_ annotation: String, _ pods: [Pod]) -> Int? {
        pods.lazy.compactMap { $0.metadata.annotations[annotation].flatMap(Int.init(index:)) }.max()
    }

    private mutating func note(_ declaration: GangDeclaration, path: [String], members: [Pod]) {
        guard let first = members.first else { return }
        let name = path.last ?? self.identity.name
        if let kind = declaration.missingObject {
            let size = declaration.minMember ?? members.count
            self.notes.append(
                GangNote(
                    pod: first, found: "\(kind) \(self.identity.namespace)/\(name), which is not in the input",
                    expected:
                        "the \(kind) in the input; the gang is taken to need \(size) of the \(members.count) pods seen")
            )
        }
        if let simplification = declaration.simplification {
            self.notes.append(
                GangNote(pod: first, found: simplification, expected: "a sum; only minMember is taken into account"))
        }
    }
}

/// Something to tell about a gang, at one of its pods.
struct GangNote {
    let pod: Pod
    let found: String
    let expected: String
}

extension PodGroup.Source {
    /// Whether gangs of this kind follow from what a workload is, without anybody having asked for one.
    var isInferred: Bool {
        switch self {
        case .leaderWorkerSet, .jobSet, .kubeflow, .ray, .job: true
        case .berth, .schedulerPlugins, .volcano, .kubernetes, .kueue, .koordinator, .kai, .yunikorn, .workload: false
        }
    }

    /// Which gang keeps its plain name where two have the same: the order of the conventions.
    var precedence: Int {
        switch self {
        case .berth: 0
        case .kubernetes: 1
        case .workload: 2
        case .schedulerPlugins: 3
        case .volcano: 4
        case .kueue: 5
        case .koordinator: 6
        case .kai: 7
        case .yunikorn: 8
        case .leaderWorkerSet: 9
        case .jobSet: 10
        case .kubeflow: 11
        case .ray: 12
        case .job: 13
        }
    }
}

extension GangConventions {
    /// What the pod's own annotations wish for, else those of the object that made it.
    func wish(of pod: Pod) -> TopologyWish {
        let own = TopologyWish(pod.metadata.annotations)
        guard own.isEmpty, !self.catalog.annotations.isEmpty else { return own }
        for owner in self.owners(of: pod) {
            guard let annotations = self.catalog.annotations[owner] else { continue }
            let wish = TopologyWish(annotations)
            if !wish.isEmpty { return wish }
        }
        return own
    }

    /// Nearest first.
    private func owners(of pod: Pod) -> [WorkloadID] {
        let (namespace, labels) = (pod.metadata.planNamespace, pod.metadata.labels)
        let controller = pod.metadata.controller.map { ($0.kind, $0.name) }
        let named = [
            labels[JobSetKeys.jobSetName].map { ("JobSet", $0) },
            labels[LeaderWorkerSetKeys.name].map { ("LeaderWorkerSet", $0) },
            labels[RayKeys.cluster].map { ("RayCluster", $0) },
        ]
        return ([controller] + named).compactMap(\.self).map {
            WorkloadID(namespace: namespace, kind: $0.0, name: $0.1)
        }
    }
}
