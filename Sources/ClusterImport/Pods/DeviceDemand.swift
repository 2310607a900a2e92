import SchedulingModel

/// What a pod says that bears on its devices.
struct DeviceDemandFacts {
    /// Amounts of the containers that ask for devices one by one.
    var containers: [ResourceAmounts] = []
    var effective = ResourceAmounts()
    var annotations: [String: String] = [:]
    /// Whether the pod selects nodes by a label that stands for shared or sliced devices.
    var selectsSharedNodes = false
    var gpushareUnitMiB: Int64 = 1024

    init() {}
}

/// Reads device requests by the conventions in use, and adjusts the amounts to what is counted on nodes.
///
/// Of several conventions in one pod the first of these is used: memory and percent resources of an agent,
/// annotations, plain counts. Those that exclude each other are a contradiction.
struct DeviceDemand {
    let facts: DeviceDemandFacts
    private(set) var requests: [DeviceRequest] = []
    /// The effective requests, with amounts per device turned into amounts per pod.
    private(set) var amounts: ResourceAmounts
    /// Why the pod cannot be understood; the best reading is in `requests` all the same, for pods that run already.
    private(set) var contradictions: [Problem] = []
    private var declared = DeclaredShare()

    /// Larger counts than any node or gang has are cut, so that sums stay far from overflow.
    static let countLimit: Int64 = 1 << 20

    static func read(_ facts: DeviceDemandFacts) -> DeviceDemand {
        var demand = DeviceDemand(facts: facts)
        demand.declared = demand.declaredShare()
        for container in facts.containers { demand.readAgentResources(container) }
        demand.readPlainResources()
        demand.readShareWithoutResource()
        return demand
    }

    private init(facts: DeviceDemandFacts) {
        self.facts = facts
        self.amounts = facts.effective
    }

    mutating func contradict(_ field: String, found: String, expected: String) {
        self.contradictions.append(.error(field, found: found, expected: expected))
    }

    mutating func append(_ request: DeviceRequest) { self.requests.append(request) }

    /// Replaces an amount that counts once per container by what it comes to over all devices.
    mutating func recount(_ name: ResourceName, was: Int64, is amount: Int64) {
        self.amounts[name] = max(0, self.amounts[name].addingSaturated(-was)).addingSaturated(amount)
    }

    static func count(_ amount: Int64) -> Int { Int(min(max(amount, 0), Self.countLimit)) }

    static func memoryMiB(_ amount: Int64) -> Int64 { min(amount, NodeDevices.memoryMiBLimit) }

    // MARK: Plain resources

    private mutating func readPlainResources() {
        let agentNames = Set(self.requests.map(\.resource))
        for entry in self.facts.effective.entries where entry.amount > 0 {
            guard DevicePoolReader.countsDevices(entry.name), !agentNames.contains(entry.name),
                entry.name != DevicePoolReader.gpushareMemory
            else { continue }
            if self.requests.contains(where: { $0.kind == .fraction }), entry.name == .nvidiaGPU {
                self.contradict(
                    "spec.containers", found: "\(entry.name) beside a request for a part of a GPU",
                    expected: "one or the other")
            }
            if let kai = self.declared.kaiAnnotation {
                self.contradict(
                    Problem.annotation(kai), found: "\(kai) beside \(entry.name)",
                    expected: "either the annotation or the resource")
            }
            self.append(self.plainRequest(entry.name, count: Self.count(entry.amount)))
        }
    }

    private func plainRequest(_ name: ResourceName, count: Int) -> DeviceRequest {
        var request = DeviceRequest(resource: name, kind: .whole, count: count)
        if let profile = DevicePoolReader.migProfile(resource: name) {
            request.kind = .mig(profile: profile)
        } else if name.rawValue.hasSuffix(".shared") || self.facts.selectsSharedNodes || self.declared.accepts {
            request.kind = .slot
        }
        request.memoryMiBPerDevice = self.declared.memoryMiB
        request.thousandthsPerDevice = self.declared.thousandths
        return request
    }

    /// Annotations alone, as KAI has them: a part of a card that no resource stands for.
    private mutating func readShareWithoutResource() {
        guard self.requests.isEmpty, self.declared.memoryMiB != nil || self.declared.thousandths != nil else { return }
        self.append(
            DeviceRequest(
                resource: .nvidiaGPU, kind: .fraction, count: self.declared.deviceCount,
                memoryMiBPerDevice: self.declared.memoryMiB, thousandthsPerDevice: self.declared.thousandths))
    }

    /// Whether an annotation declares a share although the agent's resources do so already.
    mutating func refuseSecondDeclaration(beside resource: ResourceName) {
        guard let annotation = self.declared.annotation else { return }
        self.contradict(
            Problem.annotation(annotation), found: "\(annotation) beside \(resource)",
            expected: "one declaration of the share")
    }
}
