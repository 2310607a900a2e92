import KubernetesAPI

/// What the server refuses about workloads: objects from which controllers make pods.
extension Validation {
    static func deployment(_ deployment: JSONTree, old: JSONTree?) -> [Cause] {
        let status = deployment["status"] ?? [:]
        let counted = ["updatedReplicas", "readyReplicas", "availableReplicas"]
        return self.size(deployment) + self.template(deployment, runsForever: true)
            + self.isFixed(deployment, old, ["spec", "selector"]) + self.strategy(deployment)
            + self.counts(status, ["replicas"] + counted, upTo: "replicas")
    }

    static func workload(_ object: JSONTree, _ old: JSONTree?) -> [Cause] {
        var causes = self.size(object) + self.template(object, runsForever: true)
        if object["kind"] == "ReplicaSet" {
            let counted = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"]
            causes += self.counts(object["status"] ?? [:], ["replicas"] + counted, upTo: "replicas")
        }
        guard let old else { return causes }
        guard object["kind"] == "StatefulSet" else { return causes + self.isFixed(object, old, ["spec", "selector"]) }
        let free = [
            "replicas", "ordinals", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds", "revisionHistoryLimit",
        ]
        let fixed = [object, old].map { side in
            JSONTree.object((side["spec"]?.members ?? []).filter { !free.contains($0.key) })
        }
        if !self.isSame(fixed[0], fixed[1]) {
            causes.append(
                .forbidden("spec", "updates to statefulset spec for fields other than the mutable ones are forbidden"))
        }
        return causes
    }

    static func job(_ job: JSONTree, _ old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        for field in ["parallelism", "completions", "backoffLimit"] {
            if let number = job[path: ["spec", field]]?.integer, number < 0 {
                causes.append(.invalid("spec.\(field)", "\(number): must be greater than or equal to 0"))
            }
        }
        let policy = job[path: ["spec", "template", "spec", "restartPolicy"]]?.string ?? ""
        if !["Never", "OnFailure"].contains(policy) {
            causes.append(.notSupported("spec.template.spec.restartPolicy", policy, ["OnFailure", "Never"]))
        }
        let (completions, parallelism) = (job[path: ["spec", "completions"]], job[path: ["spec", "parallelism"]])
        let isIndexed = job[path: ["spec", "completionMode"]] == "Indexed"
        if isIndexed, completions == nil {
            causes.append(.required("spec.completions", "when completion mode is Indexed"))
        }
        guard let old else { return causes }
        let isSuspended = old[path: ["spec", "suspend"]] == .boolean(true)
        // An indexed job grows and shrinks with both numbers alike.
        let isResized = isIndexed && completions == parallelism
        return causes + (isResized ? [] : self.isFixed(job, old, ["spec", "completions"]))
            + self.isFixed(job, old, ["spec", "selector"]) + self.isFixed(job, old, ["spec", "completionMode"])
            + (isSuspended ? [] : self.isFixed(job, old, ["spec", "template"]))
    }

    // MARK: Parts

    private static func size(_ object: JSONTree) -> [Cause] {
        guard let replicas = object[path: ["spec", "replicas"]]?.integer, replicas < 0 else { return [] }
        return [.invalid("spec.replicas", "\(replicas): must be greater than or equal to 0")]
    }

    /// The selector, and the template that it must find.
    private static func template(_ object: JSONTree, runsForever: Bool) -> [Cause] {
        var causes: [Cause] = []
        let selector = object[path: ["spec", "selector"]] ?? .null
        if selector == .null {
            causes.append(.required("spec.selector", ""))
        } else if selector.members.allSatisfy({ $0.value.members.isEmpty && $0.value.elements.isEmpty }) {
            let kind = object["kind"]?.string?.lowercased() ?? ""
            causes.append(.invalid("spec.selector", "{}: empty selector is invalid for \(kind)"))
        }
        let labels = object[path: ["spec", "template", "metadata", "labels"]]
        if selector == .null
            || selector["matchLabels"]?.members.contains(where: { labels?[$0.key] != $0.value }) ?? false
        {
            causes.append(
                .invalid(
                    "spec.template.metadata.labels",
                    "\(labels?.text ?? "null"): `selector` does not match template `labels`"))
        }
        if runsForever, let policy = object[path: ["spec", "template", "spec", "restartPolicy"]]?.string,
            policy != "Always"
        {
            causes.append(.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]))
        }
        return causes
    }

    private static func strategy(_ deployment: JSONTree) -> [Cause] {
        let strategy = deployment[path: ["spec", "strategy"]] ?? [:]
        let (type, known) = (strategy["type"]?.string ?? "", ["Recreate", "RollingUpdate"])
        if !known.contains(type) { return [.notSupported("spec.strategy.type", type, known)] }
        let rolling = strategy["rollingUpdate"] ?? .null
        if type == "Recreate" {
            let why = "may not be specified when strategy `type` is 'Recreate'"
            return rolling == .null ? [] : [.forbidden("spec.strategy.rollingUpdate", why)]
        }
        let isNothing = { (value: JSONTree?) in value == 0 || value == "0%" }
        guard isNothing(rolling["maxUnavailable"]), isNothing(rolling["maxSurge"]) else { return [] }
        let field = "spec.strategy.rollingUpdate.maxUnavailable"
        return [.invalid(field, "\(rolling["maxUnavailable"]?.text ?? ""): may not be 0 when `maxSurge` is 0")]
    }

    /// Numbers from 0, none of them above one of them.
    private static func counts(_ status: JSONTree, _ fields: [String], upTo limit: String) -> [Cause] {
        var causes = fields.compactMap { field -> Cause? in
            guard let count = status[field]?.integer, count < 0 else { return nil }
            return .invalid("status.\(field)", "\(count): must be greater than or equal to 0")
        }
        let most = status[limit]?.integer ?? 0
        for field in fields where status[limit] != nil && status[field]?.integer ?? 0 > most {
            causes.append(.invalid("status.\(field)", "cannot be greater than status.\(limit)"))
        }
        return causes
    }
}
