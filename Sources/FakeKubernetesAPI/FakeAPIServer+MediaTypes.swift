import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    private static let bodies = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// Refuses what a real server would not read or write with 406 and 415, and what it would and this one does not with 501.
    mutating func negotiate(_ request: HTTPRequest, _ kind: ResourceKind) throws(APIFailure) -> MediaNegotiation {
        let known = kind.isCustom ? Array(Self.bodies.dropLast()) : Self.bodies
        let choices = MediaNegotiation.choices(request.headers["Accept"])
        guard let choice = choices.first(where: { self.isWritten($0, kind) }) else {
            guard kind.isCustom || choices.isEmpty else {
                throw .notCopied("\(kind.plural) in any of the forms that were asked for")
            }
            self.answersProtobuf = choices.first?.encoding == .protobuf
            // A known type in an unknown form is refused in another place of the server, which tells no details.
            let types = MediaNegotiation.clauses(request.headers["Accept"] ?? "").map(\.type)
            throw APIFailure(
                code: 406, reason: "NotAcceptable",
                message: "only the following media types are accepted: \(known.joined(separator: ", "))",
                details: types.contains(where: Self.bodies.contains) ? nil : [:])
        }
        self.answersProtobuf = choice.encoding == .protobuf
        try Self.checkBody(request, known)
        return choice
    }

    /// Of protobuf only what `KubernetesProtobuf` knows, of tables those whose columns are known.
    private func isWritten(_ choice: MediaNegotiation, _ kind: ResourceKind) -> Bool {
        if case .table = choice.form, choice.encoding != .protobuf { return self.hasTable(kind) }
        guard choice.encoding == .protobuf else { return true }
        return choice.form == .metadataOnly || choice.form == .whole && kind.kind == "ConfigMap" && kind.group.isEmpty
    }

    private static func checkBody(_ request: HTTPRequest, _ known: [String]) throws(APIFailure) {
        guard request.method == "POST" || request.method == "PUT", !request.body.isEmpty else { return }
        let types = MediaNegotiation.clauses(request.headers["Content-Type"] ?? "").map(\.type)
        guard types.allSatisfy(known.contains) else {
            throw APIFailure(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types include: "
                    + known.joined(separator: ", "))
        }
        guard types.contains("application/vnd.kubernetes.protobuf") else { return }
        guard request.body.starts(with: KubernetesProtobuf.prefix) else {
            throw .badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
    }

    /// An object or a list in the form that was asked for.
    func formed(_ whole: JSONTree, _ target: RequestTarget, _ form: ObjectMediaForm) -> JSONTree {
        switch form {
        case .whole: whole
        case .metadataOnly: Self.metadataOnly(whole)
        case .table(let version): self.table(whole, target, version)
        }
    }

    /// Of an object or a list: names, labels and the like, and nothing of what it is about.
    private static func metadataOnly(_ whole: JSONTree) -> JSONTree {
        guard case .array(let items)? = whole["items"] else {
            var part: JSONTree = ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"]
            part["metadata"] = whole["metadata"]
            return part
        }
        var list: JSONTree = ["kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"]
        list["metadata"] = whole["metadata"]
        // Go's nil slice, where the list came without items.
        list["items"] = items.isEmpty ? .null : .array(items.map(Self.metadataOnly))
        return list
    }
}
