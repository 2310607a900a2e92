public import ClusterImport
import KubernetesAPI
public import SchedulingModel

/// Machines of Auto Scaling groups, also of those below EKS managed node groups: for pools whose launches need not be gangs.
///
/// A group fulfils what it can, in its own time. `grow` raises the desired capacity once, takes one look and comes back: `inProgress` while
/// machines are on their way, so the caller asks again with the same token. A launch that is not whole when an activity fails, or
/// after `growthPatienceSeconds`, is undone. A group grows by one launch at a time; until its end none
/// of the group's older machines is given back, and giving back one of its own ends it.
public struct AutoScalingProvider: NodePoolProvider {
    public static let growthPatienceSeconds: Int64 = 900
    /// The launch of machines that were there before any of ours.
    private static let noLaunch = "none"

    let calls: AutoScalingCalls
    let groups: [ResolvedGroup]
    private let now: @Sendable () -> Int64
    private let gate = SerialGate()

    /// - Parameters:
    ///   - eksCluster: Set where groups are managed node groups of that EKS cluster.
    ///   - pool: Says what groups leave out, where it has only one choice of that.
    public init(
        _ groups: [ProviderSetting.MachineGroup], eksCluster: String? = nil, pool: PoolSettings, account: AWSAccount
    ) throws(NodePoolError) {
        self.groups = try ResolvedGroup.all(groups, of: pool)
        self.now = account.environment.now
        do throws(AWSError) { self.calls = try AutoScalingCalls(account, eksCluster: eksCluster) } catch {
            throw error.poolError
        }
    }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        let group = try ResolvedGroup.giving(request, self.groups)
        return try await self.alone { () async throws(NodePoolError) in try await self.step(request, group) }
    }

    public func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError) {
        let wanted = Set(machines.map(\.rawValue))
        try await self.alone { () async throws(NodePoolError) in
            for resolved in self.groups {
                var group = try await self.calls.group(resolved.name)
                guard group.instances.contains(where: { wanted.contains($0.id) }) else { continue }
                if let launch = group.launch, !launch.isOver {
                    guard try await self.mayUndo(launch, of: group, without: wanted) else {
                        throw NodePoolError(.transient, "\(group.name): launch \(launch.token) is under way")
                    }
                    try await self.undo(launch, of: resolved)
                    group = try await self.calls.group(resolved.name)
                }
                let victims = group.instances.filter { wanted.contains($0.id) }
                for victim in victims { try await self.calls.terminate(victim.id) }
            }
        }
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        var found: [LaunchedMachine] = []
        for resolved in self.groups {
            let group = try await self.calls.group(resolved.name)
            let launches = try await self.calls.launches(of: group.instances.map(\.id))
            // What came since a launch began is taken for its own while it is under way.
            let current = group.launch.flatMap { $0.isOver ? nil : $0.token } ?? Self.noLaunch
            found += group.instances.map { instance in
                let token = launches[instance.id] ?? current
                return instance.launched(resolved, clientToken: token == Self.noLaunch ? nil : token)
            }
        }
        return found.sorted { $0.id < $1.id }
    }

    public func topologyLabels(
        of machines: [MachineID], in pool: String
    ) async throws(NodePoolError) -> [MachineID: [String: String]] {
        try await EC2Topology(client: self.calls.machines).labels(of: machines)
    }

    // MARK: Growing

    private func step(
        _ request: LaunchRequest, _ resolved: ResolvedGroup
    ) async throws(NodePoolError) -> [LaunchedMachine] {
        let group = try await self.calls.group(resolved.name)
        let launches = try await self.calls.launches(of: group.instances.map(\.id))
        let ours = group.instances.filter { launches[$0.id] == request.clientToken }
        guard let launch = group.launch, launch.token == request.clientToken else {
            if !ours.isEmpty { return ours.map { $0.launched(resolved, clientToken: request.clientToken) } }
            if let other = group.launch, !other.isOver {
                guard other.state == .undoing || self.isLate(other) else {
                    throw NodePoolError(.inProgress, "\(group.name): launch \(other.token) is under way")
                }
                try await self.undo(other, of: resolved)
                throw NodePoolError(.inProgress, "\(group.name): launch \(other.token) was undone first")
            }
            return try await self.begin(request, group, launches)
        }
        guard launch.count == request.count else {
            throw NodePoolError(.invalid, "token \(request.clientToken) stands for another launch")
        }
        switch launch.state {
        case .done: return ours.map { $0.launched(resolved, clientToken: launch.token) }
        case .refused: throw NodePoolError(.noCapacity, "\(request.offering): the launch was undone")
        case .undoing:
            try await self.undo(launch, of: resolved)
            throw NodePoolError(.noCapacity, "\(request.offering): the launch was undone")
        case .open: return try await self.goOn(launch, group, resolved, launches)
        }
    }

    private func begin(
        _ request: LaunchRequest, _ group: AutoScalingGroup, _ launches: [String: String]
    ) async throws(NodePoolError) -> [LaunchedMachine] {
        let target = group.desired + request.count
        guard target <= group.maxSize else {
            throw NodePoolError(.noCapacity, "\(group.name) has \(group.desired) of at most \(group.maxSize) machines")
        }
        guard group.instances.count >= group.desired else {
            throw NodePoolError(.inProgress, "\(group.name) is still coming to its size of \(group.desired)")
        }
        // From here on a machine without this tag is one of the launch.
        try await self.calls.tag(group.instances.map(\.id).filter { launches[$0] == nil }, launch: Self.noLaunch)
        let launch = AutoScalingLaunch(
            token: request.clientToken, count: request.count, target: target, sinceSeconds: self.now())
        try await self.calls.set(launch, on: group.name)
        try await self.calls.set(desired: target, of: group.name)
        throw NodePoolError(.inProgress, "\(group.name): \(request.count) machines are asked for")
    }

    private func goOn(
        _ launch: AutoScalingLaunch, _ group: AutoScalingGroup, _ resolved: ResolvedGroup, _ launches: [String: String]
    ) async throws(NodePoolError) -> [LaunchedMachine] {
        var launch = launch
        let new = group.instances.filter { launches[$0.id] ?? launch.token == launch.token }
        let ready = new.filter(\.isInService).prefix(launch.count)
        if ready.count == launch.count {
            try await self.calls.tag(ready.map(\.id), launch: launch.token)
            launch.state = .done
            try await self.calls.set(launch, on: group.name)
            return ready.map { $0.launched(resolved, clientToken: launch.token) }
        }
        let count = "\(ready.count) of \(launch.count) machines"
        let failure = try await self.calls.failure(of: group.name, since: launch.sinceSeconds)
        guard failure != nil || self.isLate(launch) else {
            // The tag was written and the capacity not.
            if group.desired < launch.target { try await self.calls.set(desired: launch.target, of: group.name) }
            throw NodePoolError(.inProgress, "\(group.name): \(count) are there")
        }
        try await self.undo(launch, of: resolved)
        throw NodePoolError(
            .noCapacity, "\(resolved.offering): \(count); \(failure ?? "after \(Self.growthPatienceSeconds) s")")
    }

    /// First the group stops launching, so that what is read of it holds; then it stops asking for what did not come; then what came goes
    /// by name, and the capacity with it. Without the first step a machine that comes meanwhile would make the group choose one to lose.
    private func undo(_ launch: AutoScalingLaunch, of resolved: ResolvedGroup) async throws(NodePoolError) {
        var launch = launch
        let name = try await self.calls.group(resolved.name).name
        launch.state = .undoing
        try await self.calls.set(launch, on: name)
        try await self.calls.setLaunching(false, of: name)
        let group = try await self.calls.group(resolved.name)
        let launches = try await self.calls.launches(of: group.instances.map(\.id))
        let new = group.instances.filter { launches[$0.id] ?? launch.token == launch.token }
        try await self.calls.set(desired: launch.target - launch.count + new.count, of: name)
        for instance in new { try await self.calls.terminate(instance.id) }
        try await self.calls.setLaunching(true, of: name)
        launch.state = .refused
        try await self.calls.set(launch, on: name)
    }

    /// Whether a launch under way has to end so that these machines can go: it failed, it is late, or some of them are its own, and whoever
    /// gives back a part of it does not want the rest.
    private func mayUndo(
        _ launch: AutoScalingLaunch, of group: AutoScalingGroup, without wanted: Set<String>
    ) async throws(NodePoolError) -> Bool {
        if launch.state == .undoing || self.isLate(launch) { return true }
        let launches = try await self.calls.launches(of: group.instances.map(\.id))
        return group.instances.contains {
            wanted.contains($0.id) && launches[$0.id] ?? launch.token == launch.token
        }
    }

    private func isLate(_ launch: AutoScalingLaunch) -> Bool {
        self.now() - launch.sinceSeconds > Self.growthPatienceSeconds
    }

    /// Auto Scaling has no preconditions: of this process, which is the only one that leads, one call at a time changes groups.
    private func alone<Result: Sendable>(
        _ body: @Sendable () async throws(NodePoolError) -> Result
    ) async throws(NodePoolError) -> Result {
        await self.gate.enter()
        let result: Swift.Result<Result, NodePoolError>
        do throws(NodePoolError) { result = .success(try await body()) } catch { result = .failure(error) }
        await self.gate.leave()
        return try result.get()
    }
}
