extension PodSpec {
    /// A pod's consent to a taint.
    public struct Toleration: Hashable, Sendable, ObjectReadable {
        public enum Operator: String, Hashable, Sendable, CaseIterable {
            case exists = "Exists"
            case equal = "Equal"
            case greaterThan = "Gt"
            case lessThan = "Lt"
        }

        /// Nil tolerates every key, and needs `exists`.
        public var key: String?
        public var `operator`: Operator
        public var value: String
        /// Nil tolerates every effect.
        public var effect: Node.Taint.Effect?

        public init(key: String?, operator: Operator = .exists, value: String = "", effect: Node.Taint.Effect? = nil) {
            self.key = key
            self.operator = `operator`
            self.value = value
            self.effect = effect
        }

        public init?(reading fields: ObjectReader) {
            let errorsBefore = fields.errorCount
            self.key = fields.string("key").flatMap { $0.isEmpty ? nil : $0 }
            self.operator = fields.choice("operator", as: Operator.self) ?? .equal
            self.value = fields.string("value") ?? ""
            self.effect = fields.choice("effect", as: Node.Taint.Effect.self)
            // Half a toleration could tolerate more than was written.
            guard fields.errorCount == errorsBefore else { return nil }
            if self.key == nil, self.operator != .exists {
                fields.report("operator", expected: "Exists for a toleration without a key")
                return nil
            }
            if self.operator == .greaterThan || self.operator == .lessThan, Int64(self.value) == nil {
                fields.report("value", expected: "a whole number for \(self.operator.rawValue)")
                return nil
            }
        }
    }

    /// How evenly pods alike are to be spread over the domains of a label.
    public struct TopologySpreadConstraint: Hashable, Sendable, ObjectReadable {
        public enum WhenUnsatisfiable: String, Hashable, Sendable, CaseIterable {
            case doNotSchedule = "DoNotSchedule"
            case scheduleAnyway = "ScheduleAnyway"
        }

        public enum NodeInclusionPolicy: String, Hashable, Sendable, CaseIterable {
            case honor = "Honor"
            case ignore = "Ignore"
        }

        public var maxSkew: Int64
        public var topologyKey: String
        public var whenUnsatisfiable: WhenUnsatisfiable
        /// Nil matches no pod.
        public var labelSelector: WireLabelSelector?
        public var minDomains: Int64?
        public var nodeAffinityPolicy: NodeInclusionPolicy
        public var nodeTaintsPolicy: NodeInclusionPolicy
        public var matchLabelKeys: [String]

        public init?(reading fields: ObjectReader) {
            guard let maxSkew = fields.requiredInteger("maxSkew", in: 1 ... .max),
                let key = fields.requiredString("topologyKey")
            else { return nil }
            self.maxSkew = maxSkew
            self.topologyKey = key
            self.whenUnsatisfiable = fields.choice("whenUnsatisfiable", as: WhenUnsatisfiable.self) ?? .doNotSchedule
            self.labelSelector = fields.object("labelSelector", as: WireLabelSelector.self)
            self.minDomains = fields.integer("minDomains", in: 1 ... .max)
            self.nodeAffinityPolicy = fields.choice("nodeAffinityPolicy", as: NodeInclusionPolicy.self) ?? .honor
            self.nodeTaintsPolicy = fields.choice("nodeTaintsPolicy", as: NodeInclusionPolicy.self) ?? .ignore
            self.matchLabelKeys = fields.strings("matchLabelKeys")
        }
    }
}
