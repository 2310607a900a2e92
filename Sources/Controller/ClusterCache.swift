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
            case .replaced(let objects):
                var known = state.objects[path] ?? [:]
                let listed = Set(objects.map(\.key))
                known = known.filter { listed.contains($0.key) }
                for object in objects { Self.put(object, into: &known) }
                state.objects[path] = known
                state.synced.insert(path)
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

    private static func put(_ object: ManifestObject, into known: inout [ManifestObject.Key: ManifestObject]) {
        if let old = known[object.key], old.uid == object.uid, old.version > object.version { return }
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

    func count(_ path: ResourcePath) -> Int { self.state.withLock { $0.objects[path]?.count ?? 0 } }
}

extension ManifestObject {
    /// `resourceVersion` as the number that it is on every server in use; 0 where it is none.
    var version: UInt64 { UInt64(self.resourceVersion) ?? 0 }
}
