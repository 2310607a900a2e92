import HTTPTransport
import KubernetesAPI

/// Fields that stand twice in one object: the last one counts, and the sender is told.
extension FakeAPIServer {
    mutating func checkDuplicates(_ request: HTTPRequest, _ target: RequestTarget) throws(APIFailure) {
        let wish = target.options["fieldValidation"] ?? "Warn"
        let text = String(decoding: request.body, as: UTF8.self)
        guard wish != "Ignore", let document = try? JSONDocument.parse(text) else { return }
        var found: [String] = []
        Self.collectDuplicates(document.root, "", &found)
        if wish == "Strict", let field = found.first {
            throw .badRequest(
                "\(target.kind.kind) in version \"\(target.kind.version)\" cannot be handled as a \(target.kind.kind): "
                    + "strict decoding error: duplicate field \"\(field)\"")
        }
        self.warnings += found.map { "duplicate field \"\($0)\"" }
    }

    private static func collectDuplicates(_ value: JSONValue, _ path: String, _ found: inout [String]) {
        switch value.kind {
        case .object:
            var seen: Set<String> = []
            for (key, member) in value.members {
                let inner = path.isEmpty ? key : "\(path).\(key)"
                if !seen.insert(key).inserted { found.append(inner) }
                Self.collectDuplicates(member, inner, &found)
            }
        case .array:
            for (index, element) in value.elements.enumerated() {
                Self.collectDuplicates(element, "\(path)[\(index)]", &found)
            }
        case .null, .boolean, .integer, .number, .string: return
        }
    }
}
