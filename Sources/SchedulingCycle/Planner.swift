import PlacementSolver
public import PlacementVerifier
public import SchedulingModel

/// One scheduling cycle: a snapshot in, a verified plan out. The same code for a dry run and for the controller.
public struct Planner: Sendable {
    public let configuration: PlannerConfiguration

    public init(configuration: PlannerConfiguration = PlannerConfiguration()) {
        self.configuration = configuration
    }

    /// Places what can be placed, explains the rest, and has the result checked by the verifier.
    ///
    /// Demand is taken by priority, then by size, then by age (`DemandUnit`). Work that waits for other work (pod
    /// affinity) is tried again until nothing changes.
    ///
    /// - Throws: `RefusedPlan` where the verifier rejects the result: a bug of ours, with the evidence.
    public func plan(_ snapshot: ClusterSnapshot) throws(RefusedPlan) -> Plan {
        var compiled = CompiledCluster()
        return try self.plan(snapshot, on: &compiled)
    }

    /// The same plan, for a caller who plans again and again: what was compiled for the cycle before is brought up to date.
    public func plan(_ snapshot: ClusterSnapshot, on compiled: inout CompiledCluster) throws(RefusedPlan) -> Plan {
        let plan = self.unverifiedPlan(snapshot, on: &compiled)
        let violations = PlacementVerifier(snapshot: snapshot).violations(in: plan)
        guard violations.isEmpty else { throw RefusedPlan(plan: plan, violations: violations) }
        return plan
    }

    /// The plan before anyone has checked it. For tests and benchmarks of the search alone.
    public func unverifiedPlan(_ snapshot: ClusterSnapshot) -> Plan {
        self.unverifiedPlan(snapshot, SolverState(snapshot))
    }

    /// The same by a caller who plans again and again.
    public func unverifiedPlan(_ snapshot: ClusterSnapshot, on compiled: inout CompiledCluster) -> Plan {
        self.unverifiedPlan(snapshot, compiled.facts(of: snapshot))
    }

    private func unverifiedPlan(_ snapshot: ClusterSnapshot, _ facts: SolverState) -> Plan {
        var cycle = PlanningCycle(snapshot, facts, self.configuration)
        let before = ClusterFigures(cycle.state)
        cycle.placeDemand()
        return cycle.makePlan(before: before)
    }
}

/// A plan that the verifier rejected, with every rule it breaks.
public struct RefusedPlan: Error {
    public let plan: Plan
    public let violations: [Violation]

    public init(plan: Plan, violations: [Violation]) {
        self.plan = plan
        self.violations = violations
    }
}
