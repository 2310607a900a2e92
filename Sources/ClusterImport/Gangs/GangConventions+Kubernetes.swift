import KubernetesAPI
import SchedulingModel

/// Kubernetes' own gang API: `spec.schedulingGroup` since 1.36, `spec.workloadRef` in 1.35.
extension GangConventions {
    func kubernetesClaim(_ name: String, _ pod: Pod) -> GangClaim {
        let namespace = pod.metadata.planNamespace
        var path = [name]
        var parent = self.catalog.kubernetes[PodGroupKey(namespace: namespace, name: name)]?.parentName
        while let name = parent, !path.contains(name), path.count <= Self.maximumDepth {
            path.insert(name, at: 0)
            parent = self.catalog.composites[PodGroupKey(namespace: namespace, name: name)]?.parentName
        }
        return GangClaim(identity: pod.identity(.kubernetes, path[0]), path: Array(path.dropFirst()))
    }

    func kubernetes(_ group: GangGroup) -> GangDeclaration {
        let name = group.path.last ?? group.identity.name
        let key = PodGroupKey(namespace: group.identity.namespace, name: name)
        let isComposite = group.childCount > 0
        guard let declared = isComposite ? self.catalog.composites[key] : self.catalog.kubernetes[key] else {
            return isComposite
                ? GangDeclaration(missingObject: "CompositePodGroup") : self.missingObject("PodGroup", group)
        }
        return self.declaration(
            declared.policy, keys: declared.topologyKeys, isUnreadable: declared.hasErrors, of: group)
    }

    func kubernetesWorkload(_ group: GangGroup) -> GangDeclaration {
        let parts = group.identity.discriminator.split(separator: "/").map(String.init)
        guard parts.count > 1,
            let workload = self.catalog.kubernetesWorkloads[
                PodGroupKey(namespace: group.identity.namespace, name: parts[0])],
            let declared = workload.groups.first(where: { $0.name == parts[1] })
        else { return self.missingObject("Workload", group) }
        return self.declaration(declared.policy, keys: declared.topologyKeys, isUnreadable: false, of: group)
    }

    /// A basic policy is no gang; with a topology constraint its pods still belong together, each of them enough.
    private func declaration(
        _ policy: GangPolicy, keys: [String], isUnreadable: Bool, of group: GangGroup
    ) -> GangDeclaration {
        var declaration = GangDeclaration()
        declaration.topology = keys.map { TopologyConstraint(axis: self.topology.axis(named: $0), isRequired: true) }
        switch policy {
        case .basic:
            declaration.minMember = group.childCount == 0 ? 1 : 0
            declaration.isGang = !keys.isEmpty || group.childCount > 0 || !group.path.isEmpty
        case .gang(let minCount):
            declaration.minMember = minCount.map { max(1, $0) }
            if isUnreadable, minCount == nil { declaration.problem = "the PodGroup's minCount cannot be read" }
        }
        if group.childCount == 0 {
            declaration.desiredMembers = self.workloadDeclaration(of: group.members)?.desiredMembers
        }
        return declaration
    }
}
