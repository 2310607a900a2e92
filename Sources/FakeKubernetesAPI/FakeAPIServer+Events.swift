import HTTPTransport
import KubernetesAPI

/// Events are served twice: as `events.k8s.io/v1`, in whose form they are kept, and under their old names in the core group.
extension FakeAPIServer {
    private static let newNames: [String: String] = [
        "involvedObject": "regarding", "message": "note", "source": "deprecatedSource",
        "firstTimestamp": "deprecatedFirstTimestamp", "lastTimestamp": "deprecatedLastTimestamp",
        "count": "deprecatedCount", "reportingComponent": "reportingController",
    ]
    static let oldEventNames = Dictionary(uniqueKeysWithValues: Self.newNames.map { ($1, $0) })

    /// The answer to a request for events of the core group; nil for any other.
    mutating func coreEvents(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) -> Reply? {
        guard target.kind == .coreEvents else { return nil }
        var renamed = target
        renamed.kind = .events
        renamed.options["fieldSelector"] = try target.options["fieldSelector"].map { text throws(APIFailure) in
            try Self.renamedSelector(text)
        }
        if request.method == "GET", target.name == nil, target.isSet("watch") {
            try self.checkOptions(request, renamed)
            var watch = try self.watch(renamed, try self.negotiate(request, renamed.kind).form)
            watch.hasOldNames = true
            return .watch(watch)
        }
        if request.method == "POST", target.name == nil {
            let sent = Self.renamed(try Self.object(request), by: Self.newNames, kind: .events)
            let created = try self.create(renamed, sent, isRestored: true)
            return .answer(status: 201, body: Self.coreForm(created))
        }
        var inner = request
        if !request.body.isEmpty, request.method != "DELETE" {
            inner.body = Self.renamed(try Self.object(request), by: Self.newNames, kind: .events).bytes
        }
        guard case .answer(let status, let body) = try self.dispatch(inner, renamed) else { return nil }
        return .answer(status: status, body: Self.coreForm(body))
    }

    private static func renamed(_ object: JSONTree, by names: [String: String], kind: ResourceKind) -> JSONTree {
        var result = JSONTree.object(object.members.map { .init(names[$0.key] ?? $0.key, $0.value) })
        if result["kind"] == "Event" { result["apiVersion"] = .string(kind.apiVersion) }
        return result
    }

    /// Of an event or a list of events; anything else stays.
    static func coreForm(_ tree: JSONTree) -> JSONTree {
        if tree["kind"] == "EventList" {
            var list = tree
            list["apiVersion"] = "v1"
            list["items"] = .array((tree["items"]?.elements ?? []).map(Self.oldForm))
            return list
        }
        return tree["kind"] == "Event" ? Self.oldForm(tree) : tree
    }

    private static func oldForm(_ event: JSONTree) -> JSONTree {
        var old = Self.renamed(event, by: Self.oldEventNames, kind: .coreEvents)
        for field in ["reportingComponent", "reportingInstance"] where old[field] == nil { old[field] = "" }
        return old
    }

    private static func renamedSelector(_ text: String) throws(APIFailure) -> String {
        let names = [
            "involvedObject.": "regarding.", "reportingComponent": "reportingController",
            "source": "deprecatedSource.component",
        ]
        if text.hasPrefix("regarding.") { throw .badRequest("field label not supported: \(text)") }
        return text.split(separator: ",").map { part in
            let known = names.first { part.hasPrefix($0.key) }
            return known.map { $0.value + part.dropFirst($0.key.count) } ?? String(part)
        }.joined(separator: ",")
    }
}

extension Validation {
    /// Of a new event, or one that is changed.
    static func event(_ event: JSONTree, old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        if let count = event[path: ["series", "count"]]?.integer, count < 2 {
            causes.append(.invalid("series.count", "\(count): should be at least 2"))
        }
        guard let old else { return causes + Self.newEvent(event) }
        let fixed = [
            "note": "message", "reason": "reason", "type": "type", "action": "action",
            "reportingController": "reportingController", "reportingInstance": "reportingInstance",
            "eventTime": "eventTime", "regarding": "involvedObject",
        ]
        for (field, name) in fixed.sorted(by: { $0.key < $1.key }) where event[field] != old[field] {
            causes.append(.invalid(name, "field is immutable"))
            if field == "reason" { causes.append(.invalid(name, "field is immutable")) }
        }
        return causes
    }

    private static func newEvent(_ event: JSONTree) -> [Cause] {
        var causes: [Cause] = []
        if event["eventTime"] ?? .null == .null { causes.append(.required("eventTime", "")) }
        for field in ["action", "reason", "reportingInstance"] where event[field]?.string ?? "" == "" {
            causes.append(.required(field, ""))
        }
        let controller = event["reportingController"]?.string ?? ""
        if controller.isEmpty {
            causes += [
                .required("reportingController", ""),
                .invalid("reportingController", "\"\": name part must be non-empty"),
                .invalid("reportingController", "\"\": name part must consist of alphanumeric characters"),
            ]
        } else if !Self.isQualifiedName(controller) {
            causes.append(.invalid("reportingController", "\"\(controller)\": must be a qualified name"))
        }
        if !["Normal", "Warning"].contains(event["type"]?.string ?? "") {
            causes.append(.invalid("type", "\"\(event["type"]?.string ?? "")\": has invalid value"))
        }
        if event["note"]?.string?.utf8.count ?? 0 > 1024 {
            causes.append(.invalid("message", "can have at most 1024 characters"))
        }
        for field in ["action", "reason", "reportingInstance"] where event[field]?.string?.utf8.count ?? 0 > 128 {
            causes.append(.invalid(field, "can have at most 128 characters"))
        }
        if event["deprecatedCount"]?.integer ?? 0 != 0 { causes.append(.invalid("count", "needs to be unset")) }
        let about = event[path: ["regarding", "namespace"]]?.string ?? ""
        if about.isEmpty, event["metadata"]?["namespace"]?.string != "default" {
            causes.append(.invalid("involvedObject.namespace", "\"\": does not match event.namespace"))
        }
        return causes
    }
}
