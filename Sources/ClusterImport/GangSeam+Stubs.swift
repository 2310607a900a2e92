import KubernetesAPI
import SchedulingModel

// Stand-ins until Gangs/ and Workloads/ hold the real types of these names. Delete this file then.

enum WorkloadExpansion {
    static func expand(_ objects: [ManifestObject], existingPods: [Pod], findings: inout [Finding]) -> [Pod] { [] }
}

struct GangResolver {
    init(objects: [ManifestObject], topology: Topology) {}

    func resolve(_ pods: [Pod], findings: inout [Finding]) -> GangResolution { GangResolution() }
}
