import ClusterImport
import PlanReport

@testable import Berth

/// Small manifests as JSON text, and runs of `berth plan` on them.
enum Manifest {
    static func node(_ name: String, gpus: Int = 8) -> String {
        """
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"\(name)","labels":{"kubernetes.io/hostname":"\(name)",\
        "nvidia.com/gpu.product":"NVIDIA-H100-80GB-HBM3","nvidia.com/gpu.memory":"81559","nvidia.com/gpu.count":"8"}},\
        "spec":{},"status":{"allocatable":{"cpu":"96","memory":"1000Gi","pods":"110","nvidia.com/gpu":"\(gpus)"},\
        "conditions":[{"type":"Ready","status":"True"}]}}
        """
    }

    /// - Parameters:
    ///   - gpus: As it stands in the manifest, quoted where it is a string.
    ///   - more: Further members of `spec`, each followed by a comma.
    static func pod(_ name: String, gpus: String, more: String = "", annotations: String = "{}") -> String {
        """
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\(name)","namespace":"ml","annotations":\(annotations),\
        "creationTimestamp":"2026-11-23T20:00:00Z"},"spec":{\(more)"containers":[{"name":"main","image":"x",\
        "resources":{"requests":{"cpu":"1","nvidia.com/gpu":\(gpus)},"limits":{"nvidia.com/gpu":\(gpus)}}}]},\
        "status":{"phase":"Pending"}}
        """
    }

    static func list(_ objects: [String]) -> String {
        #"{"apiVersion":"v1","kind":"List","items":["# + objects.joined(separator: ",") + "]}"
    }

    static func file(_ text: String, name: String = "cluster.json") -> InputFile {
        InputFile(name: name, bytes: Array(text.utf8))
    }

    static func plan(_ text: String, _ request: PlanRun.Request = Self.json) -> CommandResponse {
        PlanRun(request: request).respond(to: [Self.file(text)])
    }

    static let json = PlanRun.Request(output: .json)
    static let table = PlanRun.Request(output: .table)
}
