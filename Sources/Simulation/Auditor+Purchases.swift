import CapacityPlanner
import ControlLoop
import SchedulingCycle
import SchedulingModel

/// Nothing is bought twice: a second, plain opinion on the cluster as it will be.
extension Auditor {
    /// Nothing is bought for pods that would find room on what is bought already and still on its way, as the replica was shown it.
    mutating func checkPurchases(_ actions: [PoolAction], of replica: SimulatedReplica, _ world: ChaosWorld) {
        guard world.now > self.forgiveUntilMillis, replica.isBuying(actions),
            let published = replica.loop.published, let purchases = published.purchases?.purchases, !purchases.isEmpty
        else { return }
        let taken = replica.takenNodes
        let pods = Self.futurePods(published, taken)
        // Nodes that are being emptied are used where that makes somebody not wait: it is twice only if it is so with them and without.
        let futures = [false, true].map { opensEmptying in
            ClusterSnapshot(
                nodes: Self.expectedNodes(replica, published, taken, world, opensEmptying: opensEmptying), pods: pods,
                groups: published.snapshot.groups, topology: published.snapshot.topology)
        }
        // As the loop looks ahead: of two that want the same room the same has to win.
        let planner = Planner(configuration: replica.loop.lookingAhead)
        let plans = futures.compactMap { try? planner.plan($0) }
        let placed = plans.map { Set($0.assignments.map(\.pod)) }
        for purchase in purchases where !purchase.pods.isEmpty {
            guard placed.allSatisfy({ purchase.pods.allSatisfy($0.contains) }) else { continue }
            self.report("\(purchase.offering) is bought twice for \(purchase.pods) at \(world.now)")
        }
    }

    /// The nodes that are there and stay, and those that are still to come. One that is given back can be had again until its machine goes.
    private static func expectedNodes(
        _ replica: SimulatedReplica, _ published: PublishedPlan, _ taken: Set<NodeName>, _ world: ChaosWorld,
        opensEmptying: Bool
    ) -> [NodeState] {
        var nodes = Dictionary(published.snapshot.nodes.map { ($0.name, $0) }) { $1 }
        let known = replica.purchases
        let leaving = known.endedMachines.union(replica.view.claims.values.flatMap { $0.machines(.leaving) })
        for (name, node) in nodes {
            let isOver = node.machine.map(leaving.contains) ?? false
            let isEmptying =
                known.emptying.contains(name) || replica.view.nodes[name]?.taints.contains(.emptying) == true
            if isOver || isEmptying && !opensEmptying { continue }
            nodes[name]?.taints.removeAll { $0.key == Taint.givingBack.key }
        }
        // What it has asked for itself may not be shown yet.
        let claims = replica.view.claims.merging(known.asked, uniquingKeysWith: { $1 })
        for claim in claims.values where claim.phase != .closing && !known.endedTokens.contains(claim.token) {
            let isLate = published.atMillis - claim.sinceMillis >= replica.loop.configuration.joinMillis
            guard !isLate, let pool = world.cloud.pools.first(where: { $0.name == claim.pool }) else { continue }
            let machines = claim.machines.filter { $0.phase == .expected && !known.endedMachines.contains($0.id) }
            let expected = machines.map { NodeName($0.id.rawValue) }.map { replica.view.nodes[$0] == nil ? nil : $0 }
            let unknown = claim.phase == .launching ? Array(repeating: nil as NodeName?, count: claim.count) : []
            for (index, name) in (expected + unknown).enumerated() {
                // Under the names that the loop gives them: where several places are as good, names decide.
                let name = name ?? NodeName("(launch \(claim.token) \(index))")
                nodes[name] = pool.expectedNode(claim.offering, as: name, launch: claim.token)
            }
        }
        for name in taken { nodes[name] = nil }
        return Array(nodes.values)
    }

    /// What the plan places stands, what it makes room for stands in that room, and who leaves has left; who stands on a node that its cloud
    /// takes will wait again.
    private static func futurePods(_ published: PublishedPlan, _ taken: Set<NodeName>) -> [PodState] {
        let places = Dictionary(published.plan.assignments.map { ($0.pod, $0) }) { $1 }
        let preemptions = published.plan.preemptions
        let rooms = Dictionary(preemptions.flatMap(\.reservations).map { ($0.pod, $0.node) }) { $1 }
        let victims = Set(preemptions.flatMap(\.victims))
        return published.snapshot.pods.compactMap { state in
            if victims.contains(state.key) || state.node != nil && state.isTerminating && !state.leavesLate {
                return nil
            }
            var pod = state
            if let room = rooms[pod.key] { pod.standing = .bound(room) }
            if let place = places[pod.key] {
                pod.standing = .bound(place.node)
                pod.knownDevices = place.devices
            }
            guard let node = pod.node, taken.contains(node) else { return pod }
            if pod.isTerminating { return nil }
            pod.standing = .pending
            pod.knownDevices = []
            return pod
        }
    }
}
