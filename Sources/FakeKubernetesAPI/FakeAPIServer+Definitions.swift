import KubernetesAPI

/// CustomResourceDefinitions: kinds come and go with them.
extension FakeAPIServer {
    static func causes(ofDefinition definition: JSONTree) -> [APIFailure.Cause] {
        let spec = definition["spec"] ?? [:]
        let (group, plural) = (spec["group"]?.string ?? "", spec[path: ["names", "plural"]]?.string ?? "")
        var causes: [APIFailure.Cause] = []
        let name = definition["metadata"]?["name"]?.string ?? ""
        if name != "\(plural).\(group)" {
            causes.append(.invalid("metadata.name", "\"\(name)\": must be spec.names.plural+\".\"+spec.group"))
        }
        let approval = "api-approved.kubernetes.io"
        if group.hasSuffix(".k8s.io") || group.hasSuffix(".kubernetes.io"),
            definition[path: ["metadata", "annotations", approval]] == nil
        {
            causes.append(
                .required("metadata.annotations[\(approval)]", "protected groups must have approval annotation"))
        }
        for (index, version) in (spec["versions"]?.elements ?? []).enumerated()
        where version[path: ["schema", "openAPIV3Schema"]] ?? .null == .null {
            causes.append(.required("spec.versions[\(index)].schema.openAPIV3Schema", "schemas are required"))
        }
        return causes
    }

    /// Fills in what follows from the rest.
    static func completeDefinition(_ definition: inout JSONTree) {
        let kind = definition[path: ["spec", "names", "kind"]]?.string ?? ""
        if definition[path: ["spec", "names", "singular"]] == nil {
            definition[path: ["spec", "names", "singular"]] = .string(kind.lowercased())
        }
        if definition[path: ["spec", "names", "listKind"]] == nil {
            definition[path: ["spec", "names", "listKind"]] = .string("\(kind)List")
        }
        if definition[path: ["spec", "conversion"]] == nil {
            definition[path: ["spec", "conversion"]] = ["strategy": "None"]
        }
        let stored = (definition[path: ["spec", "versions"]]?.elements ?? []).filter { $0["storage"] == .boolean(true) }
            .compactMap { $0["name"] }
        if definition["status"] ?? [:] == [:] {
            definition["status"] = [
                "conditions": .null, "acceptedNames": ["plural": "", "kind": ""], "storedVersions": .array(stored),
            ]
        }
    }

    /// Rules in CEL take no part in what is refused.
    mutating func warnOfRules(_ definition: JSONTree) {
        guard definition.text.contains("\"x-kubernetes-validations\"") else { return }
        self.warnings.append("this fake API server does not evaluate x-kubernetes-validations")
    }

    /// Serves its kinds from now on, and says so on it.
    mutating func establish(_ definition: JSONTree, at key: ObjectStore.Key) {
        for resource in CustomResource.all(of: definition) {
            self.kinds.removeAll {
                $0.group == resource.kind.group && $0.plural == resource.kind.plural
                    && $0.version == resource.kind.version
            }
            self.kinds.append(resource.kind)
            self.customResources[resource.kind] = resource
        }
        var established = definition
        established[path: ["status", "acceptedNames"]] = definition[path: ["spec", "names"]]
        established[path: ["status", "conditions"]] = [
            [
                "type": "NamesAccepted", "status": "True", "lastTransitionTime": self.timestamp,
                "reason": "NoConflicts",
                "message": "no conflicts found",
            ],
            [
                "type": "Established", "status": "True", "lastTransitionTime": self.timestamp,
                "reason": "InitialNamesAccepted", "message": "the initial names have been accepted",
            ],
        ]
        self.noteServerOwnership(.definitions, old: definition, &established)
        self.store.write(established, at: key)
    }

    /// Ends its kinds and all their objects.
    mutating func abolish(_ definition: JSONTree, at key: ObjectStore.Key) -> JSONTree {
        let kinds = CustomResource.all(of: definition).map(\.kind)
        for object in self.store.objects.keys.filter({ kinds.contains($0.kind) }).sorted() {
            self.store.write(nil, at: object)
        }
        self.kinds.removeAll { kinds.contains($0) }
        for kind in kinds { self.customResources[kind] = nil }
        self.store.write(nil, at: key)
        var last = definition
        last[path: ["metadata", "deletionTimestamp"]] = self.timestamp
        let terminating: JSONTree = [
            "type": "Terminating", "status": "True", "lastTransitionTime": self.timestamp,
            "reason": "InstanceDeletionPending", "message": "CustomResourceDefinition marked for deletion",
        ]
        last[path: ["status", "conditions"]] = .array(
            (definition[path: ["status", "conditions"]]?.elements ?? []) + [terminating])
        last[path: ["metadata", "finalizers"]] = ["customresourcecleanup.apiextensions.k8s.io"]
        return last
    }

    /// Objects of custom kinds must name their kind and version themselves.
    static func checkCustom(_ sent: JSONTree, is target: RequestTarget) throws(APIFailure) {
        guard let kind = sent["kind"]?.string, !kind.isEmpty, let version = sent["apiVersion"]?.string, !version.isEmpty
        else { throw .badRequest("Object 'Kind' is missing in the body") }
        guard version == target.kind.apiVersion else {
            throw .badRequest("the API version in the data (\(version)) does not match the expected API version")
        }
        guard kind == target.kind.kind else {
            let name = sent["metadata"]?["name"]?.string ?? ""
            throw .invalid(
                group: target.kind.group, kind: kind, name,
                [.invalid("kind", "\"\(kind)\": must be \(target.kind.kind)")])
        }
    }
}
