import KubernetesAPI
import SchedulingModel

/// Fits the device requests of a pod that has a node to what the node is: what runs is a fact, however it was asked for.
struct HeldDevices {
    let node: ImportedNode
    let annotations: [String: String]

    static let gpushareIndexAnnotation = "ALIYUN_COM_GPU_MEM_IDX"
    static let koordinatorAnnotation = "scheduling.koordinator.sh/device-allocated"
    static let hamiAnnotation = "hami.io/vgpu-devices-allocated"

    // MARK: What the requests came to

    /// A count on a shared node came to slots, on a sliced one to slices, under an agent to all of a card's memory.
    /// More slots than cards are given out in rounds, so that none gets lost.
    func requests(_ asked: [DeviceRequest]) -> [DeviceRequest] {
        asked.flatMap { request -> [DeviceRequest] in
            guard let pool = self.node.pool(for: request.resource) else { return [request] }
            var request = request
            switch (request.kind, pool.kind) {
            case (.whole, .shared(_, .declared)), (.slot, .shared(_, .declared)):
                request.kind = .fraction
                if request.memoryMiBPerDevice == nil, request.thousandthsPerDevice == nil {
                    request.thousandthsPerDevice = 1000
                }
            case (.whole, .shared):
                request.kind = .slot
            case (.whole, .exclusive) where pool.migProfile != nil:
                request.kind = .slot
            case (.whole, .exclusive), (.slot, _), (.mig, _), (.fraction, _):
                break
            }
            return Self.rounds(of: request, on: pool)
        }
    }

    private static func rounds(of request: DeviceRequest, on pool: DevicePool) -> [DeviceRequest] {
        guard case .shared(let slots, _) = pool.kind, pool.deviceCount > 0, request.count > pool.deviceCount else {
            return [request]
        }
        var left = request.count
        var rounds: [DeviceRequest] = []
        while left > 0, rounds.count < min(slots, 1024) {
            var round = request
            round.count = min(left, pool.deviceCount)
            rounds.append(round)
            left -= round.count
        }
        return rounds
    }

    /// AWS's plugin offers chips and cores of the same silicon. A pod that holds one view takes from the other too.
    func amounts(_ amounts: ResourceAmounts) -> ResourceAmounts {
        let offered = self.node.state.allocatable
        let (chips, cores) = (offered[Self.neuron], offered[Self.neuronCore])
        guard chips > 0, cores >= chips else { return amounts }
        let coresPerChip = cores / chips
        var amounts = amounts
        if amounts[Self.neuron] > 0, amounts[Self.neuronCore] == 0 {
            amounts[Self.neuronCore] = amounts[Self.neuron].multipliedSaturated(by: coresPerChip)
        } else if amounts[Self.neuronCore] > 0, amounts[Self.neuron] == 0 {
            amounts[Self.neuron] = amounts[Self.neuronCore].dividedRoundingUp(by: coresPerChip)
        }
        return amounts
    }

    private static let neuron = ResourceName("aws.amazon.com/neuron")
    private static let neuronCore = ResourceName("aws.amazon.com/neuroncore")

    // MARK: Which devices they are

    /// The devices that annotations name, in the order of the requests; empty unless all of them are named and exist.
    func knownDevices(for requests: [DeviceRequest], problems: inout [Problem]) -> [DeviceAssignment] {
        guard !requests.isEmpty else { return [] }
        for (annotation, read) in self.sources {
            guard let text = self.annotations[annotation] else { continue }
            if let assignments = read(text).flatMap({ self.assignments(requests, indices: $0) }) { return assignments }
            problems.append(
                .warning(
                    Problem.annotation(annotation), found: "\"\(text.prefix(80))\"",
                    expected: "devices of \(self.node.state.name) for all that the pod requests"))
        }
        return []
    }

    private typealias Indices = [ResourceName: [Int]]

    private var sources: [(String, (String) -> Indices?)] {
        [
            (DeviceAnnotation.key, { DeviceAnnotation(parsing: $0)?.indices }),
            (Self.gpushareIndexAnnotation, { Int($0).map { [DevicePoolReader.gpushareMemory: [$0]] } }),
            (Self.koordinatorAnnotation, Self.koordinatorIndices),
            (Self.hamiAnnotation, self.hamiIndices),
        ]
    }

    /// `{"gpu":[{"minor":0,…}]}`.
    private static func koordinatorIndices(_ text: String) -> Indices? {
        let parsed = Array(text.utf8).withUnsafeBytes { try? JSONDocument(parsing: $0) }
        guard let document = parsed, let entries = document.root["gpu"] else { return nil }
        let minors = entries.elements.map { $0["minor"]?.integer.flatMap { Int(exactly: $0) } }
        guard !minors.isEmpty, !minors.contains(nil) else { return nil }
        return [.nvidiaGPU: minors.compactMap(\.self)]
    }

    /// `uuid,vendor,MiB,cores:` for each device, `;` between containers.
    private func hamiIndices(_ text: String) -> Indices? {
        let uuids = text.split { $0 == ";" || $0 == ":" }
            .compactMap { $0.split(separator: ",").first.map(String.init) }
        let known = uuids.map { self.node.deviceIndexByUUID[$0] }
        guard !known.isEmpty, !known.contains(nil) else { return nil }
        return [.nvidiaGPU: known.compactMap(\.self)]
    }

    private func assignments(_ requests: [DeviceRequest], indices: Indices) -> [DeviceAssignment]? {
        var left = indices
        var assignments: [DeviceAssignment] = []
        for request in requests {
            guard let pool = self.node.pool(for: request.resource), let open = left[request.resource],
                open.count >= request.count
            else { return nil }
            let chosen = open.prefix(request.count)
            guard chosen.allSatisfy({ (0..<pool.deviceCount).contains($0) }), Set(chosen).count == chosen.count else {
                return nil
            }
            left[request.resource] = Array(open.dropFirst(request.count))
            assignments += DeviceLedger(pool: pool).assignments(request, at: Array(chosen)).map { assignment in
                var known = assignment
                known.isAssumed = false
                return known
            }
        }
        return left.values.allSatisfy(\.isEmpty) ? assignments : nil
    }
}
