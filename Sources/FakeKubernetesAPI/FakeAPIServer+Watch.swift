public import KubernetesAPI

/// An open watch: what it asked for, and how far it was read.
///
/// 1. `handle` opens it. 2. `events(for:)` is called after every write and clock step, until it says the watch ended.
public struct WatchSubscription: Sendable {
    let target: RequestTarget
    let selector: ObjectSelector
    let form: ObjectMediaForm
    var version: Int64
    /// In seconds since 1970.
    let deadline: Int64?
    var initial: [JSONTree]
    /// The newest version the client has been told, by an event or a bookmark.
    var toldVersion: Int64
    /// The newest change of the watched type, also of objects that this watch does not see.
    var typeVersion: Int64
    /// When the next progress bookmark is due, in seconds since 1970; nil where none was allowed.
    var bookmarkTime: Int64?
    /// Whether an event has told the columns of a table; the others leave them out.
    var hasToldColumns = false
    /// Whether it is written in protobuf, else as lines of JSON.
    var isProtobuf = false
    /// Whether the events it tells of are shown as the core group names their fields.
    var hasOldNames = false
    public internal(set) var isEnded = false

    /// An event as it goes over the wire.
    func written(_ event: JSONTree) -> [UInt8] {
        self.isProtobuf ? KubernetesProtobuf.frame(event) : Array((event.text + "\n").utf8)
    }
}

extension FakeAPIServer {
    /// Between two progress bookmarks, in seconds.
    private static let bookmarkInterval: Int64 = 60

    func watch(_ target: RequestTarget, _ form: ObjectMediaForm) throws(APIFailure) -> WatchSubscription {
        let selector = try Self.selector(target)
        try Self.checkWatchOptions(target)
        let asked = target.options["resourceVersion"] ?? ""
        let sendsInitial = target.options["sendInitialEvents"].map { _ in target.isSet("sendInitialEvents") }
        let allowsBookmarks = target.isSet("allowWatchBookmarks")
        guard let requested = asked.isEmpty ? 0 : Int64(asked), requested >= 0 else {
            throw .failed("resourceVersion: Invalid value: \"\(asked)\": invalid syntax")
        }
        var initial: [JSONTree] = []
        var version = requested
        if sendsInitial ?? (version == 0) {
            version = self.store.version
            initial = (self.store.objects(of: target.kind, namespace: target.namespace, at: version) ?? [])
                .filter { selector.matches($0.object) }
                .map { ["type": "ADDED", "object": $0.object] }
            if allowsBookmarks { initial.append(Self.bookmark(target.kind, version, endsInitialEvents: true)) }
        } else if version == 0 {
            version = self.store.version
        }
        let timeout = target.options["timeoutSeconds"].flatMap(Int64.init)
        let deadline = timeout.flatMap { $0 > 0 ? self.now() + min($0, 1_000_000) : nil }
        var watch = WatchSubscription(
            target: target, selector: selector, form: form, version: version, deadline: deadline, initial: initial,
            toldVersion: version, typeVersion: version)
        if allowsBookmarks { watch.bookmarkTime = self.nextBookmark(before: deadline) }
        return watch
    }

    /// Two seconds before the watch ends, or after an interval where that is sooner.
    private func nextBookmark(before deadline: Int64?) -> Int64? {
        let regular = self.now() + Self.bookmarkInterval
        guard let last = deadline.map({ $0 - 2 }), last <= regular else { return regular }
        return last > self.now() ? last : nil
    }

    private static func checkWatchOptions(_ target: RequestTarget) throws(APIFailure) {
        if let timeout = target.options["timeoutSeconds"], !timeout.isEmpty, Int64(timeout) == nil {
            throw .badRequest("strconv.ParseInt: parsing \"\(timeout)\": invalid syntax")
        }
        let field = "resourceVersionMatch"
        let match = target.options[field] ?? ""
        var causes: [APIFailure.Cause] = []
        if target.options["sendInitialEvents"] == nil {
            if !match.isEmpty {
                causes.append(
                    .forbidden(field, "\(field) is forbidden for watch unless sendInitialEvents is provided"))
            }
        } else if match != "NotOlderThan" {
            causes.append(.forbidden(field, "sendInitialEvents requires setting \(field) to NotOlderThan"))
            if !match.isEmpty { causes.append(.notSupported(field, match, ["NotOlderThan"])) }
        }
        guard causes.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: "ListOptions", "", causes) }
    }

    /// What is new for `watch` since it was last read, oldest first. Reading moves it on.
    ///
    /// A watch whose version was compacted away gets one ERROR event with a 410 and ends; one past its `timeoutSeconds` ends after
    /// its last events. Where bookmarks are allowed one comes every minute and two seconds before the end, but only if the type
    /// has moved on since the client was last told a version.
    public func events(for watch: inout WatchSubscription) -> [JSONTree] {
        guard !watch.isEnded else { return [] }
        var events = watch.initial
        watch.initial = []
        guard watch.version >= self.store.compactedVersion else {
            watch.isEnded = true
            let failure = APIFailure.expired(
                "too old resource version: \(watch.version) (\(self.store.compactedVersion))")
            return events.map { self.formed($0, &watch) } + [["type": "ERROR", "object": failure.status]]
        }
        for change in self.store.changes(after: watch.version) where change.key.kind == watch.target.kind {
            watch.typeVersion = change.version
            guard watch.target.namespace == nil || change.key.namespace == watch.target.namespace else { continue }
            guard let event = Self.event(change, watch.selector) else { continue }
            events.append(event)
            watch.toldVersion = change.version
        }
        watch.version = max(watch.version, self.store.version)
        if let due = watch.bookmarkTime, self.now() >= due {
            if watch.typeVersion > watch.toldVersion {
                events.append(Self.bookmark(watch.target.kind, watch.version, endsInitialEvents: false))
                watch.toldVersion = watch.typeVersion
            }
            watch.bookmarkTime = self.nextBookmark(before: watch.deadline)
        }
        if let deadline = watch.deadline, self.now() >= deadline { watch.isEnded = true }
        return events.map { self.formed($0, &watch) }
    }

    /// The event with its object in the form that the client asked for.
    private func formed(_ event: JSONTree, _ watch: inout WatchSubscription) -> JSONTree {
        var event = event
        if watch.hasOldNames, let object = event["object"] { event["object"] = Self.coreForm(object) }
        guard watch.form != .whole, let object = event["object"] else { return event }
        var formed = self.formed(object, watch.target, watch.form)
        if case .table = watch.form {
            if watch.hasToldColumns { formed["columnDefinitions"] = .null }
            watch.hasToldColumns = true
        }
        event["object"] = formed
        return event
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
        var object: JSONTree = [
            "kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata,
        ]
        for member in kind.emptyFields.members { object[member.key] = member.value }
        return ["type": "BOOKMARK", "object": object]
    }
}
