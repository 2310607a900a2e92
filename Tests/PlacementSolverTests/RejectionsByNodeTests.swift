import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("Reasons on every node at once")
struct RejectionsByNodeTests {
    @Test("are those of each node alone, whatever has been decided", .longCalculation, arguments: 1...60)
    func equality(seed: UInt64) {
        var world = ChangingWorld(seed: seed)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<6 {
            _ = world.step()
            var state = SolverState(world.snapshot)
            for pod in world.snapshot.pods.indices where state.node(of: pod) == nil && generator.once(in: 2) {
                if let candidate = state.bestNode(for: pod) { state.assume(pod, candidate) }
            }
            for pod in world.snapshot.pods.indices where state.node(of: pod) == nil {
                let alone = world.snapshot.nodes.indices.map { state.rejections(pod, on: $0) }
                let all = state.rejectionsByNode(pod)
                #expect(alone.indices.map { all[$0] } == alone)
                #expect(all.nodeCounts.reduce(0, +) == alone.count)
                #expect(all.firstNodes == all.firstNodes.sorted())
                #expect(zip(all.firstNodes, all.answers).allSatisfy { alone[$0] == $1 })
                #expect(all.nodes { $0.isEmpty } == alone.indices.filter { alone[$0].isEmpty })
            }
        }
    }

    @Test("nodes alike are told apart where one device, or a member of the pod's own gang, makes the difference")
    func differences() {
        let group = PodGroup(key: PodGroupKey(namespace: "ml", name: "g"), minMember: 1)
        let pods: [PodState] = [
            .gpu("held", count: 7, on: "b"), .gpu("g-0", count: 1, on: "c", group: "g"),
            .gpu("g-1", count: 8, group: "g"),
        ]
        let nodes: [NodeState] = ["a", "b", "c", "d"].map { .gpu($0, count: 8) }
        var state = SolverState(ClusterSnapshot(nodes: nodes, pods: pods, groups: [group]))
        guard let pod = state.snapshot.podIndex(of: PodKey(namespace: "ml", name: "g-1")) else {
            return #expect(Bool(false), "no pod")
        }
        let all = state.rejectionsByNode(pod)
        let rejections = nodes.indices.map { all[$0] }
        #expect(rejections.map(\.isEmpty) == [true, false, false, true])
        #expect(rejections == nodes.indices.map { state.rejections(pod, on: $0) })
    }
}

@Suite("Domains of an axis")
struct AxisDomainsTests {
    @Test("are numbered in order of domains, and every node is in its own", arguments: 1...40)
    func numbering(seed: UInt64) {
        let nodes = SmallWorld(seed: seed, demand: .mixed).snapshot.nodes
        for axis in [TopologyAxis.level(0), .level(1), .nvlink, .label("pool"), .host] {
            let domains = AxisDomains(axis: axis, nodes: nodes)
            #expect(domains.domains == Set(nodes.map { $0.domain(on: axis) }).sorted())
            #expect(domains.domainByNode.map { domains.domains[Int($0)] } == nodes.map { $0.domain(on: axis) })
        }
    }
}
