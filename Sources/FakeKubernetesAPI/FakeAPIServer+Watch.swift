public import KubernetesAPI

/// An open watch: what it asked for, and how far it was read.
///
/// 1. `handle` opens it. 2. `events(for:)` is called after every write and clock step, until it says the watch ended.
public struct WatchSubscription: Sendable {
    let target: RequestTarget
    let selector: ObjectSelector
    var version: Int64
    /// In seconds since 1970.
    let deadline: Int64?
    var initial: [JSONTree]
    public internal(set) var isEnded = false
}

extension FakeAPIServer {
    func watch(_ target: RequestTarget) throws(APIFailure) -> WatchSubscription {
        guard target.name == nil else { throw .notCopied("a watch of one object by path") }
        let selector = try Self.selector(target)
        let asked = target.options["resourceVersion"] ?? ""
        let sendsInitial = target.isSet("sendInitialEvents")
        if sendsInitial, target.options["resourceVersionMatch"] != "NotOlderThan" {
            throw .invalidListOptions(
                field: "resourceVersionMatch", "Forbidden: sendInitialEvents requires resourceVersionMatch NotOlderThan"
            )
        }
        var initial: [JSONTree] = []
        var version = asked.isEmpty ? 0 : try Self.version(asked)
        if sendsInitial || version == 0 {
            version = self.store.version
            initial = (self.store.objects(of: target.kind, namespace: target.namespace, at: version) ?? [])
                .filter { selector.matches($0.object) }
                .map { ["type": "ADDED", "object": $0.object] }
            if target.isSet("allowWatchBookmarks"), sendsInitial || asked.isEmpty {
                initial.append(Self.bookmark(target.kind, version, endsInitialEvents: true))
            }
        }
        let timeout = target.options["timeoutSeconds"].flatMap(Int64.init)
        let deadline = timeout.flatMap { $0 > 0 ? self.now() + min($0, 1_000_000) : nil }
        return WatchSubscription(
            target: target, selector: selector, version: version, deadline: deadline, initial: initial)
    }

    /// What is new for `watch` since it was last read, oldest first. Reading moves it on.
    ///
    /// A watch whose version was compacted away gets one ERROR event with a 410 and ends; one past its
    /// `timeoutSeconds` ends after its last events, with a bookmark before the end where it allowed bookmarks.
    public func events(for watch: inout WatchSubscription) -> [JSONTree] {
        guard !watch.isEnded else { return [] }
        var events = watch.initial
        watch.initial = []
        guard watch.version >= self.store.compactedVersion else {
            watch.isEnded = true
            let failure = APIFailure.expired(
                "too old resource version: \(watch.version) (\(self.store.compactedVersion))")
            return events + [["type": "ERROR", "object": failure.status]]
        }
        for change in self.store.changes(after: watch.version) {
            guard change.key.kind == watch.target.kind else { continue }
            guard watch.target.namespace == nil || change.key.namespace == watch.target.namespace else { continue }
            if let event = Self.event(change, watch.selector) { events.append(event) }
        }
        let isMoved = watch.version < self.store.version
        watch.version = max(watch.version, self.store.version)
        if let deadline = watch.deadline, self.now() >= deadline {
            watch.isEnded = true
            if isMoved, watch.target.isSet("allowWatchBookmarks") {
                events.append(Self.bookmark(watch.target.kind, watch.version, endsInitialEvents: false))
            }
        }
        return events
    }

    private static func event(_ change: ObjectStore.Change, _ selector: ObjectSelector) -> JSONTree? {
        let wasSeen = change.old.map(selector.matches) ?? false
        let isSeen = change.new.map(selector.matches) ?? false
        switch (wasSeen, isSeen) {
        case (false, false): return nil
        case (false, true): return ["type": "ADDED", "object": change.new ?? .null]
        case (true, true): return ["type": "MODIFIED", "object": change.new ?? .null]
        case (true, false):
            var last = change.old ?? .null
            last[path: ["metadata", "resourceVersion"]] = .string(String(change.version))
            return ["type": "DELETED", "object": last]
        }
    }

    private static func bookmark(_ kind: ResourceKind, _ version: Int64, endsInitialEvents: Bool) -> JSONTree {
        var metadata: JSONTree = ["resourceVersion": .string(String(version))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        return [
            "type": "BOOKMARK",
            "object": [
                "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
            ],
        ]
    }
}
