import SchedulingModel

extension PlanReport {
    /// Most frequent reason first, then by code: the order in which people want to read them.
    static func inOrder(_ nodesByReason: [ReasonCode: Int]) -> [(reason: ReasonCode, nodeCount: Int)] {
        nodesByReason.map { (reason: $0.key, nodeCount: $0.value) }
            .sorted { ($1.nodeCount, $0.reason.rawValue) < ($0.nodeCount, $1.reason.rawValue) }
    }

    func value(of evidence: Evidence) -> JSONValue {
        .object([
            .init(
                "nodesByReason",
                .object(Self.inOrder(evidence.nodesByReason).map { .init($0.reason.rawValue, .integer($0.nodeCount)) })
            ),
            .init("bestNode", .optional(evidence.bestNode?.rawValue)),
            .init("bestNodeReasons", .array(evidence.bestNodeReasons.map(self.value(of:)))),
            .init("shortfalls", .array(evidence.shortfalls.map(Self.value(of:)))),
            .init("domains", .array(evidence.domains.map(self.value(of:)))),
            .init("detail", .optional(evidence.detail)),
        ])
    }

    private static func value(of shortfall: Evidence.Shortfall) -> JSONValue {
        .object([
            .init("resource", .string(shortfall.resource.rawValue)),
            .init("requested", .integer(shortfall.requested)),
            .init("bestFree", .integer(shortfall.bestFree)),
            .init("largestAllocatable", .integer(shortfall.largestAllocatable)),
        ])
    }

    private func value(of fit: Evidence.DomainFit) -> JSONValue {
        .object([
            .init("level", .string(self.reasons.levelName(of: fit.domain))),
            .init("domain", .strings(fit.domain.path)),
            .init("fittingMembers", .integer(fit.fittingMembers)),
            .init("neededMembers", .integer(fit.neededMembers)),
            .init("freeGPUs", .integer(fit.freeAccelerators)),
            .init("neededGPUs", .integer(fit.neededAccelerators)),
        ])
    }

    private func value(of rejection: RejectionReason) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("reason", .string(rejection.code.rawValue)),
            .init("message", .string(self.reasons.sentence(for: rejection))),
        ]
        members += Self.data(of: rejection)
        return .object(members)
    }

    private static func data(of rejection: RejectionReason) -> [JSONValue.Member] {
        switch rejection {
        case .untoleratedTaint(let taint): [.init("taint", Self.value(of: taint))]
        case .nodeAffinityMismatch, .volumeNodeAffinityMismatch: []
        case .hostPortConflict(let port):
            [
                .init("address", .string(port.address)), .init("port", .integer(port.port)),
                .init("protocol", .string(port.transport)),
            ]
        case .insufficient(let resource, let requested, let free, let allocatable):
            [
                .init("resource", .string(resource.rawValue)), .init("requested", .integer(requested)),
                .init("free", .integer(free)), .init("allocatable", .integer(allocatable)),
            ]
        case .unsuitableDevices(let resource, let requested, let suitable):
            [
                .init("resource", .string(resource.rawValue)), .init("requested", .integer(requested)),
                .init("suitable", .integer(suitable)),
            ]
        case .insufficientDeviceMemory(let resource, let requested, let bestFree, let device):
            [
                .init("resource", .string(resource.rawValue)), .init("requestedMiB", .integer(requested)),
                .init("bestFreeMiB", .optional(bestFree)), .init("deviceMiB", .optional(device)),
            ]
        case .volumeUnavailable(let claim, let why):
            [.init("claim", .string(claim)), .init("why", .string(why))]
        case .topologySpreadViolated(let key), .podAffinityUnsatisfied(let key):
            [.init("topologyKey", .string(key))]
        case .podAntiAffinityViolated(let key, let isByExisting):
            [.init("topologyKey", .string(key)), .init("byExisting", .bool(isByExisting))]
        }
    }

    private static func value(of taint: Taint) -> JSONValue {
        .object([
            .init("key", .string(taint.key)), .init("value", .string(taint.value)),
            .init("effect", .string(taint.effect.rawValue)),
        ])
    }

    func value(of fix: Fix, _ pending: PendingPod) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("kind", .string(fix.kindName)),
            .init("message", .string(self.reasons.fixMessage(pending) ?? "")),
        ]
        members += self.data(of: fix)
        if pending.fixTakesPlannedRoom { members.append(.init("takesPlannedRoom", .bool(true))) }
        return .object(members)
    }

    private func data(of fix: Fix) -> [JSONValue.Member] {
        switch fix {
        case .waitForTermination(let pods, let nodes), .preempt(let pods, let nodes), .freePods(let pods, let nodes):
            [
                .init("pods", .strings(pods.map(\.description))),
                .init("nodes", .strings(nodes.map(\.rawValue))),
            ]
        case .movePods(let pods, let targets):
            [
                .init("pods", .strings(pods.map(\.description))),
                .init("to", .strings(targets.map(\.rawValue))),
            ]
        case .addTolerations(let taints, let nodeCount):
            [
                .init("taint", taints.first.map(Self.value(of:)) ?? .null),
                .init("taints", .array(taints.map(Self.value(of:)))), .init("nodeCount", .integer(nodeCount)),
            ]
        case .addNodes(let count, let like):
            [.init("count", .integer(count)), .init("like", .string(like.rawValue))]
        case .widenTopology(let axis):
            [.init("level", .optional(axis.map(self.snapshot.topology.name(of:))))]
        case .lowerMinMember(let minMember): [.init("minMember", .integer(minMember))]
        case .lowerRequest(let resource, let amount):
            [.init("resource", .string(resource.rawValue)), .init("amount", .integer(amount))]
        case .lowerDeviceMemory(let resource, let amount):
            [.init("resource", .string(resource.rawValue)), .init("memoryMiB", .integer(amount))]
        case .relaxConstraint(let reason, let nodeCount):
            [.init("reason", .string(reason.rawValue)), .init("nodeCount", .integer(nodeCount))]
        case .correctObject: []
        }
    }
}

extension Fix {
    /// The stable name of the kind of change, as plans print it.
    var kindName: String {
        switch self {
        case .waitForTermination: "WaitForTermination"
        case .movePods: "MovePods"
        case .preempt: "Preempt"
        case .freePods: "FreePods"
        case .addTolerations: "AddToleration"
        case .addNodes: "AddNodes"
        case .widenTopology: "WidenTopology"
        case .lowerMinMember: "LowerMinMember"
        case .lowerRequest: "LowerRequest"
        case .lowerDeviceMemory: "LowerGPUMemory"
        case .relaxConstraint: "RelaxConstraint"
        case .correctObject: "CorrectObject"
        }
    }
}
