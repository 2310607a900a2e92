/// What makes a snapshot into a newer one.
///
/// A node, pod or group stands in it at most once.
public struct SnapshotChanges: Hashable, Sendable {
    /// New nodes, and nodes that are no more what they were.
    public var nodes: [NodeState] = []
    public var removedNodes: [NodeName] = []
    /// New pods, and pods that are no more what they were.
    public var pods: [PodState] = []
    public var removedPods: [PodKey] = []
    /// All groups, where any of them came, went or changed.
    public var groups: [PodGroup]?
    public var topology: Topology?
    /// All budgets, where any of them changed.
    public var budgets: [DisruptionBudget]?

    public init() {}

    public var isEmpty: Bool { self == SnapshotChanges() }
}

extension ClusterSnapshot {
    /// What `apply` would have to be given to make `newer` of this snapshot.
    ///
    /// - Complexity: O(*n* + *p*) comparisons; of what shares its storage they are cheap.
    public func changes(to newer: ClusterSnapshot) -> SnapshotChanges {
        var changes = SnapshotChanges()
        (changes.nodes, changes.removedNodes) = Self.differences(self.nodes, newer.nodes)
        (changes.pods, changes.removedPods) = Self.differences(self.pods, newer.pods)
        if newer.groups != self.groups { changes.groups = newer.groups }
        if newer.topology != self.topology { changes.topology = newer.topology }
        if newer.budgets != self.budgets { changes.budgets = newer.budgets }
        return changes
    }

    /// Brings the snapshot up to date, in place where nobody else holds it.
    ///
    /// - Returns: Where pods came or went: per pod its position before, -1 for a new one. Nil where all kept their places.
    /// - Complexity: O(*k* log *n*), *k* changed objects; a pass over all nodes or pods where any of them came or went.
    @discardableResult
    public mutating func apply(_ changes: SnapshotChanges) -> [Int32]? {
        _ = Self.merge(changes.nodes, removing: changes.removedNodes, into: &self.nodes) { $0.name }
        let moves = Self.merge(changes.pods, removing: changes.removedPods, into: &self.pods) { $0.key }
        if let groups = changes.groups { self.groups = groups.sorted { $0.key < $1.key } }
        if let topology = changes.topology { self.topology = topology }
        if let budgets = changes.budgets {
            self.budgets = budgets.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
        }
        return moves
    }

    /// Changes at positions that the caller knows; nothing comes or goes. Nil leaves an object out.
    ///
    /// - Precondition: Names and keys are those at the positions.
    public mutating func replace(_ changes: SnapshotChanges, nodesAt nodes: [Int?], podsAt pods: [Int?]) {
        for (node, position) in zip(changes.nodes, nodes) {
            guard let position else { continue }
            precondition(self.nodes[position].name == node.name, "\(node.name) replaces \(self.nodes[position].name)")
            self.nodes[position] = node
        }
        for (pod, position) in zip(changes.pods, pods) {
            guard let position else { continue }
            precondition(self.pods[position].key == pod.key, "\(pod.key) replaces \(self.pods[position].key)")
            self.pods[position] = pod
        }
        if let groups = changes.groups { self.groups = groups.sorted { $0.key < $1.key } }
    }

    /// Both lists sorted by key: what is new or different in the second, and what it lacks.
    private static func differences<Object: ComparedInPlace>(
        _ old: [Object], _ new: [Object]
    ) -> (changed: [Object], removed: [Object.Key]) {
        var changed: [Object] = []
        var removed: [Object.Key] = []
        old.withUnsafeBufferPointer { old in
            new.withUnsafeBufferPointer { new in
                if old.baseAddress == new.baseAddress, old.count == new.count { return }
                var position = 0
                for index in new.indices {
                    if Self.isSame(old, position, new, index) {
                        position += 1
                        continue
                    }
                    let key = new[index].snapshotKey
                    while position < old.count, old[position].snapshotKey < key {
                        removed.append(old[position].snapshotKey)
                        position += 1
                    }
                    if !Self.isSame(old, position, new, index) { changed.append(new[index]) }
                    if position < old.count, old[position].snapshotKey == key { position += 1 }
                }
                removed += old[position...].map(\.snapshotKey)
            }
        }
        return (changed, removed)
    }

    /// Whether both are there and equal.
    @inline(__always)
    private static func isSame<Object: ComparedInPlace>(
        _ old: UnsafeBufferPointer<Object>, _ position: Int, _ new: UnsafeBufferPointer<Object>, _ index: Int
    ) -> Bool {
        guard position < old.count, let old = old.baseAddress, let new = new.baseAddress else { return false }
        return Object.isSame(old + position, new + index)
    }

    private static func merge<Object, Key: Comparable>(
        _ newer: [Object], removing removed: [Key], into objects: inout [Object], key: (Object) -> Key
    ) -> [Int32]? {
        var added: [Object] = []
        for object in newer {
            let wanted = key(object)
            let position = Self.position(in: objects.count) { key(objects[$0]) < wanted }
            if let position, key(objects[position]) == wanted {
                objects[position] = object
            } else {
                added.append(object)
            }
        }
        let gone = removed.compactMap { wanted in
            Self.position(in: objects.count) { key(objects[$0]) < wanted }.flatMap {
                key(objects[$0]) == wanted ? $0 : nil
            }
        }
        if added.isEmpty, gone.isEmpty { return nil }
        return Self.splice(added.sorted { key($0) < key($1) }, removing: gone.sorted(), into: &objects, key: key)
    }

    /// One pass that keeps the order by key.
    private static func splice<Object, Key: Comparable>(
        _ added: [Object], removing gone: [Int], into objects: inout [Object], key: (Object) -> Key
    ) -> [Int32] {
        var result: [Object] = []
        var moves: [Int32] = []
        result.reserveCapacity(objects.count + added.count - gone.count)
        moves.reserveCapacity(objects.count + added.count - gone.count)
        var (nextAdded, nextGone) = (0, 0)
        for position in objects.indices {
            if nextGone < gone.count, gone[nextGone] == position {
                nextGone += 1
                continue
            }
            while nextAdded < added.count, key(added[nextAdded]) < key(objects[position]) {
                result.append(added[nextAdded])
                moves.append(-1)
                nextAdded += 1
            }
            result.append(objects[position])
            moves.append(Int32(position))
        }
        for object in added[nextAdded...] {
            result.append(object)
            moves.append(-1)
        }
        objects = result
        return moves
    }
}
