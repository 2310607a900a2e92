import CapacityPlanner
import ControlLoop
import SchedulingCycle
import SchedulingModel

/// Money: what is bought, for whom, and what becomes of it.
extension Auditor {
    // MARK: Steps

    mutating func checkLaunch(_ claim: LaunchClaim, _ world: ChaosWorld, atMillis now: Int64) {
        self.launchCount += 1
        guard now > self.forgiveUntilMillis else { return }
        guard let pool = world.cloud.pools.first(where: { $0.name == claim.pool }) else { return }
        let count = world.cloud.livingCount(of: claim.pool)
        if count > pool.maxNodes {
            self.report("\(claim.token) makes \(count) machines of at most \(pool.maxNodes) in \(pool.name) at \(now)")
        }
        if world.store.claims[claim.token] == nil, !self.removedClaims.contains(claim.token) {
            self.report("\(claim.token) is launched and not written down at \(now)")
        }
    }

    mutating func checkDeletion(_ machine: MachineID, _ world: ChaosWorld, atMillis now: Int64) {
        guard now > self.forgiveUntilMillis else { return }
        let name = NodeName(machine.rawValue)
        guard let node = world.store.nodes[name], !node.taints.contains(where: { $0.key == Taint.interruptionKey })
        else {
            return
        }
        let pods = world.store.pods.values.filter { pod in
            !pod.state.isTerminating && (pod.state.node ?? pod.observed.pinnedNode) == name
        }
        if let pod = pods.min(by: { $0.key < $1.key }) {
            self.report("\(machine) is deleted under \(pod.key) at \(now)")
        }
    }

    // MARK: The end

    func capacityFinding(of world: ChaosWorld) -> String? {
        let living = world.cloud.living
        for machine in living {
            let claim = world.store.claims.values.first { $0.machines.contains { $0.id == machine.id } }
            guard claim != nil else { return "machine \(machine.id) of \(machine.token) is in no claim" }
            let name = NodeName(machine.id.rawValue)
            guard let node = world.store.nodes[name] else { return "machine \(machine.id) never became a node" }
            // Of a machine that is to be deleted there is no way back: whoever came before its node was closed is left to end there.
            let isLeaving = claim?.machines.contains { $0.id == machine.id && $0.phase == .leaving } ?? false
            if let taint = node.taints.first(where: { !isLeaving || $0 != .givingBack }) {
                return "\(name) keeps \(taint.key)"
            }
        }
        for pool in world.cloud.pools {
            if let finding = self.keptFinding(pool, living.filter { $0.pool == pool.name }, world) { return finding }
        }
        let ids = Set(living.map(\.id))
        for claim in world.store.claims.values.sorted(by: { $0.token < $1.token }) {
            if claim.machines.isEmpty { return "claim \(claim.token) stands for nothing" }
            if let machine = claim.machines.first(where: { !ids.contains($0.id) }) {
                return "claim \(claim.token) has \(machine.id), which is gone"
            }
        }
        for node in world.store.nodes.values.sorted(by: { $0.name < $1.name }) {
            if let machine = node.machine, !ids.contains(machine) { return "node \(node.name) has no machine" }
        }
        return self.unbought(world)
    }

    /// As many empty nodes as the pool keeps, and no more.
    private func keptFinding(
        _ pool: NodePool, _ living: [SimulatedCloud.Instance], _ world: ChaosWorld
    ) -> String? {
        let empty = living.filter { world.store.pods(on: NodeName($0.id.rawValue)).isEmpty }
        let kept = max(pool.warmNodes, pool.minNodes - (living.count - empty.count))
        if empty.count > kept, let machine = empty.first { return "machine \(machine.id) is paid for nothing" }
        if living.count >= pool.maxNodes || empty.count >= kept { return nil }
        return "\(pool.name) has \(living.count) nodes, \(empty.count) of them empty, and keeps \(kept)"
    }

    /// Whatever could be bought for what waits should have been.
    private func unbought(_ world: ChaosWorld) -> String? {
        let cluster = world.store.observed
        let snapshot = ClusterSnapshot(
            nodes: cluster.nodes, pods: cluster.pods.map(\.state), groups: cluster.groups, topology: cluster.topology)
        let pools = world.cloud.pools.map { pool in
            var pool = pool
            pool.nodeCount = world.cloud.livingCount(of: pool.name)
            return pool
        }
        do throws(RefusedPlan) {
            let plan = try Planner().plan(snapshot)
            let purchases = try CapacityPlanner().plan(snapshot, leaving: plan, pools: pools)
            return purchases.purchases.first.map {
                "\($0.nodeCount) x \($0.offering) would serve \($0.pods), which wait"
            }
        } catch {
            return "the verifier refuses the last purchase: \(error.violations)"
        }
    }
}
