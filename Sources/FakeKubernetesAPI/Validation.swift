import KubernetesAPI

/// What the server refuses about an object's content. Only rules that matter to scheduling and to who writes these objects.
enum Validation {
    typealias Cause = APIFailure.Cause

    /// - Parameter old: Nil for a new object.
    static func causes(_ kind: ResourceKind, _ object: JSONTree, old: JSONTree?) -> [Cause] {
        // The real server looks at an update's metadata twice, and at a node's four times, and says so.
        let repeats = old == nil ? 1 : kind.kind == "Node" ? 4 : 2
        let metadata = self.labels(object) + (old == nil ? self.ownership(object) : [])
        var causes = Array(repeating: metadata, count: repeats).flatMap(\.self)
        if let old { causes += self.finalizers(object, old: old) }
        switch kind.builtInKind {
        case "Pod" where old == nil: causes += PodValidation.causes(object)
        case "Node": causes += self.node(object, old: old)
        case "Event": causes += self.event(object, old: old)
        case "Lease": causes += self.lease(object)
        case "Deployment": causes += self.deployment(object, old: old)
        case "PodDisruptionBudget": causes += self.budget(object)
        default: causes += self.kindCauses(kind, object, old: old)
        }
        return causes
    }

    /// What does not even have the type that its field must have.
    static func unreadable(_ kind: ResourceKind, _ object: JSONTree) -> String? {
        if let mismatch = TypeShape.of(kind)?.mismatch(object) { return mismatch.message }
        guard kind.kind == "Lease" else { return nil }
        for field in ["acquireTime", "renewTime"] {
            if let time = object[path: ["spec", field]], time != .null, time.string.flatMap(MicroTime.init) == nil {
                return "parsing time \(time.text) as \"2006-01-02T15:04:05.000000Z07:00\""
            }
        }
        return nil
    }

    /// Paths of fields that its type does not have.
    static func unknownFields(_ kind: ResourceKind, _ object: JSONTree) -> [String] {
        TypeShape.of(kind)?.unknownFields(object) ?? []
    }

    // MARK: Metadata

    private static func labels(_ object: JSONTree) -> [Cause] {
        (object["metadata"]?["labels"]?.members ?? []).flatMap { label -> [Cause] in
            var causes: [Cause] = []
            if !self.isQualifiedName(label.key) {
                causes.append(
                    .invalid("metadata.labels", "\"\(label.key)\": name part must consist of alphanumeric characters"))
            }
            if !self.isLabelValue(label.value.string ?? "!") {
                causes.append(
                    .invalid(
                        "metadata.labels", "\"\(label.value.string ?? "")\": a valid label must be an empty string"))
            }
            return causes
        }
    }

    private static func ownership(_ object: JSONTree) -> [Cause] {
        var causes: [Cause] = []
        let metadata = object["metadata"] ?? [:]
        let annotations = metadata["annotations"]?.members ?? []
        for annotation in annotations where !self.isQualifiedName(annotation.key.lowercased()) {
            causes.append(.invalid("metadata.annotations", "\"\(annotation.key)\": must be a qualified name"))
        }
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.string?.utf8.count ?? 0) }
        if size > 256 << 10 {
            causes.append(
                .init(
                    field: "metadata.annotations", reason: "FieldValueTooLong",
                    message: "Too long: may not be more than 262144 bytes"))
        }
        let owners = metadata["ownerReferences"]?.elements ?? []
        for owner in owners where owner["uid"]?.string ?? "" == "" {
            causes.append(.invalid("metadata.ownerReferences.uid", "\"\": must not be empty"))
        }
        if owners.count(where: { $0["controller"] == .boolean(true) }) > 1 {
            causes.append(
                .invalid("metadata.ownerReferences", "Only one reference can have Controller set to true"))
        }
        for (index, finalizer) in FakeAPIServer.finalizers(object).enumerated() {
            let name = finalizer.string ?? ""
            if !name.contains("/"), !["orphan", "foregroundDeletion", "kubernetes"].contains(name) {
                causes.append(
                    .invalid(
                        "metadata.finalizers[\(index)]",
                        "\"\(name)\": is not a standard finalizer name nor fully qualified"))
            }
        }
        return causes
    }

    static func isLabelValue(_ value: String) -> Bool { value.isEmpty || self.isNamePart(value) }

    static func isQualifiedName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last, self.isNamePart(String(last)) else { return false }
        return parts.count == 1 || FakeAPIServer.isSubdomain(String(parts[0]))
    }

    private static func isNamePart(_ text: String) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
        }
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy {
                isAlphanumeric($0) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0)
            }
    }

    /// Whoever is being deleted gets no new finalizers. The real server says so twice.
    private static func finalizers(_ object: JSONTree, old: JSONTree) -> [Cause] {
        guard old["metadata"]?["deletionTimestamp"] != nil else { return [] }
        let before = FakeAPIServer.finalizers(old)
        let added = FakeAPIServer.finalizers(object).filter { !before.contains($0) }
        guard !added.isEmpty else { return [] }
        let cause = Cause.forbidden(
            "metadata.finalizers", "no new finalizers can be added if the object is being deleted, found \(added)")
        return [cause, cause]
    }

    // MARK: Kinds

    private static func node(_ node: JSONTree, old: JSONTree?) -> [Cause] {
        var causes: [Cause] = []
        var wrongTaints: [Cause] = []
        var seen: Set<String> = []
        for (index, taint) in (node[path: ["spec", "taints"]]?.elements ?? []).enumerated() {
            let effect = taint["effect"]?.string ?? ""
            let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
            if !effects.contains(effect) {
                wrongTaints.append(.notSupported("metadata.taints[\(index)].effect", effect, effects))
            } else if !seen.insert("\(taint["key"]?.string ?? ""):\(effect)").inserted {
                wrongTaints.append(.duplicate("metadata.taints[\(index)]", taint.text))
            }
        }
        causes += old == nil ? wrongTaints : wrongTaints + wrongTaints
        for list in ["capacity", "allocatable"] {
            for amount in node[path: ["status", list]]?.members ?? [] where amount.key.contains("/") {
                if !self.isWhole(amount.value) {
                    causes.append(.invalid("status.\(list).\(amount.key)", "\(amount.value.text): must be an integer"))
                }
            }
        }
        let provider = old?[path: ["spec", "providerID"]]?.string ?? ""
        if !provider.isEmpty, node[path: ["spec", "providerID"]]?.string != provider {
            causes.append(
                .forbidden("spec.providerID", "node updates may not change providerID except from \"\" to valid"))
        }
        return causes
    }

    static func isWhole(_ amount: JSONTree) -> Bool {
        if amount.integer != nil { return true }
        guard let text = amount.string, let quantity = try? Quantity(parsing: text) else { return false }
        return quantity.units(rounding: .up) == quantity.units(rounding: .down)
    }

    private static func lease(_ lease: JSONTree) -> [Cause] {
        var causes: [Cause] = []
        if let duration = lease[path: ["spec", "leaseDurationSeconds"]]?.integer, duration <= 0 {
            causes.append(.invalid("spec.leaseDurationSeconds", "\(duration): must be greater than 0"))
        }
        if let count = lease[path: ["spec", "leaseTransitions"]]?.integer, count < 0 {
            causes.append(.invalid("spec.leaseTransitions", "\(count): must be greater than or equal to 0"))
        }
        return causes
    }

    private static func budget(_ budget: JSONTree) -> [Cause] {
        let spec = budget["spec"] ?? [:]
        var causes: [Cause] = []
        let setsBoth = spec["minAvailable"] != nil && spec["maxUnavailable"] != nil
        if setsBoth { causes.append(.invalid("spec", "minAvailable and maxUnavailable cannot be both set")) }
        let policies = ["AlwaysAllow", "IfHealthyBudget"]
        if let policy = spec["unhealthyPodEvictionPolicy"]?.string, !policies.contains(policy) {
            causes.append(.notSupported("spec.unhealthyPodEvictionPolicy", policy, policies))
        }
        for field in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
            if let count = budget["status"]?[field]?.integer, count < 0 {
                causes.append(.invalid("status.\(field)", "\(count): must be greater than or equal to 0"))
            }
        }
        if setsBoth { return causes }
        return causes
            + ["minAvailable", "maxUnavailable"].compactMap { field in
                guard let value = spec[field] else { return nil }
                if let count = value.integer {
                    return count < 0 ? .invalid("spec.\(field)", "\(count): must be greater than or equal to 0") : nil
                }
                let text = value.string ?? ""
                guard text.hasSuffix("%"), let share = Int64(text.dropLast()), share >= 0 else {
                    return .invalid(
                        "spec.\(field)", "\(value.text): a valid percent string must be a numeric string followed by %")
                }
                return share > 100 ? .invalid("spec.\(field)", "\(value.text): must not be greater than 100%") : nil
            }
    }
}
