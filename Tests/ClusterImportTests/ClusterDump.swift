import ClusterImport
import Foundation
import KubernetesAPI
import SchedulingModel
import Testing

/// The dumps of real API servers that lie beside the repository on developers' machines.
enum ClusterDump {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../shared/fixtures/clusters").standardized

    static var isPresent: Bool { FileManager.default.fileExists(atPath: self.folder.path) }

    static func objects(_ name: String) throws -> ManifestContents {
        let file = self.folder.appending(path: name)
        return ManifestReader.read([UInt8](try Data(contentsOf: file)), file: name)
    }

    static func cluster(_ names: String...) throws -> ImportedCluster {
        let objects = try names.flatMap { try self.objects($0).objects }
        return ClusterImporter().importCluster(objects)
    }
}

extension ImportedCluster {
    /// Ledgers per node with the bound pods' devices booked.
    func ledgers() -> [NodeName: [DeviceLedger]] {
        var ledgers = Dictionary(
            uniqueKeysWithValues: self.snapshot.nodes.map { ($0.name, $0.devicePools.map(DeviceLedger.init(pool:))) })
        for (pod, devices) in self.snapshot.heldDevices() {
            guard let node = self.snapshot.pods[pod].node else { continue }
            ledgers[node]?.take(devices)
        }
        return ledgers
    }

    /// Idle devices of a resource by node, nodes without the resource left out.
    func idle(_ resource: String) -> [String: Int] { self.free(resource, \.idleCount) }

    func freeSlots(_ resource: String) -> [String: Int] { self.free(resource, \.freeSlotCount) }

    private func free(_ resource: String, _ count: (DeviceLedger) -> Int) -> [String: Int] {
        var result: [String: Int] = [:]
        for (node, ledgers) in self.ledgers() {
            for ledger in ledgers where ledger.pool.resource.rawValue == resource {
                result[node.rawValue] = count(ledger)
            }
        }
        return result
    }

    func pool(_ node: String, _ resource: String = "nvidia.com/gpu") -> DevicePool? {
        self.snapshot.nodeIndex(of: NodeName(node))
            .flatMap { self.snapshot.nodes[$0].pool(for: ResourceName(resource)) }
    }

    func pod(_ name: String, namespace: String = "default") -> PodState? {
        self.snapshot.podIndex(of: PodKey(namespace: namespace, name: name)).map { self.snapshot.pods[$0] }
    }

    var pending: [PodState] { self.snapshot.pods.filter { $0.standing == .pending } }
}
