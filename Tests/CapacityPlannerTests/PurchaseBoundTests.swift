import CapacityPlanner
import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

@Suite("The lower bound of a purchase")
struct PurchaseBoundTests {
    private static let boxes = [
        Shop.offering("box-8", price: 6_000_000, gpus: 8), Shop.offering("box-1", price: 1_000_000, gpus: 1),
    ]

    private static func gang(_ gpus: [Int], zone: Bool = false) -> ([PodState], PodGroup) {
        let key = PodGroupKey(namespace: "ml", name: "gang")
        let pods = gpus.enumerated().map { PodState.gpu("g-\($0)", count: $1, group: "gang", rank: $0) }
        let topology = zone ? [TopologyConstraint(axis: .level(0), isRequired: true)] : []
        return (pods, PodGroup(key: key, minMember: gpus.count, topology: topology))
    }

    @Test("a gang of unlike members could be held by nodes of two types, however it is bought")
    func unlikeMembers() throws {
        let (pods, group) = Self.gang([8, 1])
        let plan = try Shop.purchases(pods: pods, groups: [group], pools: [Shop.pool(Self.boxes)])
        #expect(plan.lines == ["2 x box-8 on-demand in a"])
        #expect(plan.lowerBoundPerHourMicroUSD <= 7_000_000)
        #expect(plan.lowerBoundPerHourMicroUSD >= 6_000_000)
    }

    @Test("free room in the zone that a gang requires could serve some of it")
    func roomInTheZone() throws {
        let (pods, group) = Self.gang([8, 8], zone: true)
        let topology = Topology(levels: [TopologyLevel(name: "zone", labelKey: "topology.kubernetes.io/zone")])
        let box = Shop.offering("box-8", price: 8_000_000, gpus: 8, path: ["a"])
        let plan = try Shop.purchases(
            pods: pods, groups: [group], nodes: [.gpu("n", count: 8, path: ["a"])], topology: topology,
            pools: [Shop.pool([box], launchLevel: 0)])
        #expect(plan.unserved.isEmpty)
        #expect(plan.lowerBoundPerHourMicroUSD == 8_000_000)
    }

    @Test("never more than the best of all purchases", .longCalculation, arguments: UInt64(1)...120)
    func bruteForce(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sizes = [1, 2, 4, 8]
        let free = (0..<generator.int(in: 0...2)).map { _ in generator.int(in: 1...8) }
        let (members, group) = Self.gang((0..<generator.int(in: 0...3)).map { _ in generator.pick(sizes) })
        let singles = (0..<generator.int(in: 0...3)).map { PodState.gpu("s-\($0)", count: generator.pick(sizes)) }
        let boxes = (0..<generator.int(in: 1...3)).map { index in
            let gpus = generator.pick([1, 4, 8])
            return Shop.offering("t\(index)", price: Int64(gpus * generator.int(in: 2...6)) * 100_000, gpus: gpus)
        }
        let nodes = free.enumerated().map { NodeState.gpu("n\($0)", count: $1) }
        let snapshot = ClusterSnapshot(
            nodes: nodes, pods: members + singles, groups: members.isEmpty ? [] : [group])
        let planned = try Planner().plan(snapshot)
        let bought = try CapacityPlanner().plan(snapshot, leaving: planned, pools: [Shop.pool(boxes)])
        // The plan's own assignments stay; the rest of what was served has to fit somewhere.
        var room = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.devicePools[0].deviceCount) })
        for assignment in planned.assignments { room[assignment.node]? -= assignment.devices.count }
        let served = Set(bought.purchases.flatMap(\.pods))
        let counts = snapshot.pods.filter { served.contains($0.key) }.map { $0.deviceRequests[0].count }
        let optimum = Self.leastCost(
            of: counts.sorted(by: >), room: room.values.sorted(),
            boxes: boxes.map { ($0.template.devicePools[0].deviceCount, $0.pricePerHourMicroUSD) })
        #expect(bought.lowerBoundPerHourMicroUSD <= optimum)
    }

    /// By trying every place for every pod: a node with room, or a new node of some type.
    private static func leastCost(of pods: [Int], room: [Int], boxes: [(gpus: Int, price: Int64)]) -> Int64 {
        guard let pod = pods.first else { return 0 }
        let rest = Array(pods.dropFirst())
        var least = Int64.max
        for index in room.indices where room[index] >= pod {
            var left = room
            left[index] -= pod
            least = min(least, Self.leastCost(of: rest, room: left, boxes: boxes))
        }
        for box in boxes where box.gpus >= pod {
            let further = Self.leastCost(of: rest, room: room + [box.gpus - pod], boxes: boxes)
            if further < .max { least = min(least, further + box.price) }
        }
        return least
    }
}
