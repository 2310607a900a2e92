public import ClusterImport
import KubernetesAPI
public import KubernetesClient
public import SchedulingModel

/// Machines that Cluster API makes: a purchase raises the size of a MachineDeployment or MachinePool, giving back marks its Machines and
/// lowers it.
///
/// Size and client token are written in one patch that fails if anybody wrote the object meanwhile. `grow` takes one look and comes
/// back: `inProgress` while the machines are being made, so the caller asks again with the same token. A group grows by one launch
/// at a time; giving a machine of it back ends it. Where a machine is refused, or not all are there in time, the size is set back and the new machines go.
public struct ClusterAPIProvider: NodePoolProvider {
    /// How long all machines of a launch may take until it is undone.
    public static let growthPatienceSeconds: Int64 = 900
    /// Writes that meet somebody else's are tried so often in one call.
    private static let attemptLimit = 5

    let objects: ClusterAPIObjects
    let groups: [ResolvedGroup]
    private let pool: String
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - pool: Says what groups leave out, where it has only one choice of that.
    ///   - now: Seconds since 1970.
    /// - Throws: `invalid` for groups of which it is not known what they give.
    public init(
        _ setting: ProviderSetting.ClusterAPIGroups, pool: PoolSettings, client: KubernetesClient,
        now: @escaping @Sendable () -> Int64
    ) throws(NodePoolError) {
        self.objects = ClusterAPIObjects(client: client, namespace: setting.namespace, kind: setting.kind)
        self.groups = try ResolvedGroup.all(setting.groups, of: pool)
        self.pool = pool.name
        self.now = now
    }

    // MARK: NodePoolProvider

    public func grow(_ request: LaunchRequest) async throws(NodePoolError) -> [LaunchedMachine] {
        let group = try ResolvedGroup.giving(request, self.groups)
        for _ in 0..<Self.attemptLimit {
            do throws(NodePoolConflict) {
                return try await self.step(request, group)
            } catch {
                guard case .failure(let failure) = error else { continue }
                throw failure
            }
        }
        throw NodePoolError(.transient, "\(group.name) is written by others all the time")
    }

    public func delete(_ machines: [MachineID], of pool: String) async throws(NodePoolError) {
        let wanted = Set(machines.map(\.rawValue))
        for group in self.groups {
            let present = try await self.objects.machines(of: group.name)
            // One that had no infrastructure yet when it was named is known by the name of its object.
            let victims = present.filter {
                (wanted.contains($0.id.rawValue) || wanted.contains($0.name)) && !$0.isTerminating
            }
            if !victims.isEmpty { try await self.shrink(group.name, by: victims, of: present) }
        }
    }

    public func machines(of pool: String) async throws(NodePoolError) -> [LaunchedMachine] {
        var found: [LaunchedMachine] = []
        for group in self.groups {
            let record = try await self.objects.record(group.name)
            let machines = try await self.objects.machines(of: group.name)
            found += machines.filter { !$0.isTerminating && !record.removing.contains($0.name) }
                .map { group.launched($0.id.rawValue, record.token(of: $0.name), providerID: $0.providerID) }
        }
        return found.sorted { $0.id < $1.id }
    }

    // MARK: Growing

    /// Moves the launch on by at most one write of the group.
    private func step(
        _ request: LaunchRequest, _ resolved: ResolvedGroup
    ) async throws(NodePoolConflict) -> [LaunchedMachine] {
        let group = try await self.objects.group(resolved.name)
        guard var record = group.record else { throw .failure(Self.unreadable(group.name)) }
        let machines = try await self.machines(resolved.name)
        if let closed = record.closed.last(where: { $0.token == request.clientToken }) {
            return try Self.outcome(of: closed, request, resolved, machines)
        }
        guard let launch = record.launch else {
            try await self.begin(request, group, record, machines)
            throw .failure(NodePoolError(.inProgress, "\(group.name): \(request.count) machines are asked for"))
        }
        guard launch.token == request.clientToken || self.isLate(launch) else {
            throw .failure(NodePoolError(.inProgress, "\(group.name): launch \(launch.token) is under way"))
        }
        guard launch.token != request.clientToken || launch.count == request.count else {
            throw .failure(Self.mismatch(request))
        }
        let new = machines.filter { !launch.before.contains($0.name) && !record.removing.contains($0.name) }
        if let refusal = self.refusal(of: launch, new) {
            try await self.undo(launch, group, record, new, refusal)
            guard launch.token == request.clientToken else { throw .written }
            throw .failure(NodePoolError(.noCapacity, "\(request.offering): \(refusal)"))
        }
        let ready = new.filter { $0.providerID != nil }.prefix(launch.count)
        guard ready.count == launch.count, launch.token == request.clientToken else {
            throw .failure(
                NodePoolError(.inProgress, "\(group.name): \(ready.count) of \(launch.count) machines are there"))
        }
        record.close(launch, machines: ready.map(\.name))
        try await self.objects.write(group.patch(replicas: group.replicas, record), to: group.name)
        return ready.map { resolved.launched($0.id.rawValue, launch.token, providerID: $0.providerID) }
    }

    private func begin(
        _ request: LaunchRequest, _ group: ScalableGroup, _ record: ScalingRecord, _ machines: [ClusterMachine]
    ) async throws(NodePoolConflict) {
        // A size that rises before they go would keep them, although they are marked.
        let going = machines.filter { record.removing.contains($0.name) && !$0.isTerminating }
        guard going.isEmpty else {
            throw .failure(NodePoolError(.inProgress, "\(group.name): \(going.count) machines are still to go"))
        }
        let size = group.replicas + request.count
        if let most = group.maxSize, size > most {
            throw .failure(
                NodePoolError(.noCapacity, "\(group.name) has \(group.replicas) of at most \(most) machines"))
        }
        var record = record
        record.removing.formIntersection(machines.map(\.name))
        record.launch = ScalingRecord.Launch(
            token: request.clientToken, count: request.count, sinceSeconds: self.now(),
            before: Set(machines.map(\.name)))
        try await self.objects.write(group.patch(replicas: size, record), to: group.name)
    }

    private static func outcome(
        of closed: ScalingRecord.ClosedLaunch, _ request: LaunchRequest, _ group: ResolvedGroup,
        _ machines: [ClusterMachine]
    ) throws(NodePoolConflict) -> [LaunchedMachine] {
        guard closed.count == request.count else { throw .failure(self.mismatch(request)) }
        if let refusal = closed.refusal {
            throw .failure(NodePoolError(.noCapacity, "\(request.offering): \(refusal)"))
        }
        let present = Dictionary(machines.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        return closed.machines.map { name in
            group.launched(present[name]?.id.rawValue ?? name, closed.token, providerID: present[name]?.providerID)
        }
    }

    private func isLate(_ launch: ScalingRecord.Launch) -> Bool {
        self.now() - launch.sinceSeconds > Self.growthPatienceSeconds
    }

    /// Why a launch has to be undone; nil where it may still become whole, or is.
    private func refusal(of launch: ScalingRecord.Launch, _ new: [ClusterMachine]) -> String? {
        for machine in new {
            if machine.isMarkedForDeletion || machine.isTerminating { return "\(machine.name) goes again" }
            if let failure = machine.failure { return "\(machine.name): \(failure)" }
        }
        let ready = new.count { $0.providerID != nil }
        guard ready < launch.count, self.isLate(launch) else { return nil }
        return "\(ready) of \(launch.count) machines after \(Self.growthPatienceSeconds) s"
    }

    /// The marks come first: when the size falls, the new machines are the ones to go.
    private func undo(
        _ launch: ScalingRecord.Launch, _ group: ScalableGroup, _ record: ScalingRecord, _ new: [ClusterMachine],
        _ refusal: String
    ) async throws(NodePoolConflict) {
        try await self.mark(new)
        var record = record
        record.close(launch, refusal: refusal)
        record.removing.formUnion(new.map(\.name))
        let size = max(0, group.replicas - launch.count)
        try await self.objects.write(group.patch(replicas: size, record), to: group.name)
    }

    // MARK: Shrinking

    private func shrink(
        _ name: String, by victims: [ClusterMachine], of present: [ClusterMachine]
    ) async throws(NodePoolError) {
        for _ in 0..<Self.attemptLimit {
            do throws(NodePoolConflict) {
                return try await self.shrinkOnce(name, by: victims, of: present)
            } catch {
                guard case .failure(let failure) = error else { continue }
                throw failure
            }
        }
        throw NodePoolError(.transient, "\(name) is written by others all the time")
    }

    private func shrinkOnce(
        _ name: String, by victims: [ClusterMachine], of present: [ClusterMachine]
    ) async throws(NodePoolConflict) {
        let group = try await self.objects.group(name)
        guard var record = group.record else { throw .failure(Self.unreadable(name)) }
        // Counted already by an earlier call, whose effect is not there yet.
        let rest = victims.filter { !record.removing.contains($0.name) }
        guard !rest.isEmpty else { return }
        var (going, lost) = (rest, rest.count)
        if let launch = record.launch, rest.contains(where: { !launch.before.contains($0.name) }) {
            // Whoever gives back a part of a launch under way does not want the rest.
            let old = rest.filter { launch.before.contains($0.name) }
            let new = present.filter { !launch.before.contains($0.name) && !record.removing.contains($0.name) }
            record.close(launch, refusal: "it was given back")
            (going, lost) = (old + new, old.count + launch.count)
        }
        try await self.mark(going)
        record.removing.formIntersection(present.map(\.name))
        record.removing.formUnion(going.map(\.name))
        try await self.objects.write(group.patch(replicas: max(0, group.replicas - lost), record), to: name)
    }

    // MARK: Calls

    private func mark(_ machines: [ClusterMachine]) async throws(NodePoolConflict) {
        for machine in machines where !machine.isMarkedForDeletion {
            do throws(NodePoolError) { try await self.objects.mark(machine.name) } catch { throw .failure(error) }
        }
    }

    private func machines(_ group: String) async throws(NodePoolConflict) -> [ClusterMachine] {
        do throws(NodePoolError) {
            return try await self.objects.machines(of: group).sorted { $0.name < $1.name }
        } catch { throw .failure(error) }
    }

    private static func unreadable(_ group: String) -> NodePoolError {
        NodePoolError(.invalid, "\(group): the annotation \(ScalingRecord.annotation) is no record of Berth's")
    }

    private static func mismatch(_ request: LaunchRequest) -> NodePoolError {
        NodePoolError(.invalid, "token \(request.clientToken) stands for another launch")
    }
}

/// Why one attempt did not come to its end.
enum NodePoolConflict: Error {
    /// The object was written meanwhile: what was read is old.
    case written
    case failure(NodePoolError)
}
