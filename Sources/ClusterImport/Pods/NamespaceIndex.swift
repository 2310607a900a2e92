import KubernetesAPI
import SchedulingModel

/// The labels of all namespaces that are known or that pods live in.
struct NamespaceIndex: Sendable {
    private let labelsByName: [String: [String: String]]

    /// - Parameter podNamespaces: Those of pods; without an object of their own they carry only the label that every
    ///   namespace has.
    init(_ namespaces: [Namespace] = [], podNamespaces: Set<String> = []) {
        var labelsByName: [String: [String: String]] = [:]
        for name in podNamespaces { labelsByName[name] = [Self.nameLabel: name] }
        for namespace in namespaces {
            var labels = namespace.metadata.labels
            labels[Self.nameLabel] = namespace.metadata.name
            labelsByName[namespace.metadata.name] = labels
        }
        self.labelsByName = labelsByName
    }

    private static let nameLabel = "kubernetes.io/metadata.name"

    /// The namespaces that a pod affinity term speaks of, sorted; nil for all of them.
    ///
    /// Listed ones and those that match the selector are joined. An empty selector means every namespace; with
    /// neither list nor selector it is the pod's own.
    func names(listed: [String], selector: WireLabelSelector?, own: String) -> [String]? {
        guard let selector else { return listed.isEmpty ? [own] : Set(listed).sorted() }
        if selector.isEmpty { return nil }
        let matcher = LabelSelector(selector)
        let matching = self.labelsByName.filter { matcher.matches($0.value) }.map(\.key)
        return Set(listed).union(matching).sorted()
    }
}
