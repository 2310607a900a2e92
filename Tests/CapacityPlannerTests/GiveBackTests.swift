import CapacityPlanner
import SchedulingModel
import TestSupport
import Testing

@Suite("Giving back")
struct GiveBackTests {
    private func owned(
        _ name: String, price: Int64 = 8_000_000, empty: Int64? = nil, stays: Bool = false
    )
        -> GiveBackPlanner.OwnedNode
    {
        .init(
            name: NodeName(name), pool: "gpus", pricePerHourMicroUSD: price, emptySinceSeconds: empty, mustStay: stays)
    }

    private func given(
        _ nodes: [NodeState], _ pods: [PodState], groups: [PodGroup] = [], owned: [GiveBackPlanner.OwnedNode],
        minNodes: Int = 0, limits: GiveBackPlanner.Limits = .init()
    ) throws -> [String] {
        let snapshot = ClusterSnapshot(nodes: nodes, pods: pods, groups: groups)
        let pool = NodePool(name: "gpus", offerings: [], nodeCount: owned.count, minNodes: minNodes)
        return try GiveBackPlanner().plan(snapshot, owned: owned, pools: [pool], limits: limits, atSeconds: 1000)
            .map(\.node.rawValue)
    }

    @Test("an empty node goes after the delay, not before, and never below the minimum or the headroom")
    func empty() throws {
        let nodes = [NodeState.gpu("a", count: 8), .gpu("b", count: 8)]
        let both = [self.owned("a", empty: 0), self.owned("b", empty: 900)]
        #expect(try self.given(nodes, [], owned: both) == ["a"])
        let old = [self.owned("a", empty: 0), self.owned("b", empty: 0)]
        #expect(try self.given(nodes, [], owned: old) == ["a", "b"])
        #expect(try self.given(nodes, [], owned: old, minNodes: 1) == ["a"])
        var limits = GiveBackPlanner.Limits()
        limits.headroom = ["gpus": 1]
        #expect(try self.given(nodes, [], owned: old, limits: limits) == ["a"])
        limits.nodeBudgets = ["gpus": 0]
        #expect(try self.given(nodes, [], owned: old, limits: limits) == [])
    }

    @Test("an under-used node goes when its pods fit elsewhere, the dearer one first")
    func underUsed() throws {
        let nodes = [NodeState.gpu("a", count: 8), .gpu("b", count: 8)]
        let pods = [PodState.gpu("p", count: 2, on: "a"), .gpu("q", count: 3, on: "b")]
        let owned = [self.owned("a", price: 5), self.owned("b", price: 9)]
        #expect(try self.given(nodes, pods, owned: owned) == ["b"])
        let full = [PodState.gpu("p", count: 6, on: "a"), .gpu("q", count: 3, on: "b")]
        #expect(try self.given(nodes, full, owned: owned) == [])
    }

    @Test("a node stays for its own mark, for a protected pod and for a disruption budget")
    func protected() throws {
        let nodes = [NodeState.gpu("a", count: 8), .gpu("b", count: 8)]
        let pods = [PodState.gpu("p", count: 2, on: "a")]
        #expect(try self.given(nodes, pods, owned: [self.owned("a")]) == ["a"])
        #expect(try self.given(nodes, pods, owned: [self.owned("a", stays: true)]) == [])
        var limits = GiveBackPlanner.Limits()
        limits.protectedPods = [pods[0].key]
        #expect(try self.given(nodes, pods, owned: [self.owned("a")], limits: limits) == [])
        limits = GiveBackPlanner.Limits()
        limits.podBudgets = [.init(pods: [pods[0].key], allowedDisruptions: 0)]
        #expect(try self.given(nodes, pods, owned: [self.owned("a")], limits: limits) == [])
    }

    @Test(
        "nothing moves where the planner would put it on a closed node: the pod would go there, and the node be bought again"
    )
    func closedNodes() throws {
        var limits = GiveBackPlanner.Limits()
        limits.closedNodes = [NodeName("warm")]
        func given(warm: Int, besides: Int) throws -> [String] {
            let nodes = [NodeState.gpu("a", count: 8), .gpu("warm", count: warm), .gpu("used", count: 8)]
            let pods = [PodState.gpu("p", count: 4, on: "a"), .gpu("q", count: besides, on: "used")]
            return try self.given(nodes, pods, owned: [self.owned("a")], limits: limits)
        }
        #expect(try given(warm: 4, besides: 2) == [])
        #expect(try given(warm: 8, besides: 4) == ["a"])
    }

    @Test("a gang moves whole: its members elsewhere need new places too, or nothing moves")
    func gang() throws {
        let group = PodGroup(key: PodGroupKey(namespace: "ml", name: "trainer"), minMember: 2)
        let pods = [
            PodState.gpu("t-0", count: 4, on: "a", group: "trainer", rank: 0),
            .gpu("t-1", count: 4, on: "b", group: "trainer", rank: 1), .gpu("x", count: 4, on: "b"),
        ]
        let nodes = [NodeState.gpu("a", count: 8), .gpu("b", count: 8)]
        #expect(try self.given(nodes, pods, groups: [group], owned: [self.owned("a")]) == [])
        let roomy = nodes + [.gpu("c", count: 4)]
        #expect(try self.given(roomy, pods, groups: [group], owned: [self.owned("a")]) == ["a"])
        var limits = GiveBackPlanner.Limits()
        limits.podBudgets = [.init(pods: [pods[0].key, pods[1].key], allowedDisruptions: 1)]
        #expect(try self.given(roomy, pods, groups: [group], owned: [self.owned("a")], limits: limits) == [])
    }
}
