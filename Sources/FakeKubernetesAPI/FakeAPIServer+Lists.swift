import KubernetesAPI

extension FakeAPIServer {
    /// One page, or everything. All pages of a list show the version of the first.
    func list(_ target: RequestTarget) throws(APIFailure) -> JSONTree {
        let selector = try Self.selector(target)
        let token = target.options["continue"].flatMap { $0.isEmpty ? nil : $0 }
        var version = try self.listVersion(target, isContinued: token != nil)
        var last: (namespace: String, name: String)?
        if let token {
            guard let read = Self.readToken(token) else { throw .badRequest("continue key is not valid: \(token)") }
            version = read.version < 0 ? self.store.version : read.version
            last = (read.namespace, read.name)
        }
        guard var found = self.store.objects(of: target.kind, namespace: target.namespace, at: version) else {
            var failure = APIFailure.expired("The resourceVersion for the provided list is too old.")
            if let last { failure.continueToken = "-1/\(last.namespace)/\(last.name)" }
            throw failure
        }
        if let last {
            let key = ObjectStore.Key(kind: target.kind, namespace: last.namespace, name: last.name)
            found = found.filter { key < $0.key }
        }
        found = found.filter { selector.matches($0.object) }
        var metadata: JSONTree = ["resourceVersion": .string(String(version))]
        let isUnlimited = target.options["resourceVersion"] == "0"
        if let limit = target.options["limit"].flatMap(Int.init), limit > 0, limit < found.count, !isUnlimited {
            let key = found[limit - 1].key
            metadata["continue"] = .string("\(version)/\(key.namespace)/\(key.name)")
            if selector.isEverything { metadata["remainingItemCount"] = .integer(Int64(found.count - limit)) }
            found.removeLast(found.count - limit)
        }
        let items = found.map { entry in
            var object = entry.object
            // Lists of custom kinds are not typed, and each item says what it is.
            if target.kind.isCustom { return object }
            object["kind"] = nil
            object["apiVersion"] = nil
            return object
        }
        return [
            "kind": .string(target.kind.kind + "List"), "apiVersion": .string(target.kind.apiVersion),
            "metadata": metadata, "items": .array(items),
        ]
    }

    static func selector(_ target: RequestTarget) throws(APIFailure) -> ObjectSelector {
        try ObjectSelector(
            kind: target.kind, labels: target.options["labelSelector"] ?? "",
            fields: target.options["fieldSelector"] ?? "")
    }

    private func listVersion(_ target: RequestTarget, isContinued: Bool) throws(APIFailure) -> Int64 {
        let asked = target.options["resourceVersion"] ?? ""
        let match = target.options["resourceVersionMatch"] ?? ""
        if let limit = target.options["limit"], !limit.isEmpty, Int64(limit) == nil {
            throw .badRequest("strconv.ParseInt: parsing \"\(limit)\": invalid syntax")
        }
        let causes = Self.causes(
            asked: asked, match: match, isContinued: isContinued, wantsEvents: target.isSet("sendInitialEvents"))
        guard causes.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: "ListOptions", "", causes) }
        guard !asked.isEmpty else { return self.store.version }
        if isContinued { throw .badRequest("specifying resource version is not allowed when using continue") }
        let version = try Self.version(asked)
        guard version <= self.store.version else { throw Self.fromTheFuture(version, self.store.version) }
        let isLegacyExact = match.isEmpty && version > 0 && (target.options["limit"].flatMap(Int.init) ?? 0) > 0
        return match == "Exact" || isLegacyExact ? version : self.store.version
    }

    private static func causes(
        asked: String, match: String, isContinued: Bool, wantsEvents: Bool
    ) -> [APIFailure.Cause] {
        let field = "resourceVersionMatch"
        var causes: [APIFailure.Cause] = []
        if !match.isEmpty {
            if asked.isEmpty {
                causes.append(.forbidden(field, "\(field) is forbidden unless resourceVersion is provided"))
            }
            if isContinued { causes.append(.forbidden(field, "\(field) is forbidden when continue is provided")) }
            if !["Exact", "NotOlderThan"].contains(match) {
                causes.append(.notSupported(field, match, ["Exact", "NotOlderThan", ""]))
            } else if match == "Exact", asked == "0" {
                causes.append(.forbidden(field, "\(field) \"Exact\" is forbidden for resourceVersion \"0\""))
            }
        }
        if wantsEvents { causes.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list")) }
        return causes
    }

    static func fromTheFuture(_ version: Int64, _ current: Int64) -> APIFailure {
        APIFailure(
            code: 504, reason: "Timeout", message: "Too large resource version: \(version), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ])
    }

    static func version(_ text: String) throws(APIFailure) -> Int64 {
        guard let version = Int64(text), version >= 0 else {
            throw .badRequest("resourceVersion: found \"\(text)\", expected a number")
        }
        return version
    }

    private static func readToken(_ token: String) -> (version: Int64, namespace: String, name: String)? {
        let parts = token.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let version = Int64(parts[0]) else { return nil }
        return (version, String(parts[1]), String(parts[2]))
    }
}
