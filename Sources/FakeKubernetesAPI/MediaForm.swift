import HTTPTransport
import KubernetesAPI

/// In which form of an object an answer is written.
enum ObjectMediaForm: Sendable, Equatable {
    case whole
    case metadataOnly
    /// `v1` or `v1beta1` of `meta.k8s.io`.
    case table(version: String)
}

/// What an `Accept` header leads to.
struct MediaNegotiation: Sendable, Equatable {
    enum Encoding: String, Sendable {
        case json = "application/json"
        /// Written as JSON, which is YAML.
        case yaml = "application/yaml"
        case protobuf = "application/vnd.kubernetes.protobuf"
    }

    var encoding = Encoding.json
    var form = ObjectMediaForm.whole
    /// `as=APIGroupDiscoveryList` of `apidiscovery.k8s.io/v2`.
    var isAggregatedDiscovery = false

    /// The first choice that the server has: clauses by falling `q`, equal ones in their order. Protobuf is taken only where nothing
    /// else will do.
    ///
    /// - Returns: Nil where nothing that was asked for exists.
    init?(accept: String?, isDiscovery: Bool = false) {
        let choices = Self.choices(accept, isDiscovery: isDiscovery)
        guard let choice = choices.first(where: { $0.encoding != .protobuf }) ?? choices.first else { return nil }
        self = choice
    }

    private init() {}

    /// All that was asked for and exists, the most wanted first; JSON where nothing was asked for.
    static func choices(_ accept: String?, isDiscovery: Bool = false) -> [MediaNegotiation] {
        let clauses = Self.clauses(accept ?? "")
        return clauses.isEmpty
            ? [MediaNegotiation()] : clauses.compactMap { Self.choice($0, isDiscovery: isDiscovery) }
    }

    private static func choice(_ clause: Clause, isDiscovery: Bool) -> Self? {
        var choice = Self()
        if clause.type != "*/*" {
            guard let encoding = Encoding(rawValue: clause.type) else { return nil }
            choice.encoding = encoding
        }
        guard let form = clause.parameters["as"] else { return choice }
        let (group, version) = (clause.parameters["g"] ?? "", clause.parameters["v"] ?? "")
        switch form {
        case "APIGroupDiscoveryList" where isDiscovery && group == "apidiscovery.k8s.io" && version == "v2":
            choice.isAggregatedDiscovery = true
        case "Table" where !isDiscovery && group == "meta.k8s.io" && ["v1", "v1beta1"].contains(version):
            choice.form = .table(version: version)
        case "PartialObjectMetadata", "PartialObjectMetadataList":
            guard !isDiscovery, group == "meta.k8s.io", ["v1", "v1beta1"].contains(version) else { return nil }
            choice.form = .metadataOnly
        default: return nil
        }
        return choice
    }

    struct Clause {
        var type: String
        var parameters: [String: String]
    }

    /// The clauses of a header by falling `q`.
    static func clauses(_ header: String) -> [Clause] {
        let read = header.split(separator: ",").map { part -> (clause: Clause, weight: Double) in
            let pieces = part.split(separator: ";").map { String($0.filter { $0 != " " }) }
            var parameters: [String: String] = [:]
            for piece in pieces.dropFirst() {
                let halves = piece.split(separator: "=", maxSplits: 1).map(String.init)
                if halves.count == 2 { parameters[halves[0]] = halves[1] }
            }
            return (
                Clause(type: pieces.first ?? "", parameters: parameters), Double(parameters["q"] ?? "") ?? 1
            )
        }
        return read.enumerated().sorted { left, right in
            (right.element.weight, left.offset) < (left.element.weight, right.offset)
        }.map(\.element.clause)
    }
}
