import SchedulingModel
import TestSupport
import Testing

@testable import PlacementSolver

@Suite("Where a single pod goes")
struct BestFitTests {
    private func node(of name: String, in snapshot: ClusterSnapshot) throws -> NodeName? {
        var state = SolverState(snapshot)
        let pod = try #require(snapshot.pods.firstIndex { $0.key.name == name })
        return state.bestNode(for: pod).map { snapshot.nodes[$0.node].name }
    }

    @Test("the node left with the fewest free devices")
    func fullest() throws {
        let snapshot = ClusterSnapshot(
            nodes: [.gpu("a", count: 8), .gpu("b", count: 4), .gpu("c", count: 8)],
            pods: [.gpu("held", count: 6, on: "c"), .gpu("new", count: 2)])
        #expect(try self.node(of: "new", in: snapshot) == NodeName("c"))
    }

    @Test("of equally full nodes the first by name")
    func tie() throws {
        let snapshot = ClusterSnapshot(
            nodes: [.gpu("b", count: 8), .gpu("a", count: 8)], pods: [.gpu("new", count: 1)])
        #expect(try self.node(of: "new", in: snapshot) == NodeName("a"))
    }

    @Test("a pod without devices goes to a node without devices, then to one with none free")
    func bystander() throws {
        let nodes: [NodeState] = [.gpu("a-idle", count: 8), .gpu("b-full", count: 2)]
        let pods: [PodState] = [.gpu("held", count: 2, on: "b-full"), .gpu("new", count: 0)]
        #expect(try self.node(of: "new", in: ClusterSnapshot(nodes: nodes, pods: pods)) == NodeName("b-full"))
        let withPlain = ClusterSnapshot(nodes: nodes + [.gpu("z-plain", count: 0)], pods: pods)
        #expect(try self.node(of: "new", in: withPlain) == NodeName("z-plain"))
    }

    @Test("the fewest parts: the largest whole, the rest where it fits tightest")
    func fewestParts() {
        let chosen = SolverState.fewest(10, of: [2, 8, 3, 8])
        #expect(chosen.map(\.part) == [1, 0])
        #expect(chosen.map(\.count) == [8, 2])
    }
}
