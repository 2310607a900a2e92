import KubernetesAPI

/// A kind that a CustomResourceDefinition brought, and what its version says of its objects.
struct CustomResource: Sendable {
    let kind: ResourceKind
    let singular: String
    let shortNames: [JSONTree]
    let categories: [String]
    let schema: JSONTree
    /// Where the scale subresource finds its numbers, as `.spec.replicas`.
    let scale: JSONTree?
    let printerColumns: [JSONTree]

    /// One per served version.
    static func all(of definition: JSONTree) -> [CustomResource] {
        let spec = definition["spec"] ?? [:]
        let (group, names) = (spec["group"]?.string ?? "", spec["names"] ?? [:])
        return (spec["versions"]?.elements ?? []).filter { $0["served"] != .boolean(false) }.map { version in
            let subresources = version["subresources"] ?? [:]
            let kind = ResourceKind(
                custom: group, version["name"]?.string ?? "", names["plural"]?.string ?? "",
                names["kind"]?.string ?? "", namespaced: spec["scope"] != "Cluster",
                hasStatus: subresources["status"] != nil, isScalable: subresources["scale"] != nil)
            return CustomResource(
                kind: kind, singular: names["singular"]?.string ?? kind.kind.lowercased(),
                shortNames: names["shortNames"]?.elements ?? [],
                categories: names["categories"]?.elements.compactMap(\.string) ?? [],
                schema: version[path: ["schema", "openAPIV3Schema"]] ?? [:], scale: subresources["scale"],
                printerColumns: version["additionalPrinterColumns"]?.elements ?? [])
        }
    }

    // MARK: Objects

    /// Drops what the schema does not have and fills in its defaults.
    func complete(_ object: inout JSONTree) {
        for member in object.members where !["apiVersion", "kind", "metadata"].contains(member.key) {
            guard let part = self.schema[path: ["properties", member.key]] else {
                if self.schema["x-kubernetes-preserve-unknown-fields"] != .boolean(true) { object[member.key] = nil }
                continue
            }
            var value = member.value
            Self.complete(&value, part)
            object[member.key] = value
        }
    }

    private static func complete(_ value: inout JSONTree, _ schema: JSONTree) {
        switch value {
        case .object(let members):
            let properties = schema["properties"]?.members ?? []
            let isOpen = schema["x-kubernetes-preserve-unknown-fields"] == .boolean(true)
            let others = schema["additionalProperties"]
            var kept: [JSONTree.Member] = []
            for member in members {
                var inner = member.value
                if let part = schema[path: ["properties", member.key]]
                    ?? (others?.members.isEmpty == false ? others : nil)
                {
                    Self.complete(&inner, part)
                } else if !isOpen, others == nil {
                    continue
                }
                kept.append(.init(member.key, inner))
            }
            value = .object(kept)
            for property in properties where value[property.key] == nil {
                if let preset = property.value["default"] { value[property.key] = preset }
            }
        case .array(var elements):
            guard let items = schema["items"] else { return }
            for index in elements.indices { Self.complete(&elements[index], items) }
            value = .array(elements)
        case .null, .boolean, .integer, .number, .string: break
        }
    }

    /// The first field that the schema does not have.
    func unknownField(_ object: JSONTree) -> String? {
        var completed = object
        self.complete(&completed)
        return Self.missing(object, in: completed, at: "")
    }

    private static func missing(_ object: JSONTree, in other: JSONTree, at path: String) -> String? {
        for member in object.members {
            guard let found = other[member.key] else { return path + member.key }
            if let inner = Self.missing(member.value, in: found, at: "\(path)\(member.key).") { return inner }
        }
        return nil
    }

    // MARK: Validation

    /// What the schema refuses. Rules in CEL are not evaluated.
    func causes(_ object: JSONTree) -> [APIFailure.Cause] {
        var causes: [APIFailure.Cause] = []
        for property in self.schema["properties"]?.members ?? [] where property.key != "metadata" {
            if let value = object[property.key] { causes += Self.causes(value, property.value, property.key) }
        }
        let blocking = ["FieldValueTypeInvalid", "FieldValueRequired", "FieldValueNotSupported"]
        if causes.contains(where: { blocking.contains($0.reason) }),
            self.schema.text.contains("x-kubernetes-validations")
        {
            // Rules wait until the object has its form.
            causes.append(
                .invalid("<nil>", "null: some validation rules were not checked because the object was invalid"))
        }
        return causes
    }

    private static func causes(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [APIFailure.Cause] {
        guard Self.hasType(value, schema) else {
            let wanted = schema["type"]?.string ?? "integer or string"
            return [
                .init(
                    field: path, reason: "FieldValueTypeInvalid",
                    message: "Invalid value: \(value.text): \(path) must be of type \(wanted)")
            ]
        }
        var causes = Self.limits(value, schema, path)
        for name in schema["required"]?.elements.compactMap(\.string) ?? [] where value[name] == nil {
            causes.append(.required("\(path).\(name)", ""))
        }
        for property in schema["properties"]?.members ?? [] {
            if let inner = value[property.key] {
                causes += Self.causes(inner, property.value, "\(path).\(property.key)")
            }
        }
        guard case .array(let elements) = value, let items = schema["items"] else { return causes }
        for (index, element) in elements.enumerated() { causes += Self.causes(element, items, "\(path)[\(index)]") }
        return causes + Self.duplicates(elements, schema, path)
    }

    private static func hasType(_ value: JSONTree, _ schema: JSONTree) -> Bool {
        if schema["x-kubernetes-int-or-string"] == .boolean(true) { return value.integer != nil || value.string != nil }
        if value == .null { return schema["nullable"] == .boolean(true) || schema["type"] == nil }
        switch (schema["type"]?.string, value) {
        case (nil, _), ("object", .object), ("array", .array), ("string", .string), ("boolean", .boolean),
            ("integer", .integer), ("number", .integer), ("number", .number):
            return true
        default: return false
        }
    }

    private static func limits(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [APIFailure.Cause] {
        var causes: [APIFailure.Cause] = []
        if let number = value.integer {
            if let least = schema["minimum"]?.integer, number < least {
                causes.append(.invalid(path, "\(number): \(path) should be greater than or equal to \(least)"))
            }
            if let most = schema["maximum"]?.integer, number > most {
                causes.append(.invalid(path, "\(number): \(path) should be less than or equal to \(most)"))
            }
        }
        if let choices = schema["enum"]?.elements, !choices.contains(value) {
            causes.append(.notSupported(path, value.string ?? value.text, choices.map { $0.string ?? $0.text }))
        }
        return causes
    }

    private static func duplicates(_ elements: [JSONTree], _ schema: JSONTree, _ path: String) -> [APIFailure.Cause] {
        guard schema["x-kubernetes-list-type"] == "map" else { return [] }
        let keys = schema["x-kubernetes-list-map-keys"]?.elements.compactMap(\.string) ?? []
        var seen: Set<[String]> = []
        return elements.enumerated().compactMap { index, element in
            let key = keys.map { element[$0]?.text ?? "" }
            return seen.insert(key).inserted ? nil : .duplicate("\(path)[\(index)]", element.text)
        }
    }
}
