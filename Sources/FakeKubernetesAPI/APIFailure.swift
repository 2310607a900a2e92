import KubernetesAPI

/// A refusal as the API server words it: a `Status` with code, reason and details.
struct APIFailure: Error, Sendable, Equatable {
    let code: Int64
    let reason: String
    let message: String
    var details: JSONTree?
    /// Where a list whose version is gone can go on at the newest one.
    var continueToken: String?

    var status: JSONTree {
        var tree: JSONTree = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
            "message": .string(self.message),
        ]
        if !self.reason.isEmpty { tree["reason"] = .string(self.reason) }
        if let continueToken { tree["metadata"] = ["continue": .string(continueToken)] }
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

    static func forbidden(_ kind: ResourceKind, _ name: String, _ why: String) -> Self {
        .init(
            code: 403, reason: "Forbidden", message: "\(kind.qualifiedPlural) \"\(name)\" is forbidden: \(why)",
            details: Self.details(name, kind.group, kind.plural))
    }

    /// One thing that is wrong with an object.
    struct Cause: Sendable, Equatable {
        let field: String
        /// `FieldValueInvalid` and the like.
        let reason: String
        let message: String

        static func invalid(_ field: String, _ message: String) -> Self {
            .init(field: field, reason: "FieldValueInvalid", message: "Invalid value: \(message)")
        }

        static func forbidden(_ field: String, _ message: String) -> Self {
            .init(field: field, reason: "FieldValueForbidden", message: "Forbidden: \(message)")
        }

        static func required(_ field: String, _ message: String) -> Self {
            .init(
                field: field, reason: "FieldValueRequired",
                message: message.isEmpty ? "Required value" : "Required value: \(message)")
        }

        static func notSupported(_ field: String, _ value: String, _ supported: [String]) -> Self {
            let list = supported.map { "\"\($0)\"" }.joined(separator: ", ")
            return .init(
                field: field, reason: "FieldValueNotSupported",
                message: "Unsupported value: \"\(value)\": supported values: \(list)")
        }

        static func duplicate(_ field: String, _ value: String) -> Self {
            .init(field: field, reason: "FieldValueDuplicate", message: "Duplicate value: \(value)")
        }

        var tree: JSONTree {
            ["reason": .string(self.reason), "message": .string(self.message), "field": .string(self.field)]
        }
    }

    static func invalid(
        _ kind: ResourceKind, _ name: String, field: String, reason: String, message: String
    ) -> Self {
        .invalid(kind, name, [Cause(field: field, reason: reason, message: message)])
    }

    static func invalid(_ kind: ResourceKind, _ name: String, _ causes: [Cause]) -> Self {
        // Events of both groups are judged as the core group's.
        .invalid(group: kind == .events ? "" : kind.group, kind: kind.kind, name, causes)
    }

    static func invalid(group: String, kind: String, _ name: String, _ causes: [Cause]) -> Self {
        var details = Self.details(name, group, kind)
        details["causes"] = .array(causes.map(\.tree))
        let found = causes.map { "\($0.field): \($0.message)" }.joined(separator: ", ")
        let title = group.isEmpty ? kind : "\(kind).\(group)"
        return .init(
            code: 422, reason: "Invalid",
            message: "\(title) \"\(name)\" is invalid: \(causes.count == 1 ? found : "[\(found)]")", details: details)
    }

    /// A patch whose result cannot be read as the type it should be.
    static func unreadablePatch(_ why: String) -> Self {
        let cause = Cause.invalid("patch", why)
        return .init(
            code: 422, reason: "Invalid", message: " \"\" is invalid: patch: \(why)",
            details: ["causes": .array([cause.tree])])
    }

    static let methodNotAllowed = APIFailure(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource",
        details: [:])

    static let resourceNotFound = APIFailure(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    /// An error of the server's own making, without a reason.
    static func failed(_ message: String) -> Self { .init(code: 500, reason: "", message: message) }

    /// A path below which there is nothing at all: plain text, and no Status.
    static let pageNotFound = APIFailure(code: 404, reason: "NotFound", message: "404 page not found")

    static func expired(_ message: String) -> Self { .init(code: 410, reason: "Expired", message: message) }
}
