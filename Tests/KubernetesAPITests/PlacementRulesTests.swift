import KubernetesAPI
import Testing

@Suite("A pod's rules about where it may run")
struct PlacementRulesTests {
    private func affinity(_ text: String) throws -> (affinity: Affinity?, findings: [String]) {
        let (pod, findings) = try read(pod(spec: "{affinity: \(text)}"), as: Pod.self)
        return (pod?.spec.affinity, findings)
    }

    @Test("node affinity, required and preferred, on labels and on the name")
    func nodeAffinity() throws {
        let (affinity, findings) = try self.affinity(
            """
            {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [
               {matchExpressions: [{key: z, operator: In, values: [a, b]}, {key: g, operator: Gt, values: ["3"]}],
                matchFields: [{key: metadata.name, operator: In, values: [n1]}]}, {}]},
              preferredDuringSchedulingIgnoredDuringExecution: [{weight: 5, preference: {matchExpressions: [
               {key: x, operator: DoesNotExist}]}}]}}
            """)
        #expect(findings == [])
        let terms = try #require(affinity?.requiredNodes?.terms)
        #expect(
            terms.first?.matchExpressions == [
                SelectorExpression(key: "z", operator: .in, values: ["a", "b"]),
                SelectorExpression(key: "g", operator: .greaterThan, values: ["3"]),
            ])
        #expect(terms.first?.matchFields == [SelectorExpression(key: "metadata.name", operator: .in, values: ["n1"])])
        #expect(terms.last == WireNodeSelectorTerm())
        #expect(affinity?.preferredNodes.map(\.weight) == [5])
        #expect(
            affinity?.preferredNodes.first?.preference.matchExpressions == [
                SelectorExpression(key: "x", operator: .doesNotExist)
            ])
    }

    @Test("pod affinity and anti-affinity with namespaces and label keys")
    func podAffinity() throws {
        let (affinity, findings) = try self.affinity(
            """
            {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: z, namespaces: [a],
               labelSelector: {matchLabels: {k: v}}, matchLabelKeys: [r], mismatchLabelKeys: [s]}]},
             podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: h, namespaceSelector: {}}],
              preferredDuringSchedulingIgnoredDuringExecution: [{weight: 100, podAffinityTerm: {topologyKey: q}}]}}
            """)
        #expect(findings == [])
        let term = try #require(affinity?.requiredPods.first)
        #expect(term.topologyKey == "z")
        #expect(term.namespaces == ["a"])
        #expect(term.namespaceSelector == nil)
        #expect(term.labelSelector == WireLabelSelector(matchLabels: ["k": "v"]))
        #expect(term.matchLabelKeys == ["r"])
        #expect(term.mismatchLabelKeys == ["s"])
        #expect(affinity?.requiredAntiPods.first?.namespaceSelector == WireLabelSelector())
        #expect(affinity?.requiredAntiPods.first?.labelSelector == nil)
        #expect(affinity?.preferredAntiPods.map(\.weight) == [100])
        #expect(affinity?.preferredAntiPods.map(\.term.topologyKey) == ["q"])
    }

    @Test(
        "a condition that cannot hold as written is reported",
        arguments: [
            ("{operator: In, values: [a]}", "key: found nothing, expected a string that is not empty"),
            (
                "{key: k}",
                "operator: found nothing, expected In or NotIn or Exists or DoesNotExist or Gt or Lt"
            ),
            (
                "{key: k, operator: Near}",
                "operator: found \"Near\", expected In or NotIn or Exists or DoesNotExist or Gt or Lt"
            ),
            ("{key: k, operator: In}", "values: found nothing, expected at least one value for In"),
            ("{key: k, operator: NotIn, values: []}", "values: found an array, expected at least one value for NotIn"),
            ("{key: k, operator: Exists, values: [a]}", "values: found an array, expected no values for Exists"),
            (
                "{key: k, operator: Gt, values: [a]}",
                "values: found an array, expected exactly one whole number for Gt"
            ),
            (
                "{key: k, operator: Lt, values: ['1', '2']}",
                "values: found an array, expected exactly one whole number for Lt"
            ),
        ])
    func badExpressions(expression: String, finding: String) throws {
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let (_, findings) = try self.affinity(
            "{nodeAffinity: {\(required): {nodeSelectorTerms: [{matchExpressions: [\(expression)]}]}}}")
        let path = "spec.affinity.nodeAffinity.\(required).nodeSelectorTerms[0].matchExpressions[0]"
        #expect(findings == ["\(path).\(finding)"])
    }

    @Test(
        "tolerations",
        arguments: [
            ("{operator: Exists}", PodSpec.Toleration(key: nil)),
            ("{key: k, value: v}", PodSpec.Toleration(key: "k", operator: .equal, value: "v")),
            (
                "{key: k, operator: Exists, effect: NoExecute}",
                PodSpec.Toleration(key: "k", effect: .noExecute)
            ),
            ("{key: k, operator: '', effect: ''}", PodSpec.Toleration(key: "k", operator: .equal)),
            ("{key: k, operator: Gt, value: '5'}", PodSpec.Toleration(key: "k", operator: .greaterThan, value: "5")),
            ("{key: k, operator: Lt, value: '-5'}", PodSpec.Toleration(key: "k", operator: .lessThan, value: "-5")),
        ])
    func tolerations(text: String, expected: PodSpec.Toleration) throws {
        let (pod, findings) = try read(pod(spec: "{tolerations: [\(text)]}"), as: Pod.self)
        #expect(findings == [])
        #expect(pod?.spec.tolerations == [expected])
    }

    @Test(
        "a toleration of which a part is bad tolerates nothing",
        arguments: [
            ("{value: v}", "operator: found nothing, expected Exists for a toleration without a key"),
            ("{key: k, operator: Like}", "operator: found \"Like\", expected Exists or Equal or Gt or Lt"),
            ("{key: k, operator: Gt, value: x}", "value: found \"x\", expected a whole number for Gt"),
            (
                "{operator: Exists, effect: No}",
                "effect: found false, expected NoSchedule or PreferNoSchedule or NoExecute"
            ),
            ("{key: 5, operator: Exists}", "key: found 5, expected a string"),
        ])
    func badTolerations(text: String, finding: String) throws {
        let (pod, findings) = try read(pod(spec: "{tolerations: [\(text)]}"), as: Pod.self)
        #expect(pod?.spec.tolerations == [])
        #expect(pod?.spec.hasErrors == true)
        #expect(findings == ["spec.tolerations[0].\(finding)"])
    }

    @Test("topology spread with all its options, and with their defaults")
    func topologySpread() throws {
        let text = pod(
            spec: """
                {topologySpreadConstraints: [{maxSkew: 2, topologyKey: z, whenUnsatisfiable: ScheduleAnyway, minDomains: 3,
                  labelSelector: {matchExpressions: [{key: k, operator: Exists}]}, nodeAffinityPolicy: Ignore,
                  nodeTaintsPolicy: Honor, matchLabelKeys: [h]}, {maxSkew: 1, topologyKey: w}]}
                """)
        let (pod, findings) = try read(text, as: Pod.self)
        #expect(findings == [])
        let constraints = try #require(pod?.spec.topologySpreadConstraints)
        #expect(constraints.map(\.maxSkew) == [2, 1])
        #expect(constraints.map(\.topologyKey) == ["z", "w"])
        #expect(constraints.map(\.whenUnsatisfiable) == [.scheduleAnyway, .doNotSchedule])
        #expect(constraints.map(\.minDomains) == [3, nil])
        #expect(constraints.map(\.nodeAffinityPolicy) == [.ignore, .honor])
        #expect(constraints.map(\.nodeTaintsPolicy) == [.honor, .ignore])
        #expect(constraints.map(\.matchLabelKeys) == [["h"], []])
        #expect(constraints.map { $0.labelSelector == nil } == [false, true])
    }

    @Test("a spread of no skew is refused")
    func badSpread() throws {
        let (pod, findings) = try read(
            pod(spec: "{topologySpreadConstraints: [{maxSkew: 0, topologyKey: z}]}"), as: Pod.self)
        #expect(pod?.spec.topologySpreadConstraints == [])
        #expect(
            findings == [
                "spec.topologySpreadConstraints[0].maxSkew: found 0, expected a whole number of at least 1"
            ])
    }
}
