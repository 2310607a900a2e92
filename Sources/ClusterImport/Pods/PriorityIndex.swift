import KubernetesAPI
import SchedulingModel

/// Priority classes by name, with the two that every cluster has.
struct PriorityIndex: Sendable {
    struct Answer: Hashable, Sendable {
        var priority: Int32
        var mayPreempt: Bool
        /// Set where the pod names a class that is not there.
        var problem: Problem?
    }

    private var classes: [String: (value: Int64, policy: PodSpec.PreemptionPolicy?)] = [
        "system-cluster-critical": (2_000_000_000, nil), "system-node-critical": (2_000_001_000, nil),
    ]
    private var defaultClass: (value: Int64, policy: PodSpec.PreemptionPolicy?)?

    init(_ classes: [PriorityClass] = []) {
        for priorityClass in classes {
            self.classes[priorityClass.metadata.name] = (priorityClass.value, priorityClass.preemptionPolicy)
        }
        // Of several global defaults the API server takes the lowest value.
        self.defaultClass = classes.filter(\.isGlobalDefault).min { $0.value < $1.value }
            .map { ($0.value, $0.preemptionPolicy) }
    }

    /// The pod's own number where admission has filled it in, else its class, else the global default, else 0.
    func answer(for spec: PodSpec) -> Answer {
        let named = spec.priorityClassName.map { (name: $0, found: self.classes[$0]) }
        let applicable = named == nil ? self.defaultClass : named?.found
        let policy = spec.preemptionPolicy ?? applicable?.policy
        var answer = Answer(
            priority: Int32(clamping: spec.priority ?? applicable?.value ?? 0), mayPreempt: policy != .never)
        if let named, named.found == nil, spec.priority == nil {
            answer.problem = .warning(
                "spec.priorityClassName", found: "\"\(named.name)\"",
                expected: "a PriorityClass in the input; priority 0 is assumed")
        }
        return answer
    }
}
