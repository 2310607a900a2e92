import KubernetesAPI

/// A refusal as the API server words it: a `Status` with code, reason and details.
struct APIFailure: Error, Sendable, Equatable {
    let code: Int64
    let reason: String
    let message: String
    var details: JSONTree?

    var status: JSONTree {
        var tree: JSONTree = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(self.message),
        ]
        if !self.reason.isEmpty { tree["reason"] = .string(self.reason) }
        tree["details"] = self.details
        tree["code"] = .integer(self.code)
        return tree
    }

    static func details(_ name: String, _ group: String, _ kind: String) -> JSONTree {
        var tree: JSONTree = [:]
        if !name.isEmpty { tree["name"] = .string(name) }
        if !group.isEmpty { tree["group"] = .string(group) }
        tree["kind"] = .string(kind)
        return tree
    }

    static func badRequest(_ message: String) -> Self { .init(code: 400, reason: "BadRequest", message: message) }

    /// What a real server does and this one does not copy.
    static func notCopied(_ what: String) -> Self {
        .init(code: 501, reason: "", message: "this fake API server does not copy \(what)")
    }

    static func notFound(_ kind: ResourceKind, _ name: String) -> Self {
        .init(
            code: 404, reason: "NotFound", message: "\(kind.qualifiedPlural) \"\(name)\" not found",
            details: Self.details(name, kind.group, kind.plural))
    }

    static func alreadyExists(_ kind: ResourceKind, _ name: String) -> Self {
        .init(
            code: 409, reason: "AlreadyExists", message: "\(kind.qualifiedPlural) \"\(name)\" already exists",
            details: Self.details(name, kind.group, kind.plural))
    }

    static func conflict(_ kind: ResourceKind, _ name: String, _ why: String) -> Self {
        .init(
            code: 409, reason: "Conflict",
            message: "Operation cannot be fulfilled on \(kind.qualifiedPlural) \"\(name)\": \(why)",
            details: Self.details(name, kind.group, kind.plural))
    }

    static func invalid(
        _ kind: ResourceKind, _ name: String, field: String, reason: String, message: String
    ) -> Self {
        var details = Self.details(name, kind.group, kind.kind)
        details["causes"] = [["reason": .string(reason), "message": .string(message), "field": .string(field)]]
        return .init(
            code: 422, reason: "Invalid", message: "\(kind.qualifiedKind) \"\(name)\" is invalid: \(field): \(message)",
            details: details)
    }

    static func invalidListOptions(field: String, _ message: String) -> Self {
        var details = Self.details("", "meta.k8s.io", "ListOptions")
        details["causes"] = [
            ["reason": "FieldValueForbidden", "message": .string(message), "field": .string(field)]
        ]
        return .init(
            code: 422, reason: "Invalid", message: "ListOptions.meta.k8s.io \"\" is invalid: \(field): \(message)",
            details: details)
    }

    static func expired(_ message: String) -> Self { .init(code: 410, reason: "Expired", message: message) }
}
