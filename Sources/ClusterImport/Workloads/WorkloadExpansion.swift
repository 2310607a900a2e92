public import KubernetesAPI
import SchedulingModel

/// Makes the pods that controllers would make now from the workload objects of an input.
///
/// A pod that is in the input is never made a second time, and an object that another one of the input makes (a
/// ReplicaSet of a Deployment, a Job of a JobSet) is counted once. Suspended and finished workloads make no pods. Where
/// a controller appends random letters to a name, the pod gets the first free number instead: `chat-0`, `chat-1`.
public enum WorkloadExpansion {
    /// A workload that asks for more pods is refused: nobody means it, and it would cost the memory of all others.
    public static let maximumPodsPerObject = 200_000
    /// All workloads of an input together.
    public static let maximumPods = 400_000

    /// - Parameters:
    ///   - objects: All kinds, each object once, in any order; kinds that make no pods are passed over.
    ///   - existingPods: All pods of the input, those that have run to their end too.
    /// - Returns: The pods that are missing, sorted by namespace and name. The same whatever the order of the input.
    public static func expand(
        _ objects: [ManifestObject], existingPods: @autoclosure () -> [Pod], findings: inout [Finding]
    ) -> [Pod] {
        let workloads = objects.compactMap(WorkloadObject.init).sorted(by: <)
        guard !workloads.isEmpty else { return [] }
        var expander = WorkloadExpander(
            existing: ExistingPods(existingPods()), workloads: workloads, claims: self.claims(objects))
        for workload in workloads { expander.expand(workload) }
        findings += expander.findings
        return expander.pods.sorted { lhs, rhs in
            (lhs.metadata.planNamespace, lhs.metadata.name) < (rhs.metadata.planNamespace, rhs.metadata.name)
        }
    }

    private static func claims(_ objects: [ManifestObject]) -> Set<PodKey> {
        var claims: Set<PodKey> = []
        for object in objects where object.kind == "PersistentVolumeClaim" {
            let metadata = object.value["metadata"]
            guard let name = metadata?["name"]?.string else { continue }
            claims.insert(PodKey(namespace: metadata?["namespace"]?.string?.nonEmpty ?? "default", name: name))
        }
        return claims
    }
}

extension ObjectMeta {
    /// `default` where the manifest leaves the namespace to the command line.
    var planNamespace: String { self.namespace ?? "default" }
}
