import KubernetesAPI
import KubernetesClient
import Synchronization

/// What the reflectors have seen, collection by collection.
///
/// An object that is older than what is known under its name is passed over, so that a fresh read and a watch that lags behind may
/// both write here.
final class ClusterCache: Sendable {
    private struct State {
        var objects: [ResourcePath: [ManifestObject.Key: ManifestObject]] = [:]
        /// The version of the newest list of each collection.
        var listed: [ResourcePath: String] = [:]
        var synced: Set<ResourcePath> = []
        var isDirty = false
    }

    private let paths: [ResourcePath]
    private let state = Mutex(State())

    init(paths: [ResourcePath]) { self.paths = paths }

    /// Whether every collection has been listed once.
    var isSynced: Bool { self.state.withLock { $0.synced.count == self.paths.count } }

    /// - Returns: Whether anything changed.
    func take(_ change: ReflectorChange, of path: ResourcePath) -> Bool {
        self.state.withLock { state in
            switch change {
            case .replaced(let list):
                Self.replace(path, by: list.objects, in: &state)
                state.listed[path] = list.resourceVersion
                state.synced.insert(path)
            case .checked(let list): return !Self.check(list, of: path, in: &state).isEmpty
            case .upserted(let object): Self.put(object, into: &state.objects[path, default: [:]])
            case .removed(let object):
                // A new object may have taken the name already.
                guard state.objects[path]?[object.key]?.uid == object.uid else { return false }
                state.objects[path]?[object.key] = nil
            case .failed, .unreadable: return false
            }
            state.isDirty = true
            return true
        }
    }

    /// Holds a collection against a list of the version that its watch has come to, and puts right what differs.
    ///
    /// - Returns: What differed. Nothing where the collection was listed anew meanwhile, which the watch has yet to catch up with.
    func check(_ list: ResourceList, of path: ResourcePath) -> [ListDifference] {
        self.state.withLock { Self.check(list, of: path, in: &$0) }
    }

    private static func check(_ list: ResourceList, of path: ResourcePath, in state: inout State) -> [ListDifference] {
        if let newest = state.listed[path], ResourceVersion.isNewer(newest, than: list.resourceVersion) { return [] }
        let differences = list.differences(from: state.objects[path] ?? [:])
        guard !differences.isEmpty else { return [] }
        for difference in differences { state.objects[path]?[difference.key] = nil }
        let wrong = Set(differences.map(\.key))
        for object in list.objects where wrong.contains(object.key) {
            state.objects[path, default: [:]][object.key] = object
        }
        state.isDirty = true
        return differences
    }

    private static func replace(_ path: ResourcePath, by objects: [ManifestObject], in state: inout State) {
        var known = state.objects[path] ?? [:]
        let listed = Set(objects.map(\.key))
        known = known.filter { listed.contains($0.key) }
        for object in objects { Self.put(object, into: &known) }
        state.objects[path] = known
    }

    private static func put(_ object: ManifestObject, into known: inout [ManifestObject.Key: ManifestObject]) {
        if let old = known[object.key], old.uid == object.uid, !old.resourceVersion.isEmpty,
            !ResourceVersion.isNewer(object.resourceVersion, than: old.resourceVersion)
        {
            // Of the same version the known one stays, of which more has been found out.
            return
        }
        known[object.key] = object
    }

    /// A collection that cannot be had counts as empty.
    func giveUp(_ path: ResourcePath) {
        self.state.withLock { state in
            state.synced.insert(path)
            state.isDirty = true
        }
    }

    func object(_ path: ResourcePath, _ key: ManifestObject.Key) -> ManifestObject? {
        self.state.withLock { $0.objects[path]?[key] }
    }

    /// Everything, if anything has changed since the last call.
    func takeChanged() -> [ManifestObject]? {
        self.state.withLock { state in
            guard state.isDirty else { return nil }
            state.isDirty = false
            return self.paths.flatMap { state.objects[$0].map { Array($0.values) } ?? [] }
        }
    }

    /// What it holds means something else now.
    func requestImport() { self.state.withLock { $0.isDirty = true } }

    func count(_ path: ResourcePath) -> Int { self.state.withLock { $0.objects[path]?.count ?? 0 } }
}

extension ManifestObject {
    /// `resourceVersion` as the number that it is on every server in use; 0 where it is none.
    var version: UInt64 { UInt64(self.resourceVersion) ?? 0 }
}
