/// A label selector as the API writes it. The planner's own is `LabelSelector`, hence the longer name.
public struct WireLabelSelector: Hashable, Sendable, ObjectReadable {
    public var matchLabels: [String: String]
    public var matchExpressions: [SelectorExpression]

    public init(matchLabels: [String: String] = [:], matchExpressions: [SelectorExpression] = []) {
        self.matchLabels = matchLabels
        self.matchExpressions = matchExpressions
    }

    public init?(reading fields: ObjectReader) {
        self.matchLabels = fields.stringMap("matchLabels")
        self.matchExpressions = fields.objects("matchExpressions", as: SelectorExpression.self)
    }

    /// Matches every object.
    public var isEmpty: Bool { self.matchLabels.isEmpty && self.matchExpressions.isEmpty }
}

/// One condition of a label or node selector.
public struct SelectorExpression: Hashable, Sendable, ObjectReadable {
    public enum Operator: String, Hashable, Sendable, CaseIterable {
        case `in` = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
        /// Node selectors only; exactly one value, a whole number.
        case greaterThan = "Gt"
        case lessThan = "Lt"
    }

    public var key: String
    public var `operator`: Operator
    public var values: [String]

    public init(key: String, operator: Operator, values: [String] = []) {
        self.key = key
        self.operator = `operator`
        self.values = values
    }

    public init?(reading fields: ObjectReader) {
        guard let key = fields.requiredString("key"),
            let `operator` = fields.requiredChoice("operator", as: Operator.self)
        else { return nil }
        self.key = key
        self.operator = `operator`
        self.values = fields.strings("values")
        guard self.hasFittingValues(fields) else { return nil }
    }

    private func hasFittingValues(_ fields: ObjectReader) -> Bool {
        switch self.operator {
        case .in, .notIn:
            guard self.values.isEmpty else { return true }
            fields.report("values", expected: "at least one value for \(self.operator.rawValue)")
        case .exists, .doesNotExist:
            guard !self.values.isEmpty else { return true }
            fields.report("values", expected: "no values for \(self.operator.rawValue)")
        case .greaterThan, .lessThan:
            if self.values.count == 1, Int64(self.values[0]) != nil { return true }
            fields.report("values", expected: "exactly one whole number for \(self.operator.rawValue)")
        }
        return false
    }
}

/// Alternatives, of which one must match.
public struct WireNodeSelector: Hashable, Sendable, ObjectReadable {
    public var terms: [WireNodeSelectorTerm]

    public init(terms: [WireNodeSelectorTerm]) { self.terms = terms }

    public init?(reading fields: ObjectReader) {
        self.terms = fields.objects("nodeSelectorTerms", as: WireNodeSelectorTerm.self)
    }
}

/// Conditions that must all hold; without any it matches no node.
public struct WireNodeSelectorTerm: Hashable, Sendable, ObjectReadable {
    public var matchExpressions: [SelectorExpression]
    /// On `metadata.name` only.
    public var matchFields: [SelectorExpression]

    public init(matchExpressions: [SelectorExpression] = [], matchFields: [SelectorExpression] = []) {
        self.matchExpressions = matchExpressions
        self.matchFields = matchFields
    }

    public init?(reading fields: ObjectReader) {
        self.matchExpressions = fields.objects("matchExpressions", as: SelectorExpression.self)
        self.matchFields = fields.objects("matchFields", as: SelectorExpression.self)
    }
}
