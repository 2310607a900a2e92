public import KubernetesAPI
import SchedulingModel

extension PoolSettings: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        fields.refuseFields(besides: [
            "name", "instanceTypes", "zones", "capacityTypes", "minNodes", "maxNodes", "labels", "taints",
            "allocatable", "launchShares", "prices", "machineTypes", "provider", "priority", "warmNodes", "schedules",
            "disruptionBudgets", "consolidation", "bootSeconds",
        ])
        guard let name = Self.name(fields) else { return nil }
        self.init(
            name: name, instanceTypes: Self.names("instanceTypes", fields), zones: Self.names("zones", fields))
        if fields.has("capacityTypes") { self.capacityTypes = Self.capacityTypes(fields) }
        self.minNodes = Int(clamping: fields.integer("minNodes", in: 0...1_000_000) ?? 0)
        // A limit that cannot be read is no leave to buy.
        let most = fields.integer("maxNodes", in: 0...1_000_000)
        self.maxNodes = Int(clamping: most ?? (fields.has("maxNodes") ? 0 : 1000))
        if self.minNodes > self.maxNodes { fields.report("minNodes", expected: "at most maxNodes, \(self.maxNodes)") }
        self.priority = Int(clamping: fields.integer("priority", in: -1_000_000...1_000_000) ?? 0)
        self.warmNodes = Int(clamping: fields.integer("warmNodes", in: 0...1_000_000) ?? 0)
        if self.warmNodes > self.maxNodes { fields.report("warmNodes", expected: "at most maxNodes, \(self.maxNodes)") }
        self.consolidation = fields.choice("consolidation", as: Consolidation.self) ?? .whenUnderUsed
        self.bootSeconds = fields.integer("bootSeconds", in: 0...3600) ?? self.bootSeconds
        self.readTimes(fields)
        self.labels = fields.stringMap("labels")
        self.taints = fields.objects("taints", as: Node.Taint.self).map(Taint.init)
        var problems: [Problem] = []
        self.allocatable = ResourceAmounts(offered: fields.quantities("allocatable"), problems: &problems)
        if !problems.isEmpty { fields.report("allocatable", expected: "amounts from 0") }
        self.launchShares = fields.string("launchShares")
        self.prices = fields.objects("prices", as: PriceSetting.self)
        self.machineTypes = fields.objects("machineTypes", as: MachineSetting.self)
        self.provider = fields.object("provider", as: ProviderSetting.self)
        self.checkNames(fields)
    }

    private static func capacityTypes(_ fields: ObjectReader) -> [CapacityType] {
        Self.names("capacityTypes", fields).compactMap { text in
            if let type = CapacityType(rawValue: text) { return type }
            fields.report("capacityTypes", expected: "spot, on-demand or reserved")
            return nil
        }
    }
}

extension PoolSettings.PriceSetting: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        fields.refuseFields(besides: ["instanceType", "capacityType", "zone", "usdPerHour"])
        guard let type = fields.requiredString("instanceType"),
            let capacity = fields.requiredChoice("capacityType", as: CapacityType.self)
        else { return nil }
        guard let price = fields.number("usdPerHour"), price >= 0, price < 1e6 else {
            fields.report("usdPerHour", expected: "dollars per hour, from 0")
            return nil
        }
        self.init(
            instanceType: type, capacityType: capacity, zone: fields.string("zone"),
            microUSDPerHour: Int64((price * 1e6).rounded()))
    }
}

extension PoolSettings.MachineSetting: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        fields.refuseFields(besides: [
            "name", "cpu", "memoryMiB", "deviceResource", "deviceCount", "memoryMiBPerDevice", "architecture",
            "monthlyInterruptionPercent",
        ])
        guard let name = fields.requiredString("name"), let cpus = fields.requiredInteger("cpu", in: 1...100_000),
            let memory = fields.requiredInteger("memoryMiB", in: 1...(1 << 40))
        else { return nil }
        self.init(
            name: name, cpuCount: cpus, memoryMiB: memory,
            deviceResource: ResourceName(fields.string("deviceResource") ?? "nvidia.com/gpu"),
            deviceCount: Int(clamping: fields.integer("deviceCount", in: 0...1024) ?? 0),
            memoryMiBPerDevice: fields.integer("memoryMiBPerDevice", in: 1...(1 << 30)),
            architecture: fields.string("architecture") ?? "amd64",
            monthlyInterruptionPercent: Self.percent(fields))
    }

    private static func percent(_ fields: ObjectReader) -> Double? {
        guard let percent = fields.number("monthlyInterruptionPercent") else { return nil }
        guard (0...100).contains(percent) else {
            fields.report("monthlyInterruptionPercent", expected: "a number from 0 to 100")
            return nil
        }
        return percent
    }
}

extension CapacitySettings {
    init(reading fields: ObjectReader) {
        self.init()
        fields.refuseFields(besides: [
            "lostWorkHours", "restartHours", "emptyDelaySeconds", "consolidateAfterSeconds", "hoursPerWeek",
        ])
        let (hoursOfAYear, secondsOfAMonth) = (8760, 2_592_000)
        self.lostWorkHours = fields.positiveNumber("lostWorkHours", atMost: hoursOfAYear) ?? self.lostWorkHours
        self.restartHours = fields.positiveNumber("restartHours", atMost: hoursOfAYear) ?? self.restartHours
        self.emptyDelaySeconds =
            fields.positiveNumber("emptyDelaySeconds", atMost: secondsOfAMonth) ?? self.emptyDelaySeconds
        self.consolidateAfterSeconds =
            fields.positiveNumber("consolidateAfterSeconds", atMost: secondsOfAMonth) ?? self.consolidateAfterSeconds
        if let hours = fields.positiveNumber("hoursPerWeek") {
            if hours > 168 { fields.report("hoursPerWeek", expected: "at most 168") }
            self.hoursPerWeek = min(hours, 168)
        }
    }
}
