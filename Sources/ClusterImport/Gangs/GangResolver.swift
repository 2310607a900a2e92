public import KubernetesAPI
public import SchedulingModel

/// Finds out which pods belong together, by every convention in use, and what each group asks for.
///
/// The first convention that a pod follows decides (see `GangConventions`). Members are all pods that are handed in,
/// bound, waiting or held elsewhere; a group that needs more than there are keeps its number, so that the plan can say
/// who is missing. The answer does not depend on the order of objects or pods.
public struct GangResolver: Sendable {
    private let objects: [ManifestObject]
    private let conventions: GangConventions

    /// - Parameter objects: All kinds, each once; kinds that say nothing about gangs are passed over.
    public init(objects: [ManifestObject], topology: Topology) {
        self.objects = objects
        self.conventions = GangConventions(catalog: GangCatalog(objects), topology: topology)
    }

    /// - Parameters:
    ///   - demand: The pods that are to be placed; nil for all that have no node.
    ///   - findings: Gets what is wrong with objects that declare groups, and what gangs with demand name in vain.
    /// - Complexity: O(*p* log *p*) for *p* pods, beside reading the objects.
    public func resolve(
        _ pods: [Pod], demand: Set<PodKey>? = nil, findings: inout [Finding]
    ) -> GangResolution {
        self.resolve(
            pods.lazy.map { ($0, self.conventions.claim(of: $0)) }, demand: demand, memo: GangMemo(),
            findings: &findings)
    }

    /// The same for pods of which it may be known already what they claim.
    func resolve(
        _ pods: [WireCluster.Entry<Pod>], demand: Set<PodKey>, memo: GangMemo, findings: inout [Finding]
    ) -> GangResolution {
        memo.begin(with: self.objects, self.conventions.topology)
        return self.resolve(
            pods.lazy.map { ($0.wire, self.claim(of: $0)) }, demand: demand, memo: memo, findings: &findings)
    }

    private func claim(of entry: WireCluster.Entry<Pod>) -> GangClaim? {
        switch entry.object?.claim {
        case .gang(let claim): return claim
        case .no: return nil
        case nil: break
        }
        let claim = self.conventions.claim(of: entry.wire)
        if claim?.identity.source.asksTheCatalog != true { entry.object?.claim = claim.map { .gang($0) } ?? .no }
        return claim
    }

    private func resolve(
        _ pods: some Sequence<(Pod, GangClaim?)>, demand: Set<PodKey>?, memo: GangMemo, findings: inout [Finding]
    ) -> GangResolution {
        var entries: [GangIdentity: [GangTreeBuilder.Entry]] = [:]
        for (pod, claim) in pods {
            guard let claim, !pod.isTerminal else { continue }
            entries[claim.identity, default: []].append(.init(pod: pod, path: claim.path[...]))
        }
        var (resolution, notes, names) = (GangResolution(), [GangNote](), UniqueNames())
        for (identity, members) in entries.sorted(by: { $0.key < $1.key }) {
            let gang = memo.gang(identity, members) {
                var builder = GangTreeBuilder(conventions: self.conventions, identity: identity)
                let root = builder.build(members.sorted { $0.pod.key < $1.pod.key })
                return (root, builder.notes)
            }
            guard let root = gang.root else { continue }
            if !gang.notes.isEmpty {
                let hasDemand = members.contains { demand?.contains($0.pod.key) ?? ($0.pod.spec.nodeName == nil) }
                if hasDemand { notes += gang.notes }
            }
            let name = names.claim(identity.name, in: identity.namespace, or: identity.source)
            resolution.add(
                root, key: PodGroupKey(namespace: identity.namespace, name: name), parent: nil, identity.source)
        }
        memo.end()
        findings += self.conventions.catalog.findings
        findings += self.findings(about: notes)
        return resolution
    }

    /// A pod's finding stands where the pod was read; that of a pod that was made, where the input begins.
    private func findings(about notes: [GangNote]) -> [Finding] {
        guard !notes.isEmpty else { return [] }
        var origins: [PodKey: ManifestOrigin] = [:]
        for object in self.objects where object.kind == "Pod" {
            let metadata = object.value["metadata"]
            guard let name = metadata?["name"]?.string else { continue }
            let namespace = metadata?["namespace"]?.string?.nonEmpty ?? "default"
            origins[PodKey(namespace: namespace, name: name)] = object.origin
        }
        let fallback = self.objects.map(\.origin).min() ?? ManifestOrigin(file: "input")
        return notes.map { note in
            Finding(
                .warning, origin: origins[note.pod.key] ?? fallback, object: "Pod \(note.pod.key)",
                found: note.found, expected: note.expected)
        }
    }
}

extension GangIdentity {
    /// By namespace, name, then the order of the conventions.
    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.namespace, lhs.name, lhs.source.precedence, lhs.discriminator)
            < (rhs.namespace, rhs.name, rhs.source.precedence, rhs.discriminator)
    }
}

/// Gives every group of a namespace, or of a parent, a name of its own.
struct UniqueNames {
    private var taken: Set<PodGroupKey> = []

    /// The name itself, without slashes; where another has it, with its source behind it, then with a number.
    mutating func claim(_ name: String, in scope: String, or source: PodGroup.Source) -> String {
        let plain = String(name.map { $0 == "/" ? "-" : $0 })
        var candidate = plain
        var attempt = 1
        while !self.taken.insert(PodGroupKey(namespace: scope, name: candidate)).inserted {
            candidate = attempt == 1 ? "\(plain) (\(source.rawValue))" : "\(plain) (\(source.rawValue) \(attempt))"
            attempt += 1
        }
        return candidate
    }
}

extension GangResolution {
    /// Adds the group, the groups below it and their members.
    fileprivate mutating func add(_ node: GangNode, key: PodGroupKey, parent: PodGroupKey?, _ source: PodGroup.Source) {
        self.groups.append(
            PodGroup(
                key: key, parent: parent, source: source, minMember: node.minMember,
                desiredMembers: node.desiredMembers, topology: node.topology, exclusiveAxis: node.exclusiveAxis,
                problem: parent == nil ? node.anyProblem : node.problem))
        for member in node.members {
            self.memberships[member.pod.key] = GangMembership(group: key, rank: member.rank)
        }
        var names = UniqueNames()
        for child in node.children {
            let name = names.claim(child.name, in: "", or: source)
            self.add(
                child, key: PodGroupKey(namespace: key.namespace, name: "\(key.name)/\(name)"), parent: key, source)
        }
    }
}
