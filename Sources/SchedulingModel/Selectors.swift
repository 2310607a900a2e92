/// One condition on one label. All operators of node and label selectors.
public struct LabelRequirement: Hashable, Sendable {
    public enum Condition: Hashable, Sendable {
        case isIn([String])
        /// Also true where the label is missing.
        case isNotIn([String])
        case exists
        case doesNotExist
        /// The label's value, read as an integer, is greater. A value that is no integer never matches.
        case isGreater(than: Int64)
        case isLess(than: Int64)
    }

    public let key: String
    public let condition: Condition

    public init(key: String, _ condition: Condition) {
        self.key = key
        self.condition = condition
    }

    public func matches(_ labels: [String: String]) -> Bool { self.matches(value: labels[self.key]) }

    /// - Parameter value: The label's value, or nil where the object has no such label.
    public func matches(value: String?) -> Bool {
        switch self.condition {
        case .isIn(let values): value.map(values.contains) ?? false
        case .isNotIn(let values): value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .isGreater(let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
        case .isLess(let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
        }
    }
}

/// Requirements that must all hold. Without any it matches every object.
public struct LabelSelector: Hashable, Sendable {
    public var requirements: [LabelRequirement]

    public init(_ requirements: [LabelRequirement]) { self.requirements = requirements }

    public func matches(_ labels: [String: String]) -> Bool {
        self.requirements.allSatisfy { $0.matches(labels) }
    }
}

/// One of the alternatives of a node affinity: label and name conditions that must all hold.
///
/// A term without any condition matches no node, as the API defines it.
public struct NodeSelectorTerm: Hashable, Sendable {
    public var labels: [LabelRequirement]
    /// Conditions on `metadata.name`; their `key` is not looked at.
    public var fields: [LabelRequirement]

    public init(labels: [LabelRequirement] = [], fields: [LabelRequirement] = []) {
        self.labels = labels
        self.fields = fields
    }

    public func matches(name: NodeName, labels: [String: String]) -> Bool {
        guard !(self.labels.isEmpty && self.fields.isEmpty) else { return false }
        return self.labels.allSatisfy { $0.matches(labels) }
            && self.fields.allSatisfy { $0.matches(value: name.rawValue) }
    }
}

/// Alternatives, of which one must match. Without any it matches no node.
public struct NodeSelector: Hashable, Sendable {
    public var terms: [NodeSelectorTerm]

    public init(_ terms: [NodeSelectorTerm]) { self.terms = terms }

    public func matches(name: NodeName, labels: [String: String]) -> Bool {
        self.terms.contains { $0.matches(name: name, labels: labels) }
    }

    /// The same without the conditions on the node's name; nil where nothing else is asked for.
    public var withoutNames: NodeSelector? {
        let terms = self.terms.map { NodeSelectorTerm(labels: $0.labels) }
        return terms.contains { $0.labels.isEmpty } ? nil : NodeSelector(terms)
    }

    /// The one node that every term names; nil where another could match.
    public var onlyNode: NodeName? {
        let names = self.terms.map { term -> String? in
            for field in term.fields {
                if case .isIn(let values) = field.condition, values.count == 1 { return values.first }
            }
            return nil
        }
        guard let first = names.first ?? nil, names.allSatisfy({ $0 == first }) else { return nil }
        return NodeName(first)
    }
}

/// Something with a weight, for preferred terms. The API allows 1 to 100.
public struct Weighted<Term: Hashable & Sendable>: Hashable, Sendable {
    public let weight: Int
    public let term: Term

    public init(weight: Int, term: Term) {
        self.weight = weight
        self.term = term
    }
}
