import PlacementVerifier
import SchedulingModel
import Testing

@testable import Berth
@testable import SchedulingCycle

@Suite("berth plan, from bytes to bytes")
struct PlanRunTests {
    static let world = [
        Manifest.node("gpu-1"), Manifest.node("gpu-2", gpus: 4), Manifest.pod("a", gpus: "\"8\""),
        Manifest.pod("b", gpus: "\"3\""), Manifest.pod("c", gpus: "\"2\""),
    ]

    @Test("with room for everything the run ends with 0 and names a node for each pod")
    func allPlaced() {
        let response = Manifest.plan(Manifest.list([Manifest.node("gpu-1"), Manifest.pod("a", gpus: "\"8\"")]))
        #expect(response.status == .success)
        #expect(response.standardError == "")
        #expect(response.standardOutput.contains(#""pod":"a","group":null,"rank":null,"node":"gpu-1""#))
    }

    @Test("with something left waiting the plan is printed and the run ends with 3")
    func somethingPending() {
        let response = Manifest.plan(Manifest.list(Self.world))
        #expect(response.status == .somethingPending)
        #expect(response.standardOutput.contains(#""pod":"c","group":null,"reason":"InsufficientGPUs""#))
    }

    @Test("JSON, YAML and documents in a row give the same bytes, in any order, in one file or in many")
    func orderAndFormat() {
        let expected = Manifest.plan(Manifest.list(Self.world))
        let shuffled = [4, 2, 0, 3, 1].map { Self.world[$0] }
        let inputs = [
            [Manifest.file(Manifest.list(shuffled))],
            [Manifest.file(shuffled.joined(separator: "\n---\n"), name: "cluster.yaml")],
            shuffled.enumerated().map { Manifest.file($0.element, name: "\($0.offset).json") },
        ]
        for files in inputs {
            #expect(PlanRun(request: Manifest.json).respond(to: files) == expected)
            let table = PlanRun(request: Manifest.table).respond(to: files)
            #expect(table == Manifest.plan(Manifest.list(Self.world), Manifest.table))
        }
    }

    @Test("block YAML says the same as JSON")
    func blockYAML() {
        let yaml = """
            apiVersion: v1
            kind: Pod
            metadata: {name: a, namespace: ml, creationTimestamp: "2026-11-23T20:00:00Z"}
            spec:
              containers:
              - name: main
                resources:
                  limits:
                    nvidia.com/gpu: 8
                  requests: {cpu: 1}
            status: {phase: Pending}
            """
        let files = [Manifest.file(Manifest.node("gpu-1")), Manifest.file(yaml, name: "a.yaml")]
        let response = PlanRun(request: Manifest.json).respond(to: files)
        #expect(response == Manifest.plan(Manifest.list([Manifest.node("gpu-1"), Manifest.pod("a", gpus: "\"8\"")])))
    }

    @Test("--explain tells why a pod waits; a name that is not in the input ends with 65 and prints no plan")
    func explain() {
        let told = Manifest.plan(Manifest.list(Self.world), .init(explain: "ml/c"))
        #expect(told.status == .somethingPending)
        #expect(told.standardOutput.contains("Pending: InsufficientGPUs"))
        let unknown = Manifest.plan(Manifest.list(Self.world), .init(explain: "ml/nobody"))
        #expect(unknown.status == .badInput)
        #expect(unknown.standardOutput == "")
        #expect(
            unknown.standardError
                == "error: found no pod or group ml/nobody, expected namespace/name of one that has not ended\n")
    }

    @Test("--namespace leaves the waiting pods of other namespaces out of the demand")
    func namespace() {
        let text = Manifest.list(Self.world)
        #expect(Manifest.plan(text, .init(output: .json, demandNamespace: "other")).status == .success)
        #expect(Manifest.plan(text, .init(output: .json, demandNamespace: "ml")) == Manifest.plan(text))
    }

    @Test("a plan that the verifier refuses is never printed: 70 and the broken rules on standard error")
    func refused() {
        let violation = Violation(.unknownNode, pod: PodKey(namespace: "ml", name: "a"), node: NodeName("ghost"))
        let response = PlanRun.response(to: RefusedPlan(plan: Plan(), violations: [violation]))
        #expect(response.status == .internalError)
        #expect(response.standardOutput == "")
        #expect(response.standardError.hasSuffix("  pod ml/a, node ghost: unknownNode\n"))
    }

    @Test("objects of kinds that say nothing to a planner are counted, not refused")
    func ignoredKinds() {
        let secret = #"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"ml"}}"#
        let response = Manifest.plan(Manifest.list(Self.world + [secret]))
        #expect(response.standardOutput.contains(#""ignoredObjects": {"Secret":1}"#))
        #expect(response.status == .somethingPending)
    }
}
