import CapacityPlanner
import SchedulingModel
import TestSupport
import Testing

@Suite("Deadlines and spot")
struct DeadlineTests {
    private static let spot = Shop.offering("box-8", price: 1_000_000, gpus: 8, zone: "a", .spot, interruptions: 0.1)
    private static let onDemand = Shop.offering("box-8", price: 3_000_000, gpus: 8, zone: "a")
    private static let pool = Shop.pool([Self.spot, Self.onDemand])

    /// Must start at 10,000 s at the latest; two interruptions take 3240 s.
    private func pods(_ count: Int, group: String? = nil) -> [PodState] {
        (0..<count).map { index in
            var pod = PodState.gpu("t-\(index)", count: 8, group: group, rank: group == nil ? nil : index)
            pod.deadline = WorkDeadline(finishBySeconds: 13_600, runSeconds: 3600)
            return pod
        }
    }

    private func plan(
        gang: Bool, at now: Int64?, blocked: Set<OfferingKey> = [], pool: NodePool = Self.pool
    ) throws -> PurchasePlan {
        let group = PodGroup(key: PodGroupKey(namespace: "ml", name: "trainer"), minMember: 2)
        return try Shop.purchases(
            pods: self.pods(2, group: gang ? "trainer" : nil), groups: gang ? [group] : [], pools: [pool],
            blocked: blocked, atSeconds: now)
    }

    @Test("with time to spare spot is bought, and waited for where there is none", arguments: [true, false])
    func patient(gang: Bool) throws {
        #expect(try self.plan(gang: gang, at: 6759).lines == ["2 x box-8 spot in a"])
        let waiting = try self.plan(gang: gang, at: 6759, blocked: [Self.spot.key])
        #expect(waiting.lines == [])
        #expect(waiting.unserved.map(\.reason) == [.waitsForSpot, .waitsForSpot])
    }

    @Test("nobody waits for spot that is not offered", arguments: [true, false])
    func notOffered(gang: Bool) throws {
        let plan = try self.plan(gang: gang, at: 0, pool: Shop.pool([Self.onDemand]))
        #expect(plan.lines == ["2 x box-8 on-demand in a"])
    }

    @Test(
        "without time for two interruptions it is on demand, and spot only where there is nothing else",
        arguments: [true, false])
    func urgent(gang: Bool) throws {
        #expect(try self.plan(gang: gang, at: 6760).lines == ["2 x box-8 on-demand in a"])
        #expect(try self.plan(gang: gang, at: 6760, blocked: [Self.onDemand.key]).lines == ["2 x box-8 spot in a"])
        #expect(try self.plan(gang: gang, at: 99_999).lines == ["2 x box-8 on-demand in a"])
    }

    @Test("where nobody knows the time the expected cost decides", arguments: [true, false])
    func timeless(gang: Bool) throws {
        #expect(try self.plan(gang: gang, at: nil).lines == ["2 x box-8 spot in a"])
        #expect(try self.plan(gang: gang, at: nil, blocked: [Self.spot.key]).lines == ["2 x box-8 on-demand in a"])
    }

    @Test("work with and without deadlines is bought for side by side")
    func mixed() throws {
        var pods = self.pods(1)
        pods.append(.gpu("u", count: 8))
        let plan = try Shop.purchases(pods: pods, pools: [Self.pool], atSeconds: 9000)
        #expect(plan.lines.sorted() == ["1 x box-8 on-demand in a", "1 x box-8 spot in a"])
        #expect(plan.lowerBoundPerHourMicroUSD <= plan.expectedCostPerHourMicroUSD)
    }
}
