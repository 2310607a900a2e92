// Built by Scripts/fuzz.sh with the modules it imports, all of them instrumented.
import ClusterImport
import KubernetesAPI

/// One run: bytes as a manifest, every object decoded as every kind, all of them imported as one cluster, every short line
/// as a quantity. Whatever the bytes, this must return: no trap, no memory error, no endless loop.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzManifest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let bytes = UnsafeRawBufferPointer(start: start, count: count)
    let contents = ManifestReader.read(bytes, file: "fuzz")
    for finding in contents.findings { blackHole(finding.description) }
    for object in contents.objects.prefix(16) { decode(object) }
    for finding in ClusterImporter().importCluster(contents.objects).findings { blackHole(finding.description) }
    for line in bytes.split(separator: 0x0a, maxSplits: 64) where line.count < 128 {
        checkQuantity(String(decoding: line, as: UTF8.self))
    }
    return 0
}

private func decode(_ object: ManifestObject) {
    var findings: [Finding] = []
    func read(_ types: any ObjectReadable.Type...) {
        for type in types { blackHole(object.read(any: type, into: &findings)) }
    }
    read(
        Pod.self, Node.self, PersistentVolume.self, PersistentVolumeClaim.self, StorageClass.self, PriorityClass.self,
        Namespace.self, PodTemplateSpec.self, Job.self, JobSet.self, LeaderWorkerSet.self, TrainingJob.self,
        RayCluster.self, ReplicaWorkload.self, StatefulSet.self, VolcanoJob.self, VolcanoPodGroup.self, HyperNode.self,
        KubernetesPodGroup.self, KubernetesWorkload.self, CoschedulingPodGroup.self, KAIPodGroup.self)
    for finding in findings { blackHole(finding.description) }
}

private func checkQuantity(_ text: String) {
    guard let quantity = try? Quantity(parsing: text) else { return }
    let (up, down) = (quantity.units(rounding: .up), quantity.units(rounding: .down))
    precondition(up >= down && up.subtractingReportingOverflow(down).partialValue <= 1, "\(text): \(down) to \(up)")
    blackHole(quantity.thousandths(rounding: .up))
    blackHole(quantity.thousandths(rounding: .down))
}

/// Keeps the optimiser from dropping what nobody reads.
@inline(never)
private func blackHole<Value>(_: Value) {}

extension ManifestObject {
    fileprivate func read(any type: any ObjectReadable.Type, into findings: inout [Finding]) -> (any ObjectReadable)? {
        self.read(type, into: &findings)
    }
}
