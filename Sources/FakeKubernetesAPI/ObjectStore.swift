import KubernetesAPI

/// All objects, one version counter for them all, and the changes of a bounded past.
///
/// Invariant: undoing the history entries newer than version *v*, newest first, gives the objects as they were at *v*,
/// for every *v* from `compactedVersion` on.
struct ObjectStore: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        let kind: ResourceKind
        let namespace: String
        let name: String

        /// The order of lists: namespace, then name, byte by byte.
        static func < (lhs: Self, rhs: Self) -> Bool {
            (Array(lhs.namespace.utf8) + [0] + Array(lhs.name.utf8))
                .lexicographicallyPrecedes(Array(rhs.namespace.utf8) + [0] + Array(rhs.name.utf8))
        }
    }

    struct Change: Sendable {
        let version: Int64
        let key: Key
        let old: JSONTree?
        /// Nil when the object was removed.
        let new: JSONTree?
    }

    private(set) var objects: [Key: JSONTree] = [:]
    private(set) var history: [Change] = []
    private(set) var version: Int64 = 1
    /// Older versions cannot be read or watched from.
    private(set) var compactedVersion: Int64 = 1
    private let historyLimit: Int

    init(historyLimit: Int) {
        precondition(historyLimit > 0, "historyLimit \(historyLimit) must be positive")
        self.historyLimit = historyLimit
    }

    /// Writes `object` with the next version; nil removes.
    ///
    /// - Returns: What was written.
    @discardableResult
    mutating func write(_ object: JSONTree?, at key: Key) -> JSONTree? {
        self.version += 1
        let old = self.objects[key]
        var written = object
        written?[path: ["metadata", "resourceVersion"]] = .string(String(self.version))
        self.objects[key] = written
        self.history.append(Change(version: self.version, key: key, old: old, new: written))
        if self.history.count > 2 * self.historyLimit { self.dropOldest(self.history.count - self.historyLimit) }
        return written
    }

    /// Drops the history up to now: every older version answers 410 from here on.
    mutating func compact() {
        self.history.removeAll()
        self.compactedVersion = self.version
    }

    private mutating func dropOldest(_ count: Int) {
        self.compactedVersion = self.history[count - 1].version
        self.history.removeFirst(count)
    }

    /// The changes after `version`, oldest first.
    ///
    /// - Complexity: O(log *h*), *h* entries of history.
    func changes(after version: Int64) -> ArraySlice<Change> {
        var low = 0
        var high = self.history.count
        while low < high {
            let middle = (low + high) / 2
            if self.history[middle].version <= version { low = middle + 1 } else { high = middle }
        }
        return self.history[low...]
    }

    /// Objects of a kind at `version` in list order; nil when that version was compacted away.
    func objects(
        of kind: ResourceKind, namespace: String?, at version: Int64
    ) -> [(key: Key, object: JSONTree)]? {
        guard version >= self.compactedVersion else { return nil }
        var found = self.objects.filter { $0.key.kind == kind }
        for change in self.changes(after: version).reversed() where change.key.kind == kind {
            found[change.key] = change.old
        }
        return found.filter { namespace == nil || $0.key.namespace == namespace }
            .sorted { $0.key < $1.key }.map { (key: $0.key, object: $0.value) }
    }
}
