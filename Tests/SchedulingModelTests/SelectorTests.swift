import SchedulingModel
import Testing

@Suite("Label and node selectors")
struct SelectorTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let condition: LabelRequirement.Condition
        let value: String?
        let matches: Bool

        init(_ condition: LabelRequirement.Condition, _ value: String?, _ matches: Bool) {
            self.condition = condition
            self.value = value
            self.matches = matches
        }

        var testDescription: String { "\(self.condition) on \(self.value ?? "no label")" }
    }

    @Test(
        "every operator, with and without the label",
        arguments: [
            Case(.isIn(["a", "b"]), "b", true), Case(.isIn(["a"]), "b", false), Case(.isIn(["a"]), nil, false),
            Case(.isIn([]), "a", false),
            Case(.isNotIn(["a"]), "b", true), Case(.isNotIn(["a"]), "a", false), Case(.isNotIn(["a"]), nil, true),
            Case(.exists, "", true), Case(.exists, nil, false),
            Case(.doesNotExist, nil, true), Case(.doesNotExist, "", false),
            Case(.isGreater(than: 5), "6", true), Case(.isGreater(than: 5), "5", false),
            Case(.isGreater(than: 5), "six", false), Case(.isGreater(than: 5), nil, false),
            Case(.isGreater(than: -3), "-2", true),
            Case(.isLess(than: 5), "4", true), Case(.isLess(than: 5), "5", false), Case(.isLess(than: 5), "", false),
            Case(.isLess(than: 5), nil, false), Case(.isLess(than: 5), "99999999999999999999", false),
        ])
    func operators(_ testCase: Case) {
        let requirement = LabelRequirement(key: "k", testCase.condition)
        #expect(requirement.matches(testCase.value.map { ["k": $0] } ?? ["other": "a"]) == testCase.matches)
    }

    @Test("a label selector without requirements matches every object")
    func emptySelector() {
        #expect(LabelSelector([]).matches([:]))
    }

    @Test("all requirements of a label selector must hold")
    func conjunction() {
        let selector = LabelSelector([
            LabelRequirement(key: "app", .isIn(["web"])), LabelRequirement(key: "canary", .doesNotExist),
        ])
        #expect(selector.matches(["app": "web"]))
        #expect(!selector.matches(["app": "web", "canary": "yes"]))
        #expect(!selector.matches([:]))
    }

    @Test("a node selector term without conditions matches no node")
    func emptyTerm() {
        #expect(!NodeSelectorTerm().matches(name: NodeName("a"), labels: ["k": "v"]))
    }

    @Test("a node selector without terms matches no node")
    func emptyNodeSelector() {
        #expect(!NodeSelector([]).matches(name: NodeName("a"), labels: [:]))
    }

    @Test("terms are alternatives, and labels and fields of one term must both hold")
    func terms() {
        let zone = NodeSelectorTerm(labels: [LabelRequirement(key: "zone", .isIn(["z1"]))])
        let named = NodeSelectorTerm(
            labels: [LabelRequirement(key: "zone", .isIn(["z2"]))],
            fields: [LabelRequirement(key: "metadata.name", .isIn(["b"]))])
        let selector = NodeSelector([zone, named])
        #expect(selector.matches(name: NodeName("a"), labels: ["zone": "z1"]))
        #expect(selector.matches(name: NodeName("b"), labels: ["zone": "z2"]))
        #expect(!selector.matches(name: NodeName("a"), labels: ["zone": "z2"]))
    }

    @Test("a field condition looks at the node's name and not at a label of that name")
    func fieldIsName() {
        let term = NodeSelectorTerm(fields: [LabelRequirement(key: "metadata.name", .isIn(["a"]))])
        #expect(!term.matches(name: NodeName("b"), labels: ["metadata.name": "a"]))
    }

    @Test("nodeSelector and required node affinity must both hold")
    func selectsNode() {
        var constraints = SchedulingConstraints()
        let node = NodeState(name: NodeName("a"), labels: ["disk": "ssd", "zone": "z1"])
        #expect(constraints.selects(node))
        constraints.nodeSelector = ["disk": "ssd"]
        #expect(constraints.selects(node))
        constraints.requiredNodeAffinity = NodeSelector([
            NodeSelectorTerm(labels: [LabelRequirement(key: "zone", .isIn(["z2"]))])
        ])
        #expect(!constraints.selects(node))
        constraints.requiredNodeAffinity = nil
        constraints.nodeSelector = ["disk": "hdd"]
        #expect(!constraints.selects(node))
    }
}

@Suite("Pod affinity terms and host ports")
struct PodTermTests {
    private let web = LabelSelector([LabelRequirement(key: "app", .isIn(["web"]))])

    @Test("a term matches labels in the namespaces it names")
    func namespaces() {
        let term = PodAffinityTerm(selector: self.web, namespaces: ["a", "b"], topologyKey: "zone")
        #expect(term.matches(namespace: "a", labels: ["app": "web"]))
        #expect(!term.matches(namespace: "c", labels: ["app": "web"]))
        #expect(!term.matches(namespace: "a", labels: ["app": "db"]))
    }

    @Test("without namespaces every namespace counts, and an empty list is none")
    func allNamespaces() {
        let everywhere = PodAffinityTerm(selector: self.web, namespaces: nil, topologyKey: "zone")
        let nowhere = PodAffinityTerm(selector: self.web, namespaces: [], topologyKey: "zone")
        #expect(everywhere.matches(namespace: "x", labels: ["app": "web"]))
        #expect(!nowhere.matches(namespace: "x", labels: ["app": "web"]))
    }

    @Test("a term without a selector matches no pod, one with an empty selector every pod")
    func selectorPresence() {
        #expect(!PodAffinityTerm(selector: nil, namespaces: nil, topologyKey: "z").matches(namespace: "a", labels: [:]))
        let all = PodAffinityTerm(selector: LabelSelector([]), namespaces: nil, topologyKey: "z")
        #expect(all.matches(namespace: "a", labels: [:]))
    }

    @Test(
        "host ports conflict on equal port and transport where the addresses meet",
        arguments: [
            (HostPort(port: 80), HostPort(port: 80), true),
            (HostPort(port: 80), HostPort(port: 81), false),
            (HostPort(port: 80), HostPort(port: 80, transport: "UDP"), false),
            (HostPort(address: "10.0.0.1", port: 80), HostPort(port: 80), true),
            (HostPort(address: "10.0.0.1", port: 80), HostPort(address: "10.0.0.2", port: 80), false),
            (HostPort(address: "10.0.0.1", port: 80), HostPort(address: "10.0.0.1", port: 80), true),
        ])
    func hostPorts(_ lhs: HostPort, _ rhs: HostPort, _ conflict: Bool) {
        #expect(lhs.conflicts(with: rhs) == conflict)
        #expect(rhs.conflicts(with: lhs) == conflict)
    }
}
