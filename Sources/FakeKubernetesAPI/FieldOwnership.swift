import KubernetesAPI

/// A place in an object by the steps of `fieldsV1`: `f:spec`, `f:containers`, `k:{"name":"main"}`, `f:image`.
typealias FieldPath = [String]

/// Who owns which fields of an object, as `metadata.managedFields` has it: what server-side apply decides by.
struct FieldOwnership: Sendable {
    struct Manager: Sendable, Hashable, Comparable {
        let name: String
        let isApplier: Bool
        let subresource: String
        let apiVersion: String

        static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.isApplier ? 0 : 1, lhs.name, lhs.apiVersion, lhs.subresource)
                < (rhs.isApplier ? 0 : 1, rhs.name, rhs.apiVersion, rhs.subresource)
        }
    }

    private(set) var fields: [Manager: Set<FieldPath>] = [:]
    private var times: [Manager: JSONTree] = [:]

    init() {}

    /// As an object tells of it.
    init(of object: JSONTree) {
        for entry in object["metadata"]?["managedFields"]?.elements ?? [] {
            guard let name = entry["manager"]?.string else { continue }
            let manager = Manager(
                name: name, isApplier: entry["operation"] == "Apply", subresource: entry["subresource"]?.string ?? "",
                apiVersion: entry["apiVersion"]?.string ?? "")
            var paths: Set<FieldPath> = []
            Self.read(entry["fieldsV1"] ?? [:], [], &paths)
            self.fields[manager] = paths
            self.times[manager] = entry["time"]
        }
    }

    // MARK: Changes

    /// A write that was no apply: what it added or modified is its manager's now, what it removed nobody's.
    mutating func note(_ change: FieldComparison, by manager: Manager, at time: JSONTree) {
        let touched = change.added.union(change.modified)
        self.take(touched.union(change.removed), from: manager)
        let own = (self.fields[manager] ?? []).subtracting(change.removed).union(touched)
        self.set(own, of: manager, at: time)
    }

    /// Who else owns a field that an apply would change.
    func conflicts(of wanted: Set<FieldPath>, by manager: Manager) -> [(owner: Manager, path: FieldPath)] {
        self.fields.keys.sorted().filter { $0 != manager }.flatMap { owner in
            wanted.intersection(self.fields[owner] ?? []).sorted { $0.joined() < $1.joined() }.map { (owner, $0) }
        }
    }

    /// The fields that `manager` owned, does not name any more, and nobody else owns: elements of lists before what is in them.
    func given(up applied: Set<FieldPath>, by manager: Manager) -> [FieldPath] {
        let given = (self.fields[manager] ?? []).subtracting(applied)
        let others = self.fields.filter { $0.key != manager }.values.reduce(into: applied) { $0.formUnion($1) }
        return given.filter { path in !others.contains { $0.starts(with: path) } }
            .sorted { ($0.count, $0.joined()) < ($1.count, $1.joined()) }
    }

    /// Makes an apply's fields its own, after what it changed was taken from the others.
    mutating func apply(_ applied: Set<FieldPath>, _ change: FieldComparison, by manager: Manager, at time: JSONTree) {
        self.take(change.added.union(change.modified).union(change.removed), from: manager)
        self.set(applied, of: manager, at: time)
    }

    private mutating func take(_ paths: Set<FieldPath>, from manager: Manager) {
        for other in self.fields.keys where other != manager {
            guard let owned = self.fields[other], !owned.isDisjoint(with: paths) else { continue }
            self.fields[other] = owned.subtracting(paths)
        }
    }

    private mutating func set(_ paths: Set<FieldPath>, of manager: Manager, at time: JSONTree) {
        guard self.fields[manager] != paths else { return }
        self.fields[manager] = paths
        self.times[manager] = time
    }

    // MARK: Writing

    /// As `metadata.managedFields`; nil where nobody owns anything.
    var entries: JSONTree? {
        let entries = self.fields.filter { !$0.value.isEmpty }.sorted { left, right in
            let (before, after) = (self.order(left.key), self.order(right.key))
            return before == after ? left.key < right.key : before < after
        }.map { manager, paths -> JSONTree in
            var entry: JSONTree = [
                "manager": .string(manager.name), "operation": manager.isApplier ? "Apply" : "Update",
                "apiVersion": .string(manager.apiVersion),
            ]
            entry["time"] = self.times[manager]
            entry["fieldsType"] = "FieldsV1"
            entry["fieldsV1"] = Self.written(paths.sorted { $0.lexicographicallyPrecedes($1) }[...], depth: 0)
            if !manager.subresource.isEmpty { entry["subresource"] = .string(manager.subresource) }
            return entry
        }
        return entries.isEmpty ? nil : .array(entries)
    }

    /// Appliers first, then by time.
    private func order(_ manager: Manager) -> String {
        (manager.isApplier ? "0" : "1") + (self.times[manager]?.string ?? "")
    }

    /// - Parameter paths: Sorted, and equal in their first `depth` steps.
    private static func written(_ paths: ArraySlice<FieldPath>, depth: Int) -> JSONTree {
        var members: [JSONTree.Member] = []
        var rest = paths
        if let first = rest.first, first.count == depth {
            // A place that is owned itself, and not only in part, says so.
            if rest.count > 1 { members.append(.init(".", [:])) }
            rest = rest.dropFirst()
        }
        while let step = rest.first?[depth] {
            let end = rest.firstIndex { $0[depth] != step } ?? rest.endIndex
            members.append(.init(step, Self.written(rest[rest.startIndex..<end], depth: depth + 1)))
            rest = rest[end...]
        }
        return .object(members)
    }

    private static func read(_ tree: JSONTree, _ path: FieldPath, _ paths: inout Set<FieldPath>) {
        if tree.members.isEmpty, !path.isEmpty { paths.insert(path) }
        for member in tree.members {
            if member.key == "." { paths.insert(path) } else { Self.read(member.value, path + [member.key], &paths) }
        }
    }

    /// As conflicts name a field: `.spec.containers[name="main"].image`.
    static func title(of path: FieldPath) -> String {
        path.map { step -> String in
            let rest = String(step.dropFirst(2))
            if step.hasPrefix("f:") { return ".\(rest)" }
            if step.hasPrefix("v:") { return "[=\(rest)]" }
            let keys = (JSONTree(parsing: rest)?.members ?? []).map { "\($0.key)=\($0.value.text)" }
            return "[\(keys.joined(separator: ","))]"
        }.joined()
    }
}
