import KubernetesAPI
import SchedulingModel

/// A card as a node agent registers it.
struct RegisteredDevice: Hashable, Sendable {
    var uuid: String
    var clients: Int64
    var memoryMiB: Int64
    var product: String?
    var isHealthy: Bool

    /// Nil without an id, a client or memory.
    init?(uuid: String?, clients: Int64?, memoryMiB: Int64?, product: String?, isHealthy: Bool) {
        guard let uuid, let clients, clients > 0, let memoryMiB, memoryMiB > 0 else { return nil }
        self.uuid = uuid
        self.clients = clients
        self.memoryMiB = min(memoryMiB, NodeDevices.memoryMiBLimit)
        self.product = product
        self.isHealthy = isHealthy
    }
}

extension DevicePoolReader {
    // MARK: HAMi

    static let hamiRegister = "hami.io/node-nvidia-register"

    /// HAMi's agent takes the plain name and enforces memory; what it has stands in an annotation.
    mutating func readHAMi() {
        guard let text = self.facts.annotations[Self.hamiRegister] else { return }
        let registered = self.registered(text, annotation: Self.hamiRegister, healthField: 6, productField: 4)
        self.addRegistered(registered, resource: .nvidiaGPU)
        let healthy = Int64(registered.count { $0.isHealthy })
        guard healthy > 0, let pool = self.devices.pools.first(where: { $0.resource == .nvidiaGPU }) else { return }
        let total = (pool.memoryMiBPerDevice ?? 0).multipliedSaturated(by: healthy)
        let offered: [(String, Int64)] = [
            ("nvidia.com/gpumem", total), ("nvidia.com/gpumem-percentage", healthy * 100),
            ("nvidia.com/gpucores", healthy * 100),
        ]
        for (name, amount) in offered where self.facts.allocatable[ResourceName(name)] == 0 {
            self.devices.agentAllocatable[ResourceName(name)] = amount
        }
    }

    /// Entries of `uuid,clients,MiB,…,healthy`, each ended by a colon, or a JSON array of objects, as newer agents write.
    private mutating func registered(
        _ text: String, annotation: String, healthField: Int, productField: Int
    ) -> [RegisteredDevice] {
        let entries: [(text: String, device: RegisteredDevice?)] =
            text.hasPrefix("[")
            ? Self.registeredObjects(text)
            : text.split(separator: ":").map { entry in
                (String(entry), Self.registeredFields(entry, healthField: healthField, productField: productField))
            }
        for entry in entries where entry.device == nil {
            self.devices.problems.append(
                .warning(
                    Problem.annotation(annotation), found: "\"\(entry.text.prefix(80))\"",
                    expected: "an id, clients and MiB of each device"))
        }
        return entries.compactMap(\.device)
    }

    private static func registeredFields(
        _ entry: Substring, healthField: Int, productField: Int
    ) -> RegisteredDevice? {
        let fields = entry.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard fields.count >= 3 else { return nil }
        return RegisteredDevice(
            uuid: fields[0], clients: Int64(fields[1]), memoryMiB: Int64(fields[2]),
            product: fields.count > productField ? fields[productField] : nil,
            isHealthy: fields.count > healthField ? fields[healthField] != "false" : true)
    }

    private static func registeredObjects(_ text: String) -> [(text: String, device: RegisteredDevice?)] {
        let parsed = Array(text.utf8).withUnsafeBytes { try? JSONDocument(parsing: $0) }
        guard let root = parsed?.root, root.kind == .array else { return [(text, nil)] }
        return root.elements.map { entry in
            let device = RegisteredDevice(
                uuid: entry["id"]?.string, clients: entry["count"]?.integer, memoryMiB: entry["devmem"]?.integer,
                product: entry["type"]?.string, isHealthy: entry["health"]?.boolean ?? true)
            return (text, device)
        }
    }

    /// One pool of the healthy ones. A pool has one size: the smallest, so that no card is promised more than it has.
    private mutating func addRegistered(_ registered: [RegisteredDevice], resource: ResourceName) {
        let healthy = registered.filter(\.isHealthy).prefix(Int(NodeDevices.deviceCountLimit))
        guard let first = healthy.first else { return }
        for (index, device) in healthy.enumerated() { self.devices.indexByUUID[device.uuid] = index }
        let clients = healthy.map(\.clients).min() ?? 1
        let pool = DevicePool(
            resource: resource, kind: .shared(slotsPerDevice: NodeDevices.slots(clients), isolation: .declared),
            product: first.product, deviceCount: 0, memoryMiBPerDevice: healthy.map(\.memoryMiB).min(),
            chooser: .planner)
        self.devices.add(pool, healthyDevices: Int64(healthy.count))
    }

    // MARK: Volcano vGPU

    static let volcanoNumber = ResourceName("volcano.sh/vgpu-number")
    static let volcanoMemory = ResourceName("volcano.sh/vgpu-memory")
    static let volcanoCores = ResourceName("volcano.sh/vgpu-cores")
    static let volcanoRegister = "volcano.sh/node-vgpu-register"
    /// The plugin's default number of clients per card.
    private static let volcanoClients: Int64 = 10

    mutating func readVolcano() {
        let number = self.facts.allocatable[Self.volcanoNumber]
        guard number > 0 else { return }
        if let text = self.facts.annotations[Self.volcanoRegister] {
            let registered = self.registered(text, annotation: Self.volcanoRegister, healthField: 4, productField: 3)
            if registered.contains(where: \.isHealthy) {
                return self.addRegistered(registered, resource: Self.volcanoNumber)
            }
        }
        let cores = self.facts.allocatable[Self.volcanoCores]
        let count = cores >= 100 ? cores / 100 : number.dividedRoundingUp(by: Self.volcanoClients)
        let memory = self.facts.allocatable[Self.volcanoMemory]
        let pool = DevicePool(
            resource: Self.volcanoNumber,
            kind: .shared(slotsPerDevice: NodeDevices.slots(number.dividedRoundingUp(by: count)), isolation: .declared),
            product: self.label("nvidia.com/gpu.product"), deviceCount: 0,
            memoryMiBPerDevice: memory > 0 ? min(memory / count, NodeDevices.memoryMiBLimit) : nil, chooser: .planner)
        self.devices.add(pool, healthyDevices: count)
    }

    // MARK: gpushare

    static let gpushareMemory = ResourceName("aliyun.com/gpu-mem")
    static let gpushareCount = ResourceName("aliyun.com/gpu-count")

    /// Each unit of memory is a client at most, so there are as many slots on a card as units.
    mutating func readGPUShare() {
        let units = self.facts.allocatable[Self.gpushareMemory]
        guard units > 0 else { return }
        var count = self.facts.allocatable[Self.gpushareCount]
        if count <= 0 {
            self.devices.problems.append(
                .warning(
                    "status.allocatable[\(Self.gpushareCount)]", found: "nothing",
                    expected: "the number of cards; 1 is assumed"))
            count = 1
        }
        let unitsPerDevice = max(1, units / count)
        let memory = unitsPerDevice.multipliedSaturated(by: self.rules.gpushareUnitMiB)
        let pool = DevicePool(
            resource: Self.gpushareMemory,
            kind: .shared(slotsPerDevice: NodeDevices.slots(unitsPerDevice), isolation: .declared),
            product: self.label("aliyun.accelerator/nvidia_name"), deviceCount: 0,
            memoryMiBPerDevice: min(memory, NodeDevices.memoryMiBLimit), chooser: .planner)
        self.devices.add(pool, healthyDevices: count)
    }

    // MARK: Koordinator

    static let koordinatorGPU = ResourceName("koordinator.sh/gpu")
    static let koordinatorCore = ResourceName("koordinator.sh/gpu-core")
    static let koordinatorRatio = ResourceName("koordinator.sh/gpu-memory-ratio")
    static let koordinatorMemory = ResourceName("koordinator.sh/gpu-memory")

    /// Koordinator counts the same cards in hundredths. Where NVIDIA's plugin offers them too its pool stands for both;
    /// where it does not, they get one under the plain name, which Koordinator's requests are read as.
    mutating func readKoordinator() {
        let hundredths = [Self.koordinatorCore, Self.koordinatorGPU, Self.koordinatorRatio]
            .map { self.facts.allocatable[$0] }.first { $0 >= 100 }
        guard let hundredths, !self.devices.pools.contains(where: { $0.resource == .nvidiaGPU }) else { return }
        let count = hundredths / 100
        let memoryMiB = self.facts.allocatable[Self.koordinatorMemory] / count / (1 << 20)
        let pool = DevicePool(
            resource: .nvidiaGPU, kind: .exclusive,
            product: self.label("node.koordinator.sh/gpu-model") ?? self.label("nvidia.com/gpu.product"),
            deviceCount: 0, memoryMiBPerDevice: memoryMiB > 0 ? min(memoryMiB, NodeDevices.memoryMiBLimit) : nil,
            chooser: .planner)
        self.devices.add(pool, healthyDevices: count)
    }
}
