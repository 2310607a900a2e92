import CapacityPlanner
import SchedulingModel
import TestSupport
import Testing

@Suite("Cheaper nodes in place of dear ones")
struct ReplacementTests {
    private static let dear = Shop.offering("box-8", price: 3_000_000, gpus: 8)
    private static let spot = Shop.offering("box-8", price: 1_000_000, gpus: 8, .spot)
    private static let small = Shop.offering("box-2", price: 500_000, gpus: 2, .spot)

    private func replacement(
        _ pods: [PodState], offerings: [NodeOffering] = [Self.dear, Self.spot, Self.small], maxNodes: Int = 10,
        groups: [PodGroup] = [], others: [NodeState] = [], blocked: Set<OfferingKey> = [],
        limits: GiveBackPlanner.Limits = .init(), boughtAs: NodeOffering = Self.dear
    ) throws -> String? {
        var pool = Shop.pool(offerings, maxNodes: maxNodes)
        pool.nodeCount = 1
        pool.minNodes = 1
        let snapshot = ClusterSnapshot(nodes: [.gpu("a", count: 8)] + others, pods: pods, groups: groups)
        let node = GiveBackPlanner.OwnedNode(
            name: NodeName("a"), pool: "gpus", pricePerHourMicroUSD: boughtAs.pricePerHourMicroUSD)
        return try ReplacementPlanner(interruptions: InterruptionModel()).replacement(
            of: node, boughtAs: boughtAs, in: snapshot, pools: [pool], limits: limits, blocked: blocked, atSeconds: 0
        )?.key.description
    }

    @Test("the cheapest offering that holds all pods, also in a pool at its minimum")
    func cheapest() throws {
        #expect(try self.replacement([.gpu("p", count: 8, on: "a")]) == "box-8 spot in a")
        #expect(try self.replacement([.gpu("p", count: 2, on: "a")]) == "box-2 spot in a")
    }

    @Test("nothing that is sold out, beyond the pool's limit, or not cheaper")
    func impossible() throws {
        let pods = [PodState.gpu("p", count: 8, on: "a")]
        #expect(try self.replacement(pods, blocked: [Self.spot.key]) == nil)
        #expect(try self.replacement(pods, maxNodes: 1) == nil)
        #expect(try self.replacement(pods, offerings: [Self.dear]) == nil)
    }

    @Test("spot is replaced by cheaper spot only when what is saved pays for the disturbance")
    func pays() throws {
        // Eight GPUs lose 0.45 hours, and the new node costs 0.2 before it is used; four hours are saved.
        let pods = [PodState.gpu("p", count: 8, on: "a")]
        func spot(_ price: Int64, in zone: String) -> NodeOffering {
            Shop.offering("box-8", price: price, gpus: 8, zone: zone, .spot)
        }
        let before = spot(1_000_000, in: "a")
        for (price, expected) in [(Int64(840_000), "box-8 spot in b"), (850_000, nil)] {
            let offerings = [before, spot(price, in: "b")]
            #expect(try self.replacement(pods, offerings: offerings, boughtAs: before) == expected)
        }
    }

    @Test("not for protected pods, not for part of a gang, not onto spot without time for an interruption")
    func refused() throws {
        var limits = GiveBackPlanner.Limits()
        let pod = PodState.gpu("p", count: 8, on: "a")
        limits.protectedPods = [pod.key]
        #expect(try self.replacement([pod], limits: limits) == nil)
        let group = PodGroup(key: PodGroupKey(namespace: "ml", name: "pair"), minMember: 2)
        let gang = [
            PodState.gpu("g-0", count: 4, on: "a", group: "pair"), .gpu("g-1", count: 4, on: "b", group: "pair"),
        ]
        #expect(try self.replacement(gang, groups: [group], others: [.gpu("b", count: 8)]) == nil)
        var urgent = pod
        urgent.deadline = WorkDeadline(finishBySeconds: 3700, runSeconds: 3600)
        #expect(try self.replacement([urgent]) == nil)
    }
}
