import SchedulingModel

/// FNV-1a over everything a plan depends on: who is there, how large, wired and tainted how, asking for what under which
/// conditions, and where everything stands.
///
/// Pods are most of it. What pods of one template share is digested once for those that follow each other.
struct SnapshotDigest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325
    private var lastConstraints: (pod: PodState, digest: UInt64)?

    static func text(of snapshot: ClusterSnapshot) -> String {
        var digest = SnapshotDigest()
        for level in snapshot.topology.levels { digest.mix(level.labelKey) }
        for node in snapshot.nodes { digest.mix(node) }
        for pod in snapshot.pods { digest.mix(pod) }
        for group in snapshot.groups { digest.mix(group) }
        for budget in snapshot.budgets {
            digest.mix("\(budget.namespace)/\(budget.name) \(budget.selector.map { "\($0)" } ?? "-")")
            digest.mix(UInt64(bitPattern: Int64(budget.disruptionsAllowed)))
        }
        let hexadecimal = String(digest.state, radix: 16)
        return String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
    }

    private mutating func mix(_ node: NodeState) {
        self.mix(node.name.rawValue)
        self.mix(node.labels)
        self.mix(node.allocatable)
        for taint in node.taints { self.mix("\(taint.key)=\(taint.value):\(taint.effect.rawValue)") }
        for pool in node.devicePools {
            self.mix(pool.resource.rawValue)
            self.mix("\(pool.kind)")
            self.mix(pool.product ?? "?")
            self.mix(UInt64(bitPattern: Int64(pool.deviceCount)))
            self.mix(UInt64(bitPattern: pool.memoryMiBPerDevice ?? -1))
        }
        for value in node.topologyPath { self.mix(value ?? "?") }
        self.mix(node.nvlinkDomain ?? "?")
    }

    private mutating func mix(_ pod: PodState) {
        self.mix(pod.key.namespace)
        self.mix(pod.key.name)
        self.mix(pod.standing)
        self.mix(pod.labels)
        self.mix(UInt64(bitPattern: Int64(pod.priority)))
        self.mix(UInt64(bitPattern: pod.creationSeconds))
        self.mix(pod.requests)
        for request in pod.deviceRequests { self.mix(request) }
        for device in pod.knownDevices {
            self.mix(device.resource.rawValue)
            self.mix(UInt64(bitPattern: Int64(device.index)))
        }
        self.mix(pod.group?.namespace ?? "-")
        self.mix(pod.group?.name ?? "-")
        self.mix(UInt64(bitPattern: Int64(pod.rank ?? -1)))
        self.mix(pod.isTerminating ? pod.leavesLate ? 2 : 1 : 0)
        self.mix(pod.nominatedNode?.rawValue ?? "-")
        self.mix((pod.mayPreempt ? 1 : 0) | (pod.isProtected ? 2 : 0) | (pod.belongsToNode ? 4 : 0))
        self.mix(self.digest(ofConstraintsOf: pod))
    }

    private mutating func digest(ofConstraintsOf pod: PodState) -> UInt64 {
        if let lastConstraints, lastConstraints.pod.sharesConstraints(with: pod) { return lastConstraints.digest }
        var digest = SnapshotDigest()
        digest.mix(pod.constraints)
        self.lastConstraints = (pod, digest.state)
        return digest.state
    }

    private mutating func mix(_ standing: PodState.Standing) {
        switch standing {
        case .bound(let node): self.mix(node.rawValue)
        case .pending: self.mix("?pending")
        case .gatedElsewhere(let gate): self.mix("?gate \(gate)")
        case .foreignScheduler(let name): self.mix("?scheduler \(name)")
        case .invalid(let problem): self.mix("?invalid \(problem)")
        }
    }

    private mutating func mix(_ request: DeviceRequest) {
        self.mix(request.resource.rawValue)
        switch request.kind {
        case .whole: self.mix("whole")
        case .slot: self.mix("slot")
        case .mig(let profile): self.mix(profile)
        case .fraction: self.mix("fraction")
        }
        self.mix(UInt64(bitPattern: Int64(request.count)))
        self.mix(UInt64(bitPattern: request.memoryMiBPerDevice ?? -1))
        self.mix(UInt64(bitPattern: Int64(request.thousandthsPerDevice ?? -1)))
    }

    private mutating func mix(_ group: PodGroup) {
        self.mix(group.key.description)
        self.mix(group.parent?.description ?? "-")
        self.mix(UInt64(bitPattern: Int64(group.minMember)))
        for constraint in group.topology { self.mix("\(constraint)") }
        if let axis = group.exclusiveAxis { self.mix("\(axis)") }
        self.mix(group.problem ?? "-")
    }

    private mutating func mix(_ constraints: SchedulingConstraints) {
        // Most pods have none.
        guard constraints != SchedulingConstraints() else { return }
        self.mix(constraints.nodeSelector)
        if let affinity = constraints.requiredNodeAffinity { self.mix("\(affinity)") }
        for term in constraints.preferredNodeAffinity { self.mix("\(term)") }
        for toleration in constraints.tolerations { self.mix("\(toleration)") }
        for port in constraints.hostPorts { self.mix("\(port)") }
        for count in [
            constraints.requiredPodAffinity.count, constraints.requiredPodAntiAffinity.count,
            constraints.preferredPodAffinity.count, constraints.preferredPodAntiAffinity.count,
            constraints.topologySpread.count,
        ] {
            self.mix(UInt64(count))
        }
    }

    private mutating func mix(_ amounts: ResourceAmounts) {
        for entry in amounts.entries {
            self.mix(entry.name.rawValue)
            self.mix(UInt64(bitPattern: entry.amount))
        }
    }

    /// A sum does not ask in which order labels come.
    private mutating func mix(_ labels: [String: String]) {
        var sum = UInt64(labels.count)
        for (key, value) in labels {
            var digest = SnapshotDigest()
            digest.mix(key)
            digest.mix(value)
            sum &+= digest.state
        }
        self.mix(sum)
    }

    private mutating func mix(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            for byte in bytes { self.mix(byte: byte) }
        }
        self.mix(byte: 0xFF)
    }

    private mutating func mix(_ number: UInt64) {
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
            self.mix(byte: UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    private mutating func mix(byte: UInt8) {
        self.state = (self.state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
}
