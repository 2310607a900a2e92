public import SchedulingModel

/// The devices that one pod holds or would get.
struct HeldDevices: Sendable {
    /// The pool in the device table, for a pod with one request; -1 otherwise.
    var pool: Int32 = -1
    var devices = DeviceSet()
    /// For a pod with several requests, or whose devices the API names: in words, sorted by resource and index.
    var assignments: [DeviceAssignment] = []

    static let none = HeldDevices()

    var isEmpty: Bool { self.pool < 0 && self.assignments.isEmpty }
}

extension SolverState {
    /// The devices a pod holds or is assumed to hold, sorted by resource and index.
    public func devices(of pod: Int) -> [DeviceAssignment] { self.assignments(self.heldByPod[pod], of: pod) }

    /// The devices in words.
    func assignments(_ held: HeldDevices, of pod: Int) -> [DeviceAssignment] {
        guard held.pool >= 0, let request = self.snapshot.pods[pod].deviceRequests.first else {
            return held.assignments
        }
        let ledger = DeviceLedger(pool: self.devices.kind(of: Int(held.pool)), loads: [])
        let isFact = self.snapshot.pods[pod].node != nil
        return ledger.assignments(request, at: held.devices.indices).map { assignment in
            var known = assignment
            // Nobody has said which devices a running pod got.
            if isFact { known.isAssumed = true }
            return known
        }
    }

    /// Books what a pod holds, or gives it back with `sign` -1.
    mutating func book(_ held: HeldDevices, of pod: Int, on node: Int, sign: Int) {
        if held.pool >= 0 {
            self.devices.book(self.demandRule(of: pod), in: Int(held.pool), devices: held.devices, sign: sign)
        }
        for assignment in held.assignments { self.devices.book(assignment, on: node, sign: sign) }
    }

    /// The pod's first device request in numbers.
    @inline(__always)
    private func demandRule(of pod: Int) -> DeviceDemandRule {
        let shape = Int(self.shapeByPod[pod])
        if shape >= 0 { return self.rules[shape].device }
        if let kind = self.holdings.kind(of: pod) { return kind.device }
        return DeviceDemandRule(self.snapshot.pods[pod].deviceRequests[0])
    }
}
