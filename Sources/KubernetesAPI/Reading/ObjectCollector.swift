/// Finds the objects in a document: the document itself, or the items of a list.
enum ObjectCollector {
    static func collect(_ value: JSONValue, origin: ManifestOrigin, into contents: inout ManifestContents) {
        self.collect(value, origin: origin, inherited: nil, depth: 0, into: &contents)
    }

    /// What items of a typed list are, unless they say so themselves.
    private struct Inherited {
        let apiVersion: String
        let kind: String
    }

    /// Lists within lists are legal, and rare.
    private static let maximumListDepth = 8

    private static func collect(
        _ value: JSONValue, origin: ManifestOrigin, inherited: Inherited?, depth: Int,
        into contents: inout ManifestContents
    ) {
        guard value.isObject else {
            return contents.refuse(origin, found: value.summary, expected: "a Kubernetes object")
        }
        guard let kind = self.text("kind", of: value, default: inherited?.kind, origin, &contents),
            let apiVersion = self.text("apiVersion", of: value, default: inherited?.apiVersion, origin, &contents)
        else { return }
        guard kind.hasSuffix("List"), let items = value["items"] else {
            let object = ManifestObject(apiVersion: apiVersion, kind: kind, value: value, origin: origin)
            return contents.append(object)
        }
        if items.isNull { return }
        guard items.kind == .array else {
            return contents.refuse(origin, field: "items", found: items.summary, expected: "an array")
        }
        guard depth < Self.maximumListDepth else {
            return contents.refuse(origin, field: "items", found: "a list in a list in a list", expected: "objects")
        }
        let itemKind = kind.dropLast("List".count)
        let passedOn = itemKind.isEmpty ? nil : Inherited(apiVersion: apiVersion, kind: String(itemKind))
        for (index, item) in items.elements.enumerated() {
            let place = ManifestOrigin(
                file: origin.file, documentIndex: origin.documentIndex, itemIndex: origin.itemIndex ?? index)
            self.collect(item, origin: place, inherited: passedOn, depth: depth + 1, into: &contents)
        }
    }

    private static func text(
        _ key: String, of value: JSONValue, default inherited: String?, _ origin: ManifestOrigin,
        _ contents: inout ManifestContents
    ) -> String? {
        let field = value[key]
        if let text = field?.string, !text.isEmpty { return text }
        if field == nil || field?.isNull == true, let inherited { return inherited }
        contents.refuse(
            origin, field: key, found: field?.summary ?? "nothing", expected: "a string that names the object's \(key)")
        return nil
    }
}
