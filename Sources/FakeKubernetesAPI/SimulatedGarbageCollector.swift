import HTTPTransport
import KubernetesAPI

/// The garbage collector of a fake cluster: it deletes what only deleted objects own, and carries out foreground and orphan deletion.
///
/// `step` is called now and then and does one round; owners are known by their uid alone, so objects whose owners were never in this
/// server are deleted too, as in a real cluster.
public struct SimulatedGarbageCollector: Sendable {
    /// Nothing has changed since this version.
    private var seenVersion: Int64 = -1

    public init() {}

    /// One round, in the order of kinds and names.
    ///
    /// - Complexity: O(*n* + *d* · *n*), *n* objects, *d* of them in foreground or orphan deletion; O(1) if nothing was written since.
    public mutating func step(_ server: inout FakeAPIServer) {
        guard server.resourceVersion != self.seenVersion else { return }
        self.seenVersion = server.resourceVersion
        let objects = server.store.objects.sorted { ($0.key.kind.plural, $0.key) < ($1.key.kind.plural, $1.key) }
            .map(\.value)
        let alive = Set(objects.compactMap { Self.uid($0) })
        for object in objects {
            let owners = Self.owners(object)
            if !owners.isEmpty, owners.allSatisfy({ !alive.contains(Self.uid(of: $0)) }) {
                Self.delete(object, "Background", &server)
            }
            guard object["metadata"]?["deletionTimestamp"] != nil, let uid = Self.uid(object) else { continue }
            let dependents = objects.filter { Self.owners($0).contains { Self.uid(of: $0) == uid } }
            if Self.has("orphan", object) {
                for dependent in dependents { Self.disown(dependent, uid, &server) }
                Self.finish("orphan", object, &server)
            } else if Self.has("foregroundDeletion", object) {
                for dependent in dependents { Self.delete(dependent, "Foreground", &server) }
                if !dependents.contains(where: { Self.blocks($0, uid) }) {
                    Self.finish("foregroundDeletion", object, &server)
                }
            }
        }
    }

    // MARK: Reading

    private static func uid(_ object: JSONTree) -> String? { object["metadata"]?["uid"]?.string }

    private static func uid(of reference: JSONTree) -> String { reference["uid"]?.string ?? "" }

    private static func owners(_ object: JSONTree) -> [JSONTree] {
        object["metadata"]?["ownerReferences"]?.elements ?? []
    }

    private static func has(_ finalizer: JSONTree, _ object: JSONTree) -> Bool {
        FakeAPIServer.finalizers(object).contains(finalizer)
    }

    /// Whether the owner must wait for this object.
    private static func blocks(_ object: JSONTree, _ uid: String) -> Bool {
        Self.owners(object).contains { Self.uid(of: $0) == uid && $0["blockOwnerDeletion"] == .boolean(true) }
    }

    // MARK: Writing

    private static func path(_ object: JSONTree, _ server: FakeAPIServer) -> String? {
        guard let name = object["metadata"]?["name"]?.string else { return nil }
        return server.collection(of: object).map { "\($0)/\(name)" }
    }

    private static func delete(_ object: JSONTree, _ policy: JSONTree, _ server: inout FakeAPIServer) {
        guard object["metadata"]?["deletionTimestamp"] == nil, let path = Self.path(object, server) else { return }
        var options: JSONTree = ["propagationPolicy": policy]
        options["preconditions"] = ["uid": object["metadata"]?["uid"] ?? .null]
        _ = server.handle(HTTPRequest(method: "DELETE", target: path, body: options.bytes))
    }

    private static func disown(_ object: JSONTree, _ uid: String, _ server: inout FakeAPIServer) {
        let others = Self.owners(object).filter { Self.uid(of: $0) != uid }
        Self.patch(object, "ownerReferences", others, &server)
    }

    private static func finish(_ finalizer: JSONTree, _ object: JSONTree, _ server: inout FakeAPIServer) {
        Self.patch(object, "finalizers", FakeAPIServer.finalizers(object).filter { $0 != finalizer }, &server)
    }

    private static func patch(
        _ object: JSONTree, _ field: String, _ list: [JSONTree], _ server: inout FakeAPIServer
    ) {
        guard let path = Self.path(object, server) else { return }
        var metadata: JSONTree = [:]
        metadata[field] = list.isEmpty ? .null : .array(list)
        let patch: JSONTree = ["metadata": metadata]
        _ = server.handle(
            HTTPRequest(
                method: "PATCH", target: path, headers: ["Content-Type": "application/merge-patch+json"],
                body: patch.bytes))
    }
}
