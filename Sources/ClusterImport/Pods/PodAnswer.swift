import KubernetesAPI
import SchedulingModel

/// What was made of a pod, and what that rested on besides the pod.
struct PodAnswer {
    let outcome: PodImport.Outcome
    private let basis: Int
    /// Nil where they were not looked at.
    private let volumes: Int?
    private let namespaces: Int?
    /// The nodes that were looked at, whether they are there or not.
    private let nodes: [(name: String, stamp: Int)]
    /// The directory in which all of these were as they are here.
    private var directoryStamp: Int

    init(_ outcome: PodImport.Outcome, of pod: Pod, in context: PodContext, _ directory: NodeDirectory) {
        self.outcome = outcome
        self.basis = context.basisStamp
        self.volumes = VolumeIndex.claims(of: pod).isEmpty ? nil : context.volumesStamp
        self.namespaces = Self.selectsNamespaces(pod.spec.affinity) ? context.namespacesStamp : nil
        self.nodes = directory.takeAsked()
        self.directoryStamp = directory.stamp
    }

    /// Whether a new look would give the same.
    mutating func holds(in context: PodContext, _ directory: NodeDirectory) -> Bool {
        guard self.basis == context.basisStamp, self.volumes == nil || self.volumes == context.volumesStamp,
            self.namespaces == nil || self.namespaces == context.namespacesStamp
        else { return false }
        if self.directoryStamp != directory.stamp {
            guard self.nodes.allSatisfy({ directory.stamp(of: $0.name) == $0.stamp }) else { return false }
            self.directoryStamp = directory.stamp
        }
        return true
    }

    private static func selectsNamespaces(_ affinity: Affinity?) -> Bool {
        guard let affinity else { return false }
        return (affinity.requiredPods + affinity.requiredAntiPods).contains { $0.namespaceSelector != nil }
            || (affinity.preferredPods + affinity.preferredAntiPods).contains { $0.term.namespaceSelector != nil }
    }
}

/// What pods' answers rest on besides pods and nodes. Each part has a number that is another one whenever the part is.
struct PodContext {
    private(set) var basisStamp = 0
    private(set) var volumesStamp = 0
    private(set) var namespacesStamp = 0
    private var configuration: BerthConfiguration?
    private var priorityClasses: [PriorityClass] = []
    private var claims: [PersistentVolumeClaim] = []
    private var volumes: [PersistentVolume] = []
    private var storageClasses: [StorageClass] = []
    private var namespaces: [Namespace] = []
    private var podNamespaces: Set<String> = []

    mutating func update(_ cluster: WireCluster, podNamespaces: Set<String>, _ configuration: BerthConfiguration) {
        if self.configuration != configuration || self.priorityClasses != cluster.priorityClasses {
            self.basisStamp += 1
            self.configuration = configuration
            self.priorityClasses = cluster.priorityClasses
        }
        if self.claims != cluster.claims || self.volumes != cluster.volumes
            || self.storageClasses != cluster.storageClasses
        {
            self.volumesStamp += 1
            self.claims = cluster.claims
            self.volumes = cluster.volumes
            self.storageClasses = cluster.storageClasses
        }
        if self.namespaces != cluster.namespaces || self.podNamespaces != podNamespaces {
            self.namespacesStamp += 1
            self.namespaces = cluster.namespaces
            self.podNamespaces = podNamespaces
        }
    }
}

/// A node and the number that is another one whenever the node is. By reference: a node is much to copy.
private final class KnownNode {
    let node: ImportedNode
    let stamp: Int

    init(_ node: ImportedNode, stamp: Int) {
        self.node = node
        self.stamp = stamp
    }
}

/// The nodes of one import by name, and which of them were asked for.
final class NodeDirectory {
    /// Another one whenever any node is.
    let stamp: Int
    private let nodes: [String: KnownNode]
    private var asked: [String] = []

    fileprivate init(_ nodes: [String: KnownNode], stamp: Int) {
        self.nodes = nodes
        self.stamp = stamp
    }

    subscript(_ name: String) -> ImportedNode? {
        self.note(name)
        return self.nodes[name]?.node
    }

    /// Counts as asked for, too.
    func contains(_ name: String) -> Bool {
        self.note(name)
        return self.nodes[name] != nil
    }

    private func note(_ name: String) {
        if !self.asked.contains(name) { self.asked.append(name) }
    }

    /// 0 for a node that is not there.
    func stamp(of name: String) -> Int { self.nodes[name]?.stamp ?? 0 }

    var states: [NodeState] { self.nodes.values.map(\.node.state) }

    func forgetAsked() { self.asked.removeAll(keepingCapacity: true) }

    /// What was asked for since it was forgotten.
    fileprivate func takeAsked() -> [(name: String, stamp: Int)] {
        let asked = self.asked.map { (name: $0, stamp: self.stamp(of: $0)) }
        self.asked.removeAll(keepingCapacity: true)
        return asked
    }
}

/// Which nodes there were, from one import to the next.
struct NodeContext {
    private var nodes: [String: KnownNode] = [:]
    private var lastStamp = 0

    /// A node that is as it was keeps its number.
    mutating func update(_ imported: [(name: String, node: ImportedNode)]) -> NodeDirectory {
        let stamp = self.lastStamp + 1
        var nodes: [String: KnownNode] = [:]
        nodes.reserveCapacity(imported.count)
        var sameCount = 0
        for (name, node) in imported {
            if let known = self.nodes[name], known.node == node {
                nodes[name] = known
                sameCount += 1
            } else {
                nodes[name] = KnownNode(node, stamp: stamp)
            }
        }
        if sameCount != imported.count || sameCount != self.nodes.count { self.lastStamp = stamp }
        self.nodes = nodes
        return NodeDirectory(nodes, stamp: self.lastStamp)
    }
}
