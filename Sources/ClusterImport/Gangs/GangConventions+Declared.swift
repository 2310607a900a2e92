import KubernetesAPI
import SchedulingModel

extension GangConventions {
    /// Subgroups deeper than this are taken together.
    static let maximumDepth = 8

    /// `trainer` names a gang, `trainer/prefill` a subgroup of it.
    static func ownClaim(_ name: String, _ pod: Pod) -> GangClaim {
        let parts = name.split(separator: "/").map(String.init)
        return GangClaim(
            identity: pod.identity(.berth, parts.first ?? name),
            path: Array(parts.dropFirst().prefix(Self.maximumDepth)))
    }

    // MARK: Coscheduling

    func coscheduling(_ group: GangGroup) -> GangDeclaration {
        guard let declared = self.catalog.coscheduling[group.key] else { return self.missingObject("PodGroup", group) }
        var declaration = GangDeclaration(
            minMember: declared.minMember.map { max(1, $0) },
            desiredMembers: self.workloadDeclaration(of: group.members)?.desiredMembers)
        declaration.topology = TopologyWish(declared.metadata.annotations).constraints(self.topology)
        if declared.hasErrors, declared.minMember == nil {
            declaration.problem = "the PodGroup's minMember cannot be read"
        }
        return declaration
    }

    /// The object that a pod names is not in the input: its workload may know the size, else what was seen counts.
    func missingObject(_ kind: String, _ group: GangGroup) -> GangDeclaration {
        var declaration = self.workloadDeclaration(of: group.members) ?? GangDeclaration()
        declaration.isGang = true
        declaration.missingObject = kind
        return declaration
    }

    // MARK: Kueue

    static func kueue(_ group: GangGroup) -> GangDeclaration {
        let total = group.count(inAnnotation: GangKeys.Kueue.totalCount)
        return GangDeclaration(minMember: total, desiredMembers: total)
    }

    // MARK: Koordinator

    /// Gangs that are named together in `groups` (a JSON array of `namespace/name`) start together.
    static func koordinatorClaim(_ name: String, _ pod: Pod) -> GangClaim {
        let annotation = pod.metadata.annotations[GangKeys.Koordinator.groups] ?? ""
        let own = "\(pod.metadata.planNamespace)/\(name)"
        let together = Set(JSONText.elements(annotation).compactMap(\.string)).sorted()
        guard together.count > 1, together.contains(own) else {
            return GangClaim(identity: pod.identity(.koordinator, name))
        }
        let names = together.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        let namespace = together[0].split(separator: "/").first.map(String.init) ?? pod.metadata.planNamespace
        return GangClaim(
            identity: GangIdentity(
                namespace: namespace, source: .koordinator, name: names.joined(separator: "+"),
                discriminator: together.joined(separator: ",")),
            path: [namespace == pod.metadata.planNamespace ? name : "\(pod.metadata.planNamespace).\(name)"])
    }

    static func koordinator(_ group: GangGroup) -> GangDeclaration {
        guard group.childCount == 0 else { return GangDeclaration() }
        return GangDeclaration(
            minMember: group.count(inAnnotation: GangKeys.Koordinator.minAvailable),
            desiredMembers: group.count(inAnnotation: GangKeys.Koordinator.totalNumber))
    }

    // MARK: KAI

    func kaiClaim(_ name: String, _ pod: Pod) -> GangClaim {
        let identity = pod.identity(.kai, name)
        let declared = self.catalog.kai[PodGroupKey(namespace: identity.namespace, name: name)]
        let known = Dictionary((declared?.subgroups ?? []).map { ($0.name, $0) }) { first, _ in first }
        var path: [String] = []
        var next = pod.metadata.labels[GangKeys.KAI.subgroup]?.nonEmpty ?? (known.isEmpty ? nil : "default")
        while let name = next, !path.contains(name), path.count < Self.maximumDepth {
            path.insert(name, at: 0)
            next = known[name]?.parent
        }
        return GangClaim(identity: identity, path: path)
    }

    func kai(_ group: GangGroup) -> GangDeclaration {
        guard let declared = self.catalog.kai[group.key] else {
            return group.path.isEmpty ? self.missingObject("PodGroup", group) : GangDeclaration()
        }
        let subgroup = group.path.last.flatMap { name in declared.subgroups.first { $0.name == name } }
        let isLeaf = group.childCount == 0
        var declaration = GangDeclaration()
        if isLeaf { declaration.minMember = group.path.isEmpty ? declared.minMember : subgroup?.minMember }
        let wish = group.path.isEmpty ? declared.topology : subgroup?.topology
        if let level = wish?.requiredLevel {
            declaration.topology.append(TopologyConstraint(axis: self.topology.axis(named: level), isRequired: true))
        }
        if let level = wish?.preferredLevel {
            declaration.topology.append(TopologyConstraint(axis: self.topology.axis(named: level), isRequired: false))
        }
        if group.path.isEmpty, declared.hasErrors, declared.minMember == nil {
            declaration.problem = "the PodGroup's minMember cannot be read"
        }
        return declaration
    }

    // MARK: YuniKorn

    static func yuniKornClaim(_ pod: Pod) -> GangClaim? {
        guard let taskGroup = pod.metadata.annotations[GangKeys.YuniKorn.taskGroup]?.nonEmpty,
            let application = GangKeys.YuniKorn.applicationIDs.lazy.compactMap({ pod.metadata.labels[$0]?.nonEmpty })
                .first
        else { return nil }
        return GangClaim(identity: pod.identity(.yunikorn, application), path: [taskGroup])
    }

    /// The members' annotation `task-groups` lists every task group of the application.
    static func yuniKorn(_ group: GangGroup) -> GangDeclaration {
        guard let name = group.path.last else { return GangDeclaration() }
        for member in group.members {
            guard let text = member.metadata.annotations[GangKeys.YuniKorn.taskGroups] else { continue }
            let taskGroup = JSONText.elements(text).first { $0["name"]?.string == name }
            guard let minimum = taskGroup?["minMember"]?.integer, (0...Int64(Int32.max)).contains(minimum) else {
                continue
            }
            return GangDeclaration(minMember: Int(minimum))
        }
        return GangDeclaration()
    }
}

/// JSON inside an annotation.
enum JSONText {
    /// The elements of an array; none where the text is anything else.
    static func elements(_ text: String) -> [JSONValue] {
        var text = text
        let document = text.withUTF8 { try? JSONDocument(parsing: UnsafeRawBufferPointer($0)) }
        return document.map { Array($0.root.elements) } ?? []
    }
}
