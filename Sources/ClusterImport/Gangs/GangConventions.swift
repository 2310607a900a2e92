import KubernetesAPI
import SchedulingModel

/// All conventions by which a pod names its gang, in the order in which they count.
///
/// A pod often follows several: a PyTorchJob's pods carry the label of a PodGroup too. The first decides the gang; the
/// later ones that tell of a workload are asked for its size where the first cannot say.
struct GangConventions {
    let catalog: GangCatalog
    let topology: Topology

    /// The gang that the pod declares or that its workload implies; nil for a pod of its own.
    func claim(of pod: Pod) -> GangClaim? { self.declaredClaim(of: pod) ?? self.workloadClaim(of: pod) }

    /// A membership that is spelled out on the pod.
    private func declaredClaim(of pod: Pod) -> GangClaim? {
        let (labels, annotations) = (pod.metadata.labels, pod.metadata.annotations)
        if let name = annotations[GangKeys.Berth.podGroup]?.nonEmpty ?? labels[GangKeys.Berth.podGroup]?.nonEmpty {
            return Self.ownClaim(name, pod)
        }
        if let name = pod.spec.schedulingGroupName?.nonEmpty { return self.kubernetesClaim(name, pod) }
        if let reference = pod.spec.workloadReference {
            let parts = [reference.name, reference.podGroup, reference.podGroupReplicaKey].compactMap(\.self)
            return GangClaim(
                identity: pod.identity(.workload, parts.joined(separator: "-"), parts.joined(separator: "/")))
        }
        if let name = labels[GangKeys.SchedulerPlugins.podGroup]?.nonEmpty {
            return GangClaim(identity: pod.identity(.schedulerPlugins, name))
        }
        if let name = annotations[VolcanoKeys.groupName]?.nonEmpty { return self.volcanoClaim(name, pod) }
        if let name = labels[GangKeys.Kueue.podGroup]?.nonEmpty {
            return GangClaim(identity: pod.identity(.kueue, name))
        }
        if let name = annotations[GangKeys.Koordinator.name]?.nonEmpty { return Self.koordinatorClaim(name, pod) }
        if let name = annotations[GangKeys.KAI.podGroup]?.nonEmpty { return self.kaiClaim(name, pod) }
        return Self.yuniKornClaim(pod)
    }

    /// A membership that follows from the workload the pod is part of.
    func workloadClaim(of pod: Pod) -> GangClaim? {
        self.leaderWorkerSetClaim(pod) ?? self.jobSetClaim(pod) ?? self.trainingJobClaim(pod) ?? self.rayClaim(pod)
            ?? self.jobClaim(pod)
    }

    /// What is known about the group at `path` of a gang.
    ///
    /// - Parameters:
    ///   - members: All pods at or below the group that were seen, sorted by key.
    ///   - childCount: Subgroups that were seen; 0 for a group of pods.
    func declaration(
        _ identity: GangIdentity, path: [String], members: [Pod], childCount: Int
    ) -> GangDeclaration {
        let group = GangGroup(identity: identity, path: path, members: members, childCount: childCount)
        switch identity.source {
        case .berth: return GangDeclaration()
        case .schedulerPlugins: return self.coscheduling(group)
        case .volcano: return self.volcano(group)
        case .kubernetes: return self.kubernetes(group)
        case .workload: return self.kubernetesWorkload(group)
        case .kueue: return Self.kueue(group)
        case .koordinator: return Self.koordinator(group)
        case .kai: return self.kai(group)
        case .yunikorn: return Self.yuniKorn(group)
        case .leaderWorkerSet: return self.leaderWorkerSet(group)
        case .jobSet: return self.jobSet(group)
        case .kubeflow: return self.trainingJob(group)
        case .ray: return self.ray(group)
        case .job: return self.job(group)
        }
    }

    /// What the members' workload says about the size, where all are of one.
    func workloadDeclaration(of members: [Pod]) -> GangDeclaration? {
        var identity: GangIdentity?
        for member in members {
            guard let claim = self.workloadClaim(of: member), claim.path.isEmpty,
                identity == nil || identity == claim.identity
            else { return nil }
            identity = claim.identity
        }
        guard let identity else { return nil }
        return self.declaration(identity, path: [], members: members, childCount: 0)
    }
}

/// One group of a gang while it is being resolved.
struct GangGroup {
    let identity: GangIdentity
    let path: [String]
    /// Sorted by key.
    let members: [Pod]
    let childCount: Int

    var key: PodGroupKey { PodGroupKey(namespace: self.identity.namespace, name: self.identity.name) }

    /// The number in the first member's annotation that has one.
    func count(inAnnotation key: String) -> Int? {
        for member in self.members {
            if let number = member.metadata.annotations[key].flatMap(Int.init(index:)) { return number }
        }
        return nil
    }
}

extension PodGroup.Source {
    /// Whether the claim of a pod also follows from objects that declare groups. Of the others it follows from the pod alone, which must stay so:
    /// it is not asked a second time while the pod is the same.
    var asksTheCatalog: Bool {
        switch self {
        case .kubernetes, .kai, .volcano: true
        case .berth, .schedulerPlugins, .kueue, .koordinator, .yunikorn, .workload, .leaderWorkerSet, .jobSet,
            .kubeflow, .ray,
            .job:
            false
        }
    }
}

extension Pod {
    var key: PodKey { PodKey(namespace: self.metadata.planNamespace, name: self.metadata.name) }

    func identity(_ source: PodGroup.Source, _ name: String, _ discriminator: String = "") -> GangIdentity {
        GangIdentity(
            namespace: self.metadata.planNamespace, source: source, name: name, discriminator: discriminator)
    }
}

extension String {
    var nonEmpty: String? { self.isEmpty ? nil : self }
}
