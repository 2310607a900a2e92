import PlacementVerifier
import SchedulingCycle
import SchedulingModel
import TestSupport
import Testing

@Suite("Refilling nodes where single pods found no room")
struct RefillTests {
    /// Nodes of four GPUs and scarce CPU, and more pods than fit: parts and whole devices, with little or much CPU.
    private static func world(seed: UInt64) -> ClusterSnapshot {
        var generator = SeededGenerator(seed: seed)
        let nodes = (0..<15).map { index in
            var node = NodeState.gpu("n\(index)", count: 4)
            node.allocatable[.cpu] = Int64(generator.int(in: 4...10)) * 3_000
            return node
        }
        let shapes = (0..<9).map { index in
            let request: DeviceRequest =
                index % 3 == 0
                ? .whole(generator.int(in: 1...3)) : .fraction(thousandths: generator.int(in: 3...9) * 100)
            return (request, Int64(generator.int(in: 2...14)) * 1000)
        }
        let pods = (0..<95).map { index in
            let (request, cpu) = shapes[generator.int(in: 0...shapes.count - 1)]
            var pod = PodState.pod("p\(index)", requests: [request], created: Int64(index))
            pod.requests[.cpu] = cpu
            return pod
        }
        return ClusterSnapshot(nodes: nodes, pods: pods)
    }

    private static func plan(_ snapshot: ClusterSnapshot, refillLimit: Int) throws -> Plan {
        var configuration = PlannerConfiguration()
        configuration.searchesFixes = false
        configuration.refillLimit = refillLimit
        return try Planner(configuration: configuration).plan(snapshot)
    }

    @Test("serves more devices over many worlds, never fewer in one, and stays below the bound", .longCalculation)
    func servesMore() throws {
        var gained = 0.0
        for seed in 1...6 as ClosedRange<UInt64> {
            let snapshot = Self.world(seed: seed)
            let without = try Self.plan(snapshot, refillLimit: 0).summary.demand
            let with = try Self.plan(snapshot, refillLimit: 24).summary.demand
            #expect(with.served >= without.served - 1e-9, "seed \(seed)")
            #expect(with.served <= with.atMost + 1e-6, "seed \(seed)")
            gained += with.served - without.served
        }
        #expect(gained > 0.5, "gained \(gained)")
    }

    @Test(
        "leaves nothing that still fits, names every pod once, and does the same again", .longCalculation,
        arguments: 1...3)
    func complete(seed: UInt64) throws {
        let snapshot = Self.world(seed: seed)
        let plan = try Self.plan(snapshot, refillLimit: 24)
        let named = (plan.assignments.map(\.pod) + plan.pending.map(\.pod)).sorted()
        #expect(named == snapshot.pods.map(\.key))
        #expect(try Self.plan(snapshot, refillLimit: 24) == plan)
        let after = BruteForce(snapshot.carriedOut(plan))
        for pending in plan.pending {
            #expect(after.feasibleNodes(for: pending.pod).isEmpty, "\(pending.pod) still fits")
        }
    }

    @Test("pods of higher priority keep their places")
    func priority() throws {
        var snapshot = Self.world(seed: 3)
        let raised = snapshot.pods.map { pod in
            var pod = pod
            pod.priority = pod.creationSeconds < 25 ? 10 : 0
            return pod
        }
        snapshot = ClusterSnapshot(nodes: snapshot.nodes, pods: raised)
        let high = Set(raised.filter { $0.priority == 10 }.map(\.key))
        let without = try Self.plan(snapshot, refillLimit: 0)
        let with = try Self.plan(snapshot, refillLimit: 24)
        #expect(Set(without.pending.map(\.pod)).intersection(high).isEmpty)
        #expect(Set(with.pending.map(\.pod)).intersection(high).isEmpty)
    }
}

extension ClusterSnapshot {
    /// The cluster once the plan's pods run.
    fileprivate func carriedOut(_ plan: Plan) -> ClusterSnapshot {
        let assignments = Dictionary(uniqueKeysWithValues: plan.assignments.map { ($0.pod, $0) })
        let pods = self.pods.map { pod in
            guard let assignment = assignments[pod.key] else { return pod }
            var bound = pod
            bound.standing = .bound(assignment.node)
            bound.knownDevices = assignment.devices
            return bound
        }
        return ClusterSnapshot(nodes: self.nodes, pods: pods, groups: self.groups, topology: self.topology)
    }
}
