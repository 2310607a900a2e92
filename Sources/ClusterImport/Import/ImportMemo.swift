import KubernetesAPI
import SchedulingModel

/// What an import found out about single objects, for the next import of a cluster that is mostly the same.
///
///     let memo = ImportMemo()
///     let first = importer.importCluster(objects, memo: memo)
///     let second = importer.importCluster(changedObjects, memo: memo)
///
/// An answer never depends on what a memo holds. What is kept of an object is used again for the very same value only (an object that was read anew
/// is a new one), and what was derived from other objects too, only while those say the same. Without a memo the importer
/// takes an empty one: there is one way to import.
///
/// For one import at a time, and for one configuration.
public final class ImportMemo {
    private var entries: [JSONValue.Identity: ObjectEntry] = [:]
    /// The entries of the last import in the order of their keys, of equal keys all.
    private var order: [ObjectEntry] = []
    private var generation = 0
    var pods = PodContext()
    var nodes = NodeContext()
    let gangs = GangMemo()

    public init() {}

    /// An entry for each object, sorted by key; of equal keys in the order of the input.
    ///
    /// - Complexity: O(*n* + *m* log *m*), *n* objects of which the last import has not seen *m*.
    func entries(for input: [ManifestObject]) -> [ObjectEntry] {
        self.generation += 1
        var new: [ObjectEntry] = []
        for (index, object) in input.enumerated() {
            let identity = object.value.identity
            let entry: ObjectEntry
            if let known = self.entries[identity], known.generation != self.generation, known.object.isSame(as: object)
            {
                entry = known
            } else {
                entry = ObjectEntry(object)
                self.entries[identity] = entry
            }
            // The last import's order does not have it.
            if entry.generation != self.generation - 1 {
                entry.isNew = true
                new.append(entry)
            }
            entry.generation = self.generation
            entry.index = index
        }
        new.sort(by: ObjectEntry.isBefore)
        let known = self.order.filter { $0.generation == self.generation && !$0.isNew }
        self.order = Self.merged(known, new)
        for entry in new { entry.isNew = false }
        self.forgetOld(input.count)
        return self.order
    }

    private static func merged(_ known: [ObjectEntry], _ new: [ObjectEntry]) -> [ObjectEntry] {
        if known.isEmpty { return new }
        var merged: [ObjectEntry] = []
        merged.reserveCapacity(known.count + new.count)
        var next = known.startIndex
        for entry in new {
            let end = Self.end(of: known, from: next, before: entry)
            merged += known[next..<end]
            merged.append(entry)
            next = end
        }
        merged += known[next...]
        return merged
    }

    /// The first index from `start` whose entry comes behind `entry`.
    private static func end(of known: [ObjectEntry], from start: Int, before entry: ObjectEntry) -> Int {
        var (low, high) = (start, known.count)
        while low < high {
            let middle = (low + high) / 2
            if ObjectEntry.isBefore(known[middle], entry) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Entries of objects that are gone are dropped now and then, so that there are never more than twice as many as objects.
    private func forgetOld(_ count: Int) {
        guard self.entries.count > 2 * count + 1024 else { return }
        self.entries = self.entries.filter { $0.value.generation == self.generation }
    }
}

/// What is known of one object.
final class ObjectEntry {
    let object: ManifestObject
    let key: ObjectInventory.Key
    /// Of the last import that saw the object; none before the first.
    fileprivate(set) var generation = -1
    /// Its place in that import's input.
    fileprivate(set) var index = 0
    fileprivate(set) var isNew = false
    /// What it was decoded to, and what was found meanwhile.
    private(set) lazy var decoded = DecodedObject(self.object)
    /// Of a node.
    var node: (topology: Topology, imported: ImportedNode)?
    /// Of a pod.
    var pod: PodAnswer?
    /// Of a pod: the gang it claims, where that follows from the pod alone.
    var claim: KnownClaim?

    enum KnownClaim {
        case no
        case gang(GangClaim)
    }

    init(_ object: ManifestObject) {
        self.object = object
        self.key = ObjectInventory.Key(object)
    }

    static func isBefore(_ lhs: ObjectEntry, _ rhs: ObjectEntry) -> Bool {
        if lhs.key < rhs.key { return true }
        return lhs.index < rhs.index && lhs.key == rhs.key
    }
}

/// An object as the wire type that the import reads of it.
struct DecodedObject {
    enum Wire {
        case node(Node)
        case pod(Pod)
        case namespace(Namespace)
        case priorityClass(PriorityClass)
        case claim(PersistentVolumeClaim)
        case volume(PersistentVolume)
        case budget(PodDisruptionBudget)
        case storageClass(StorageClass)
    }

    /// Nil for what is read elsewhere, for what planning has no use for, and for what cannot be read.
    private(set) var wire: Wire?
    /// Whether planning has a use for the object.
    let isKnownKind: Bool
    private(set) var findings: [Finding] = []

    init(_ object: ManifestObject) {
        self.isKnownKind = KnownKinds.contains(object)
        guard self.isKnownKind else { return }
        switch (object.group, object.kind) {
        case ("", "Node"): self.wire = object.read(Node.self, into: &self.findings).map(Wire.node)
        case ("", "Pod"): self.wire = object.read(Pod.self, into: &self.findings).map(Wire.pod)
        case ("", "Namespace"): self.wire = object.read(Namespace.self, into: &self.findings).map(Wire.namespace)
        case ("scheduling.k8s.io", "PriorityClass"):
            self.wire = object.read(PriorityClass.self, into: &self.findings).map(Wire.priorityClass)
        case ("", "PersistentVolumeClaim"):
            self.wire = object.read(PersistentVolumeClaim.self, into: &self.findings).map(Wire.claim)
        case ("", "PersistentVolume"):
            self.wire = object.read(PersistentVolume.self, into: &self.findings).map(Wire.volume)
        case ("policy", "PodDisruptionBudget"):
            self.wire = object.read(PodDisruptionBudget.self, into: &self.findings).map(Wire.budget)
        case ("storage.k8s.io", "StorageClass"):
            self.wire = object.read(StorageClass.self, into: &self.findings).map(Wire.storageClass)
        default: break
        }
    }
}

extension ManifestObject {
    /// Whether this is the same value under the same name, read at the same place.
    fileprivate func isSame(as other: ManifestObject) -> Bool {
        self.value.identity == other.value.identity && self.kind == other.kind && self.apiVersion == other.apiVersion
            && self.origin == other.origin
    }
}
