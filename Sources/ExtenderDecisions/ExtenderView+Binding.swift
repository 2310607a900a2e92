import PlacementSolver
package import SchedulingModel

/// Whether a pod may be bound, and with which devices.
extension ExtenderView {
    package enum BindingVerdict: Hashable {
        /// With the planner's devices, where they are all its own choice; sorted by resource and index.
        case allowed([DeviceAssignment])
        case refused(String)
    }

    /// Takes a binding into account: unlike a filter call it is a decision. Who goes to another node than the planned
    /// one stands there from now on, so that the questions that come before the next plan count it.
    package mutating func bind(_ pod: Int, to name: NodeName) -> BindingVerdict {
        let state = self.state.snapshot.pods[pod]
        let isFact = self.isFactByPod[pod]
        if state.deviceRequests.isEmpty, !isFact { return .allowed([]) }
        let planned = self.plannedNode(of: pod)
        if planned == name { return .allowed(self.ownDevices(of: pod)) }
        if isFact { return .refused("bound to another node already") }
        if self.isGangMember(pod) {
            return .refused(planned == nil ? Cause.gangWaits.text : Cause.gangElsewhere.text)
        }
        return self.move(pod, state, to: name)
    }

    /// Of a pod that the snapshot does not know. It is not counted after this: the next plan will.
    package mutating func bindStranger(_ subject: Subject, to name: NodeName) -> BindingVerdict {
        switch subject {
        case .pod(let pod) where pod != Self.guest: return self.bind(pod, to: name)
        case .pod(let guest):
            let start = self.state.checkpoint
            defer { self.state.rollback(to: start) }
            guard let node = self.nodeTable.position(of: name), let candidate = self.state.fit(guest, on: node) else {
                return .refused(Self.noRoom)
            }
            self.state.assume(guest, candidate)
            return .allowed(self.ownDevices(of: guest))
        case .newGangMember: return .refused(Cause.gangWaits.text)
        case .otherUnderItsName: return .refused(Cause.nameTaken.text)
        case .unservable: return .refused(Self.noRoom)
        }
    }

    private static let noRoom = "no room beside planned pods"

    private mutating func move(_ pod: Int, _ state: PodState, to name: NodeName) -> BindingVerdict {
        // Which devices it gets is asked for a pod that has no node yet: those of one that has are assumed ones.
        var guest = state
        guest.standing = .pending
        guest.knownDevices = []
        guard self.state.seat(guest, at: Self.guest), let node = self.nodeTable.position(of: name) else {
            return .refused(Self.noRoom)
        }
        let start = self.state.checkpoint
        self.state.release(pod)
        let beside = self.state.checkpoint
        guard let candidate = self.state.fit(Self.guest, on: node) else {
            self.state.rollback(to: start)
            return .refused(Self.noRoom)
        }
        self.state.assume(Self.guest, candidate)
        let devices = self.ownDevices(of: Self.guest)
        self.state.rollback(to: beside)
        self.state.assume(pod, candidate)
        self.state.forgetHistory()
        return .allowed(devices)
    }

    /// None where a device plugin chooses any of them.
    private func ownDevices(of pod: Int) -> [DeviceAssignment] {
        let devices = self.state.devices(of: pod)
        let wanted = self.state.snapshot.pods[pod].deviceRequests.reduce(0) { $0 + $1.count }
        return devices.count != wanted || devices.contains(where: \.isAssumed) ? [] : devices
    }
}
