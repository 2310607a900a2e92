import CapacityPlanner
import SchedulingModel
import TestSupport
import Testing

@Suite("Purchases")
struct PurchaseTests {
    let small = Shop.offering("box-1", price: 1_000_000, gpus: 1)
    let large = Shop.offering("box-8", price: 6_000_000, gpus: 8)

    private func gang(_ count: Int, gpus: Int, axis: TopologyAxis? = nil) -> (pods: [PodState], group: PodGroup) {
        let pods = (0..<count).map { PodState.gpu("t-\($0)", count: gpus, group: "trainer", rank: $0) }
        let wishes = axis.map { [TopologyConstraint(axis: $0, isRequired: true)] } ?? []
        let key = PodGroupKey(namespace: "ml", name: "trainer")
        return (pods, PodGroup(key: key, minMember: count, topology: wishes))
    }

    @Test("one pod buys the cheapest node that holds it")
    func single() throws {
        let plan = try Shop.purchases(pods: [.gpu("a", count: 1)], pools: [Shop.pool([self.large, self.small])])
        #expect(plan.lines == ["1 x box-1 on-demand in a"])
        #expect(plan.lowerBoundPerHourMicroUSD == 1_000_000)
        #expect(plan.unserved == [])
    }

    @Test("where the exact size does not exist the bigger box is bought")
    func biggerBox() throws {
        let plan = try Shop.purchases(pods: [.gpu("a", count: 3)], pools: [Shop.pool([self.small, self.large])])
        #expect(plan.lines == ["1 x box-8 on-demand in a"])
    }

    @Test("four quarters of a GPU buy one GPU")
    func sharing() throws {
        let pods = (0..<4).map { PodState.pod("q\($0)", requests: [.fraction(thousandths: 250)]) }
        let plan = try Shop.purchases(pods: pods, pools: [Shop.pool([self.small])])
        #expect(plan.lines == ["1 x box-1 on-demand in a"])
    }

    @Test("free room in the cluster is used before anything is bought")
    func roomFirst() throws {
        let pods = [PodState.gpu("a", count: 1), .gpu("b", count: 1)]
        let plan = try Shop.purchases(pods: pods, nodes: [.gpu("n", count: 1)], pools: [Shop.pool([self.small])])
        #expect(plan.lines == ["1 x box-1 on-demand in a"])
        #expect(plan.purchases.first?.pods.count == 1)
    }

    @Test("a gang is bought whole in one zone; a zone in back-off is passed over")
    func gangInOneZone() throws {
        let (pods, group) = self.gang(3, gpus: 8)
        let cheap = Shop.offering("box-8", price: 5_000_000, gpus: 8, zone: "b")
        let pools = [Shop.pool([self.large, cheap])]
        let first = try Shop.purchases(pods: pods, groups: [group], pools: pools)
        #expect(first.lines == ["3 x box-8 on-demand in b"])
        let second = try Shop.purchases(pods: pods, groups: [group], pools: pools, blocked: [cheap.key])
        #expect(second.lines == ["3 x box-8 on-demand in a"])
        #expect(second.purchases.first?.group == group.key)
    }

    @Test("a pool of higher priority goes before a cheaper one, for gangs and single pods, as long as it lasts")
    func priority() throws {
        let dear = Shop.offering("box-8", price: 9_000_000, gpus: 8, pool: "reserved")
        var reserved = NodePool(name: "reserved", offerings: [dear], maxNodes: 2)
        reserved.priority = 1
        let pools = [Shop.pool([self.large, self.small]), reserved]
        let single = try Shop.purchases(pods: [.gpu("a", count: 1)], pools: pools)
        #expect(single.purchases.map(\.pool) == ["reserved"])
        #expect(single.lowerBoundPerHourMicroUSD == 1_000_000)
        let pods = (0..<3).map { PodState.gpu("p-\($0)", count: 8) }
        let three = try Shop.purchases(pods: pods, pools: pools)
        #expect(three.purchases.map { "\($0.nodeCount) \($0.pool)" }.sorted() == ["1 gpus", "2 reserved"])
        #expect(three.unserved == [])
        let (members, group) = self.gang(2, gpus: 8)
        let gang = try Shop.purchases(pods: members, groups: [group], pools: pools)
        #expect(gang.purchases.map(\.pool) == ["reserved"])
        let huge = try Shop.purchases(pods: [.gpu("a", count: 9)], pools: pools)
        #expect(huge.unserved.map(\.reason) == [.noOfferingFits])
    }

    @Test("a gang that the pool's limit cannot hold whole buys nothing")
    func nothingOfHalfAGang() throws {
        let (pods, group) = self.gang(3, gpus: 8)
        let plan = try Shop.purchases(pods: pods, groups: [group], pools: [Shop.pool([self.large], maxNodes: 2)])
        #expect(plan.lines == [])
        #expect(Set(plan.unserved.map(\.reason)) == [.offeringsExhausted])
    }

    @Test("where a pool's limit binds larger machines are bought, so that none of the work is left over")
    func limitBinds() throws {
        let boxes = [
            Shop.offering("box-1", price: 500_000, gpus: 1), Shop.offering("box-4", price: 3_600_000, gpus: 4),
            Shop.offering("box-8", price: 6_000_000, gpus: 8),
        ]
        let ones = (0..<20).map { PodState.gpu("p\($0)", count: 1) }
        let free = try Shop.purchases(pods: ones, pools: [Shop.pool(boxes)])
        #expect(free.lines == ["20 x box-1 on-demand in a"])
        let bound = try Shop.purchases(pods: ones, pools: [Shop.pool(boxes, maxNodes: 3)])
        #expect(bound.unserved.isEmpty)
        #expect(bound.lines == ["1 x box-4 on-demand in a", "2 x box-8 on-demand in a"])
        #expect(bound.lowerBoundPerHourMicroUSD <= 15_600_000)
        // As many as the limit allows where it cannot hold all.
        let few = try Shop.purchases(pods: ones, pools: [Shop.pool(boxes, maxNodes: 2)])
        #expect(few.lines == ["2 x box-8 on-demand in a"])
        #expect(few.unserved.map(\.reason) == Array(repeating: .offeringsExhausted, count: 4))
    }

    @Test("the lower bound speaks of the work that was served")
    func lowerBound() throws {
        let pods = (0..<4).map { PodState.gpu("p\($0)", count: 8) }
        let limited = try Shop.purchases(pods: pods, pools: [Shop.pool([self.large], maxNodes: 2)])
        #expect(limited.lines == ["2 x box-8 on-demand in a"])
        #expect(limited.lowerBoundPerHourMicroUSD == 12_000_000)
    }

    @Test("free room for some of a gang saves nodes, and the bound counts only the others")
    func gangWithRoomForSome() throws {
        let (members, group) = self.gang(3, gpus: 8)
        let plan = try Shop.purchases(
            pods: members, groups: [group], nodes: [.gpu("n", count: 8)], pools: [Shop.pool([self.large])])
        #expect(plan.lines == ["2 x box-8 on-demand in a"])
        #expect(plan.unserved == [])
        #expect(plan.lowerBoundPerHourMicroUSD == 12_000_000)
    }

    @Test("two gangs that want the same free room are both bought whole")
    func gangsThatCompete() throws {
        let (members, group) = self.gang(2, gpus: 8)
        let others = (0..<2).map { (rank: Int) in PodState.gpu("u-\(rank)", count: 8, group: "second", rank: rank) }
        let second = PodGroup(key: PodGroupKey(namespace: "ml", name: "second"), minMember: 2)
        let plan = try Shop.purchases(
            pods: members + others, groups: [group, second], nodes: [.gpu("n", count: 8)],
            pools: [Shop.pool([self.large])])
        #expect(plan.purchases.reduce(0) { $0 + $1.nodeCount } == 3)
        for purchase in plan.purchases {
            let prefix = purchase.group == group.key ? "t-" : "u-"
            #expect(purchase.pods.allSatisfy { $0.name.hasPrefix(prefix) })
        }
        #expect(plan.unserved == [])
    }

    @Test("a rack is bought only where the launch promises one")
    func promisedDomain() throws {
        let topology = Topology(levels: [.init(name: "rack", labelKey: "rack")])
        let (pods, group) = self.gang(2, gpus: 8, axis: .level(0))
        let offering = Shop.offering("box-8", price: 6_000_000, gpus: 8, path: [nil])
        let vague = try Shop.purchases(
            pods: pods, groups: [group], topology: topology, pools: [Shop.pool([offering])])
        #expect(vague.lines == [])
        #expect(Set(vague.unserved.map(\.reason)) == [.launchCannotPromiseDomain])
        let sure = try Shop.purchases(
            pods: pods, groups: [group], topology: topology, pools: [Shop.pool([offering], launchLevel: 0)])
        #expect(sure.lines == ["2 x box-8 on-demand in a"])
    }

    @Test("spot is bought while its interruptions cost less than it saves")
    func spotRisk() throws {
        let (pods, group) = self.gang(8, gpus: 8)
        func lines(_ rate: Double) throws -> [String] {
            let spot = Shop.offering("box-8", price: 2_000_000, gpus: 8, .spot, interruptions: rate)
            return try Shop.purchases(pods: pods, groups: [group], pools: [Shop.pool([self.large, spot])]).lines
        }
        #expect(try lines(0.01) == ["8 x box-8 spot in a"])
        // 2 · (1 + 8 · 0.6 · 0.45) is more than 6.
        #expect(try lines(0.6) == ["8 x box-8 on-demand in a"])
    }

    @Test("nothing is bought for a pod whose claim does not exist")
    func quotaFirst() throws {
        var pod = PodState.gpu("a", count: 1)
        pod.constraints.volumes = .unavailable(claim: "data", why: "does not exist")
        let plan = try Shop.purchases(pods: [pod], nodes: [.gpu("n", count: 1)], pools: [Shop.pool([self.small])])
        #expect(plan.lines == [])
        #expect(plan.unserved.map(\.reason) == [.notForLackOfNodes])
    }

    @Test("a pod that no offering could run is named as such")
    func noOffering() throws {
        let plan = try Shop.purchases(pods: [.gpu("a", count: 9)], pools: [Shop.pool([self.small, self.large])])
        #expect(plan.unserved.map(\.reason) == [.noOfferingFits])
    }
}
