import ClusterImport
import KubernetesAPI
import SchedulingModel
import TestSupport
import Testing

/// Input that no API server would accept must end in findings, never in a trap.
@Suite("Mutated input")
struct MutatedInputTests {
    private static let manifest = #"""
        {"apiVersion":"v1","kind":"List","items":[
        {"apiVersion":"v1","kind":"Node","metadata":{"name":"a","labels":{"nvidia.com/gpu.product":"Tesla-T4-SHARED",
        "nvidia.com/gpu.count":"4","nvidia.com/gpu.replicas":"4","nvidia.com/gpu.memory":"15360",
        "nvidia.com/gpu.sharing-strategy":"mps","rack":"r1","nvidia.com/gpu.clique":"u.1"},"annotations":
        {"hami.io/node-nvidia-register":"A,10,16384,100,T,0,true:"}},"spec":{"unschedulable":false,
        "taints":[{"key":"k","value":"v","effect":"NoSchedule"}]},"status":{"allocatable":{"cpu":"4","pods":"10",
        "nvidia.com/gpu":"16","aliyun.com/gpu-mem":"30","aliyun.com/gpu-count":"2","volcano.sh/vgpu-number":"10",
        "koordinator.sh/gpu-core":"200"},"conditions":[{"type":"Ready","status":"True"}]}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"d","annotations":
        {"berth.dev/gpu-memory-mib":"7000","berth.dev/devices":"nvidia.com/gpu=0"}},"spec":{"nodeName":"a","containers":
        [{"name":"c","resources":{"limits":{"nvidia.com/gpu":"1","nvidia.com/gpumem":"100"}}}]}},
        {"apiVersion":"v1","kind":"Pod","metadata":{"name":"q","namespace":"d"},"spec":{"priority":5,"containers":
        [{"name":"c","ports":[{"hostPort":80}],"resources":{"limits":{"koordinator.sh/gpu":"50","cpu":"1"}}}],
        "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"rack","whenUnsatisfiable":"DoNotSchedule"}],
        "overhead":{"cpu":"1m"},"resources":{"requests":{"memory":"1Gi"}},"volumes":[{"name":"v",
        "persistentVolumeClaim":{"claimName":"c"}}]}}]}
        """#

    private static let replacements = [
        "-1", "0", "1e308", "9223372036854775807", "-9223372036854775808", "\"9223372036854775807\"", "\"-1\"",
        "\"NaN\"", "\"1e18\"", "\"9223372036854775807,1\"", "\"\"", "null", "[]", "{}", "true", "\"a\"",
        "\"9999999999E\"", "\"0.0001\"",
    ]

    /// The scalars of the manifest that are values, as ranges of its bytes.
    private static let scalars: [Range<Int>] = {
        let bytes = Array(Self.manifest.utf8)
        var ranges: [Range<Int>] = []
        var position = 0
        while position < bytes.count {
            let start = position
            if bytes[position] == UInt8(ascii: "\"") {
                position += 1
                while bytes[position] != UInt8(ascii: "\"") { position += 1 }
                position += 1
                if position < bytes.count, bytes[position] != UInt8(ascii: ":") { ranges.append(start..<position) }
            } else {
                position += 1
            }
        }
        return ranges
    }()

    @Test("any value replaced by any other ends in a snapshot whose books can be kept", .longCalculation)
    func mutations() {
        let bytes = Array(Self.manifest.utf8)
        for range in Self.scalars {
            for replacement in Self.replacements {
                let text =
                    Array(bytes[..<range.lowerBound]) + Array(replacement.utf8) + Array(bytes[range.upperBound...])
                let cluster = ClusterImporter().importCluster(ManifestReader.read(text, file: "m").objects)
                for ledgers in cluster.ledgers().values {
                    for ledger in ledgers { #expect(ledger.freeSlotCount >= 0) }
                }
                for pod in cluster.snapshot.pods { #expect(pod.requests.entries.allSatisfy { $0.amount >= 0 }) }
            }
        }
    }
}
