import HTTPTransport
import KubernetesAPI

extension FakeAPIServer {
    /// The scale subresource of what has replicas.
    func scale(_ object: JSONTree, _ kind: ResourceKind) -> JSONTree {
        var metadata = object["metadata"] ?? [:]
        for field in ["labels", "annotations", "generation", "finalizers", "ownerReferences", "managedFields"] {
            metadata[field] = nil
        }
        if let paths = self.customResources[kind]?.scale {
            let numbers = ["specReplicasPath", "statusReplicasPath", "labelSelectorPath"].map { name in
                object[path: Self.path(paths[name])]
            }
            var status: JSONTree = ["replicas": numbers[1] ?? 0]
            status["selector"] = numbers[2]
            return [
                "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
                "spec": ["replicas": numbers[0] ?? 0], "status": status,
            ]
        }
        let labels = (object[path: ["spec", "selector", "matchLabels"]]?.members ?? []).sorted { $0.key < $1.key }
        let selector = labels.map { "\($0.key)=\($0.value.string ?? "")" }.joined(separator: ",")
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": ["replicas": object[path: ["spec", "replicas"]] ?? 0],
            "status": ["replicas": object[path: ["status", "replicas"]] ?? 0, "selector": .string(selector)],
        ]
    }

    /// The keys of a path as definitions write it, `.spec.replicas`.
    private static func path(_ written: JSONTree?) -> [String] {
        (written?.string ?? "").split(separator: ".").map(String.init)
    }

    /// Writes the replicas of a scale that was sent or patched.
    mutating func rescale(
        _ target: RequestTarget, _ name: String, _ request: HTTPRequest
    ) throws(APIFailure) -> JSONTree {
        let object = try self.existing(target, name)
        var scale = self.scale(object, target.kind)
        let sent = try Self.object(request)
        if request.method == "PUT" { scale = sent } else { scale.merge(sent) }
        guard let replicas = scale[path: ["spec", "replicas"]]?.integer, replicas >= 0 else {
            let found = scale[path: ["spec", "replicas"]]?.text ?? "nothing"
            if target.kind.isCustom {
                throw .invalid(
                    target.kind, name, [.invalid(".spec.replicas", "\(found): should be a non-negative integer")])
            }
            throw .invalid(
                group: "autoscaling", kind: "Scale", name,
                [.invalid("spec.replicas", "\(found): must be greater than or equal to 0")])
        }
        var main = target
        main.subresource = nil
        var new = object
        let custom = self.customResources[target.kind]?.scale?["specReplicasPath"]
        new[path: custom.map { Self.path($0) } ?? ["spec", "replicas"]] = .integer(replicas)
        new[path: ["metadata", "resourceVersion"]] = scale["metadata"]?["resourceVersion"]
        return self.scale(try self.update(main, name, old: object, new: new), target.kind)
    }

    /// Deletes what a list with the same options shows, and answers with that list.
    mutating func deleteCollection(_ target: RequestTarget, _ request: HTTPRequest) throws(APIFailure) -> JSONTree {
        var list = try self.list(target)
        var items: [JSONTree] = []
        for item in list["items"]?.elements ?? [] {
            guard let name = item["metadata"]?["name"]?.string else { continue }
            var one = target
            one.name = name
            one.namespace = item["metadata"]?["namespace"]?.string
            one.options = target.options.filter { $0.key != "labelSelector" && $0.key != "fieldSelector" }
            _ = try self.delete(one, name, request)
            var left = self.store.objects[one.key(name)] ?? item
            if !target.kind.isCustom {
                left["kind"] = nil
                left["apiVersion"] = nil
            }
            items.append(left)
        }
        list["items"] = .array(items)
        return list
    }
}
