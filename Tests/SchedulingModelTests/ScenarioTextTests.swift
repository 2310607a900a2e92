import SchedulingModel
import TestSupport
import Testing

@Suite("Scenario text")
struct ScenarioTextTests {
    private func scenario(_ world: String, expecting: String = "nothing to plan") throws -> Scenario {
        let file = try ScenarioFile(name: "x.txt", text: "# Rule.\n\(world)\nplan\n----\n\(expecting)\n")
        return try #require(file.scenarios.first)
    }

    private func error(_ world: String) -> String? {
        do {
            _ = try self.scenario(world).snapshot()
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test("a world becomes nodes, pods and groups")
    func world() throws {
        let snapshot = try self.scenario(
            """
            node b-0 zone=z rack=r gpus=8 product=H100 taint=dedicated=ml:NoSchedule
            pod ml/a on=b-0 gpus=3 priority=10
            gang ml/t members=2 min=1 gpus=4 required=rack preferred=host
            """
        ).snapshot()
        #expect(snapshot.nodes.map(\.topologyPath) == [["z", "r"]])
        #expect(snapshot.nodes[0].taints == [Taint(key: "dedicated", value: "ml", effect: .noSchedule)])
        #expect(snapshot.nodes[0].allocatable[.nvidiaGPU] == 8)
        #expect(snapshot.pods.map(\.key.description) == ["ml/a", "ml/t-0", "ml/t-1"])
        #expect(snapshot.pods[0].node == NodeName("b-0"))
        #expect(snapshot.pods[2].rank == 1)
        let wishes = [
            TopologyConstraint(axis: .level(1), isRequired: true), TopologyConstraint(axis: .host, isRequired: false),
        ]
        #expect(snapshot.groups.map(\.topology) == [wishes])
        #expect(snapshot.groups.map(\.minMember) == [1])
    }

    @Test("constraints are read in their own small languages")
    func constraints() throws {
        let pod = try self.scenario(
            """
            node a gpus=1
            pod ml/x affinity=zone=a|b,!spot;@name=n tolerate=k>3:NoExecute near=app=web@zone@* ports=53/UDP@10.0.0.1 \
            spread=1@zone@app=x@soft@minDomains=2 volume=zone=a
            """
        ).snapshot().pods[0].constraints
        let first = NodeSelectorTerm(labels: [
            LabelRequirement(key: "zone", .isIn(["a", "b"])), LabelRequirement(key: "spot", .doesNotExist),
        ])
        let second = NodeSelectorTerm(fields: [LabelRequirement(key: "@name", .isIn(["n"]))])
        #expect(pod.requiredNodeAffinity == NodeSelector([first, second]))
        #expect(pod.tolerations == [Toleration(key: "k", match: .isGreater(than: 3), effect: .noExecute)])
        #expect(pod.requiredPodAffinity.map(\.topologyKey) == ["zone"])
        #expect(pod.requiredPodAffinity.map(\.namespaces) == [nil])
        #expect(pod.hostPorts == [HostPort(address: "10.0.0.1", port: 53, transport: "UDP")])
        #expect(pod.topologySpread.map(\.isRequired) == [false])
        #expect(pod.topologySpread.map(\.minDomains) == [2])
        #expect(pod.volumes != .none)
    }

    @Test(
        "what cannot be read is an error with file and line",
        arguments: [
            ("node a gpus=8 rak=r1", "x.txt:2: node: unknown word rak"),
            ("node a gpus=eight", "x.txt:2: node: gpus=eight: expected an integer"),
            ("node a\nnode a", "x.txt:3: node: a stands twice"),
            ("pod ml/a on=b", "x.txt:2: pod: ml/a is on b, which no line above it names"),
            ("pod a gpus=1", "x.txt:2: pod: a: expected namespace/name"),
            ("pod ml/a spread=often", "x.txt:2: pod: spread=often: cannot be read"),
            ("pod ml/a gpus=1 gpus=2", "x.txt:2: pod: gpus stands 2 times"),
            ("gang ml/a", "x.txt:2: gang: expected members="),
            ("machine a", "x.txt:2: machine: unknown verb; known are topology, node, pod, group and gang"),
            ("pod ml/a invalid=\"open", "x.txt:2: unbalanced double quotes in: pod ml/a invalid=\"open"),
        ])
    func errors(_ world: String, _ message: String) {
        #expect(self.error(world) == message)
    }

    @Test(
        "a scenario without comment or command, or a world without an answer, is an error",
        arguments: [
            ("node a\nplan\n----\n", "x.txt:2: a scenario without a comment"),
            ("# Rule.\nnode a\n----\n", "x.txt:3: expected the command plan above ----"),
            ("# Rule.\nnode a\nplan\n", "x.txt:2: a world without a command and ----"),
        ])
    func malformed(_ text: String, _ message: String) {
        #expect(throws: ScenarioError.self) { try ScenarioFile(name: "x.txt", text: text) }
        do {
            _ = try ScenarioFile(name: "x.txt", text: text)
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test("a difference shows what was expected and what was found")
    func difference() throws {
        let scenario = try self.scenario("node a gpus=1", expecting: "one\ntwo\nthree")
        #expect(scenario.difference(from: ["one", "two", "three"]) == nil)
        let expected = "x.txt:2: Rule.\n  one\n- two\n+ 2\n  three\n+ four"
        #expect(scenario.difference(from: ["one", "2", "three", "four"]) == expected)
    }

    @Test("rewriting replaces answers and nothing else")
    func rewriting() throws {
        let text = "# A.\nnode a\nplan\n----\nold\nolder\n\n# B.\nplan\n----\nkept\n"
        let file = try ScenarioFile(name: "x.txt", text: text)
        #expect(file.rewritten(outputs: [["new"], nil]) == "# A.\nnode a\nplan\n----\nnew\n\n# B.\nplan\n----\nkept\n")
        #expect(file.rewritten(outputs: [nil, nil]) == text)
    }

    @Test("a plan is rendered as placements, groups and pending pods")
    func rendering() throws {
        let snapshot = try self.scenario(
            """
            node a zone=z gpus=8
            node s gpus=1 shared=time-slicing:2
            gang ml/t members=2 gpus=2 unranked
            pod ml/x gpus=9
            """
        ).snapshot()
        let whole = [0, 1, 2, 5].map { DeviceAssignment(resource: .nvidiaGPU, index: $0, kind: .whole) }
        let slot = DeviceAssignment(resource: .nvidiaGPU, index: 0, kind: .slot, memoryMiB: 7, isAssumed: false)
        let pending = ["t-0", "t-1"].map { name in
            PendingPod(
                pod: PodKey(namespace: "ml", name: name), reason: .insufficientGPUs,
                evidence: Evidence(
                    nodesByReason: [.insufficientGPUs: 1, .nodeNotReady: 2],
                    shortfalls: [
                        Evidence.Shortfall(resource: .cpu, requested: 9_000, bestFree: 500, largestAllocatable: 8_000)
                    ]),
                fix: .addNodes(count: 1, like: NodeName("a")))
        }
        let plan = Plan(
            assignments: [
                Assignment(pod: PodKey(namespace: "ml", name: "x"), node: NodeName("a"), devices: whole),
                Assignment(pod: PodKey(namespace: "ml", name: "y"), node: NodeName("s"), devices: [slot], rank: 3),
            ],
            groups: [
                GroupPlacement(
                    group: PodGroupKey(namespace: "ml", name: "t"), memberCount: 2, minMember: 1, placedCount: 2,
                    axis: .level(0), domains: [TopologyDomain(axis: .level(0), path: ["z"])], crossDomainHops: 1)
            ], pending: pending)
        let why = "cpu requested 9, best free 500m of 8; nodes: 2 NodeNotReady, 1 InsufficientGPUs"
        #expect(
            ScenarioRenderer(snapshot: snapshot).lines(plan) == [
                "ml/x -> a gpu 0-2,5", "ml/y -> s gpu slot 0 7MiB named rank 3",
                "ml/t: 2 of 2 (min 1) in zone z, hops 1",
                "ml/t-0..1 pending InsufficientGPUs: \(why); fix: add 1 nodes like a",
            ])
    }
}
