import KubernetesAPI
import SchedulingModel

extension LabelRequirement {
    init(_ expression: SelectorExpression) {
        let condition: Condition =
            switch expression.operator {
            case .in: .isIn(expression.values)
            case .notIn: .isNotIn(expression.values)
            case .exists: .exists
            case .doesNotExist: .doesNotExist
            // The reader refuses bounds that are no numbers.
            case .greaterThan: .isGreater(than: expression.values.first.flatMap { Int64($0) } ?? .max)
            case .lessThan: .isLess(than: expression.values.first.flatMap { Int64($0) } ?? .min)
            }
        self.init(key: expression.key, condition)
    }
}

extension LabelSelector {
    /// Sorted by key, so that equal selectors are equal values.
    init(_ selector: WireLabelSelector) {
        self.init(
            selector.matchLabels.sorted { $0.key < $1.key }.map { LabelRequirement(key: $0.key, .isIn([$0.value])) }
                + selector.matchExpressions.map(LabelRequirement.init))
    }
}

extension DisruptionBudget {
    /// A status that is behind the budget's own generation allows nothing: the API server would refuse.
    init(_ budget: PodDisruptionBudget) {
        self.init(
            namespace: budget.metadata.namespace ?? "default", name: budget.metadata.name,
            selector: budget.selector.map(LabelSelector.init),
            disruptionsAllowed: budget.isStatusCurrent ? Int(clamping: budget.disruptionsAllowed) : 0)
    }
}

extension NodeSelectorTerm {
    init(_ term: WireNodeSelectorTerm) {
        self.init(
            labels: term.matchExpressions.map(LabelRequirement.init),
            fields: term.matchFields.map(LabelRequirement.init))
    }

    var isEmpty: Bool { self.labels.isEmpty && self.fields.isEmpty }
}

extension NodeSelector {
    init(_ selector: WireNodeSelector) { self.init(selector.terms.map(NodeSelectorTerm.init)) }
}

extension Toleration {
    init(_ toleration: PodSpec.Toleration) {
        let match: Match =
            switch toleration.operator {
            case .exists: .exists
            case .equal: .equal(toleration.value)
            case .greaterThan: .isGreater(than: Int64(toleration.value) ?? .max)
            case .lessThan: .isLess(than: Int64(toleration.value) ?? .min)
            }
        let effect: Taint.Effect? = toleration.effect.map { effect in
            switch effect {
            case .noSchedule: .noSchedule
            case .preferNoSchedule: .preferNoSchedule
            case .noExecute: .noExecute
            }
        }
        self.init(key: toleration.key, match: match, effect: effect)
    }
}
