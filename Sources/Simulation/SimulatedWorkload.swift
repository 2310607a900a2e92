import ControlLoop
import SchedulingModel

/// Something that keeps a number of equal pods, always under the same names.
struct SimulatedWorkload {
    var name: String
    var podCount: Int
    var devicesPerPod: Int
    var priority: Int32
    var door: ObservedPod.Door
    /// Nil: single pods.
    var minMember: Int?
    /// Index of the level that all members must share.
    var requiredLevel: Int?
    /// Whether a kube-scheduler binds the pods where the extender lets them pass.
    var asksExtender = false
    /// Whether a kube-scheduler places the pods on its own.
    var isForeign: Bool { self.door == .scheduler && !self.asksExtender }
    /// For traces.
    var doorText: String { self.asksExtender ? "extender" : "\(self.door)" }
    /// Its pods must not be moved for money's sake.
    var refusesDisruption = false
    var isDeleted = false
    var createdSeconds: Int64 = 0

    var group: PodGroupKey? { self.minMember.map { _ in PodGroupKey(namespace: "ml", name: self.name) } }

    var podGroup: PodGroup? {
        guard let group, let minMember else { return nil }
        return PodGroup(
            key: group, minMember: minMember, desiredMembers: self.podCount,
            topology: self.requiredLevel.map { [TopologyConstraint(axis: .level($0), isRequired: true)] } ?? [])
    }

    func podKey(_ index: Int) -> PodKey { PodKey(namespace: "ml", name: "\(self.name)-\(index)") }

    func pod(_ index: Int) -> PodState {
        var requests = ResourceAmounts([.cpu: 1000])
        var devices: [DeviceRequest] = []
        if self.devicesPerPod > 0 {
            requests[.nvidiaGPU] = Int64(self.devicesPerPod)
            devices = [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: self.devicesPerPod)]
        }
        var pod = PodState(
            key: self.podKey(index),
            standing: self.isForeign ? .foreignScheduler("default-scheduler") : .pending, labels: ["app": self.name],
            creationSeconds: self.createdSeconds, priority: self.priority, requests: requests, deviceRequests: devices,
            group: self.group)
        pod.refusesDisruption = self.refusesDisruption
        return pod
    }
}

extension NodeState {
    /// A node of the simulated cluster, whose one topology level is `rack`.
    static func simulated(_ name: String, devices: Int, rack: String?) -> NodeState {
        let pool = DevicePool(resource: .nvidiaGPU, kind: .exclusive, deviceCount: devices)
        return NodeState(
            name: NodeName(name),
            labels: ["kubernetes.io/hostname": name].merging(rack.map { ["rack": $0] } ?? [:]) { $1 },
            allocatable: ResourceAmounts([.cpu: 64_000, .pods: 32, .nvidiaGPU: Int64(devices)]),
            devicePools: devices > 0 ? [pool] : [], topologyPath: [rack])
    }

    /// What is left of the node's amounts beside these pods; negative where they ask for more.
    func room(beside pods: some Sequence<PodState>) -> ResourceAmounts {
        var room = self.allocatable
        for pod in pods {
            room.subtract(pod.requests)
            room[.pods] -= 1
        }
        return room
    }

    /// A second, plain opinion on whether a kubelet or kube-scheduler would take the pod beside the others.
    func takes(_ pod: PodState, beside others: some Sequence<PodState>) -> Bool {
        let room = self.room(beside: others)
        return room[.pods] >= 1 && pod.requests.entries.allSatisfy { $0.amount <= room[$0.name] }
    }
}
