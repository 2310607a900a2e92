import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    private static let known = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"]

    /// Refuses what a real server would not read or write. What it would and this one does not is refused elsewhere, with 501.
    static func checkMediaTypes(_ request: HTTPRequest) throws(APIFailure) {
        let accepted = Self.types(request.headers["Accept"])
        if !accepted.isEmpty, !accepted.contains(where: { $0 == "*/*" || Self.known.contains($0) }) {
            throw APIFailure(
                code: 406, reason: "NotAcceptable",
                message: "406: Not Acceptable\n\nAvailable representations: \(Self.known.joined(separator: ", "))",
                details: [:])
        }
        let forms = (request.headers["Accept"] ?? "").split(separator: ",").map { part in
            part.split(separator: ";").first { $0.hasPrefix("as=") }.map { String($0.dropFirst(3)) }
        }
        let knownForms = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
        if !forms.isEmpty, forms.allSatisfy({ $0.map { !knownForms.contains($0) } ?? false }) {
            throw APIFailure(
                code: 406, reason: "NotAcceptable",
                message: "only the following media types are accepted: \(Self.known.joined(separator: ", "))")
        }
        guard request.method == "POST" || request.method == "PUT", !request.body.isEmpty else { return }
        guard Self.types(request.headers["Content-Type"]).allSatisfy(Self.known.contains) else {
            throw APIFailure(
                code: 415, reason: "UnsupportedMediaType",
                message: "the body of the request was in an unknown format - accepted media types include: "
                    + Self.known.joined(separator: ", "))
        }
        if request.headers["Content-Type"]?.hasPrefix("application/vnd.kubernetes.protobuf") ?? false {
            throw .notCopied("protobuf bodies")
        }
    }

    /// The types of a header, without their parameters.
    private static func types(_ header: String?) -> [String] {
        (header ?? "").split(separator: ",").map { part in
            String(part.prefix { $0 != ";" }).filter { $0 != " " }
        }.filter { !$0.isEmpty }
    }
}
