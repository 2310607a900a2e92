public import KubernetesAPI
import SchedulingModel

extension BerthConfiguration {
    public static let apiVersion = "berth.dev/v1alpha1"
    public static let kind = "BerthConfiguration"

    /// Reads a configuration file, YAML or JSON.
    ///
    /// - Parameter file: The name that findings carry.
    /// - Returns: The configuration with a default for everything that is absent or could not be used, and one finding
    ///   for each field that is unknown or of the wrong type.
    public static func read(_ bytes: [UInt8], file: String) -> (configuration: Self, findings: [Finding]) {
        let contents = ManifestReader.read(bytes, file: file)
        var configuration = Self()
        // Nothing but white space and comments: all defaults, and nothing to complain about.
        if contents.objects.isEmpty, contents.findings.allSatisfy({ $0.severity == .warning }) {
            return (configuration, [])
        }
        var findings = contents.findings
        for (index, object) in contents.objects.enumerated() {
            guard object.kind == Self.kind, object.apiVersion == Self.apiVersion else {
                findings.append(
                    Finding(
                        .error, origin: object.origin, object: object.title,
                        found: "\(object.apiVersion) \(object.kind)", expected: "\(Self.apiVersion) \(Self.kind)"))
                continue
            }
            guard index == 0 else {
                findings.append(
                    Finding(
                        .error, origin: object.origin, object: object.title, found: "a second object",
                        expected: "one \(Self.kind)"))
                continue
            }
            configuration = object.read(Self.self, into: &findings) ?? configuration
        }
        return (configuration, findings)
    }

    public static func read(_ text: String, file: String) -> (configuration: Self, findings: [Finding]) {
        self.read(Array(text.utf8), file: file)
    }
}

extension BerthConfiguration: ObjectReadable {
    public init?(reading fields: ObjectReader) {
        self.init()
        fields.refuseFields(besides: [
            "apiVersion", "kind", "metadata", "schedulerNames", "placementGate", "topology", "allReduce",
            "sharedDevicesAllocationPolicy", "deviceMemoryMiB", "gpushareMemoryUnit", "limits", "pools", "capacity",
            "preemption", "aws",
        ])
        if fields.has("schedulerNames") { self.schedulerNames = fields.strings("schedulerNames") }
        if let gate = fields.field("placementGate") == nil ? nil : fields.requiredString("placementGate") {
            self.placementGate = gate
        }
        if let topology = fields.object("topology") { self.topology = TopologySettings(reading: topology) }
        if let allReduce = fields.object("allReduce") { self.allReduce = AllReduceModel(reading: allReduce) }
        self.sharedDevicesAllocationPolicy =
            fields.choice("sharedDevicesAllocationPolicy", as: SharedDevicesAllocationPolicy.self) ?? .distributed
        self.gpushareMemoryUnit = fields.choice("gpushareMemoryUnit", as: GPUShareMemoryUnit.self) ?? .gibibytes
        self.preemption = fields.choice("preemption", as: Preemption.self) ?? .enabled
        if let memory = fields.object("deviceMemoryMiB") {
            for (product, _) in memory.value.members {
                guard let amount = memory.positiveInteger(product) else { continue }
                self.deviceMemoryMiB[product] = min(amount, NodeDevices.memoryMiBLimit)
            }
        }
        self.pools = Self.pools(fields)
        self.aws = fields.object("aws", as: AWSSettings.self)
        if self.aws == nil, !fields.has("aws"), self.pools.contains(where: { $0.provider?.isAWS == true }) {
            fields.report("aws", expected: "clusterName, which pools at AWS need")
        }
        if let capacity = fields.object("capacity") { self.capacity = CapacitySettings(reading: capacity) }
        if let limits = fields.object("limits") {
            limits.refuseFields(besides: ["searchSteps"])
            self.limits.searchSteps = limits.positiveInteger("searchSteps").map { Int(clamping: $0) }
        }
    }
}

extension BerthConfiguration {
    /// Of two with one name the first counts.
    private static func pools(_ fields: ObjectReader) -> [PoolSettings] {
        var names: Set<String> = []
        let pools = fields.objects("pools", as: PoolSettings.self).filter { names.insert($0.name).inserted }
        guard let all = fields.field("pools"), all.elements.allSatisfy(\.isObject) else { return pools }
        names = []
        for pool in fields.objects("pools") {
            guard let name = pool.field("name")?.string, !names.insert(name).inserted else { continue }
            pool.report("name", expected: "a name that no other pool has")
        }
        return pools
    }
}

extension BerthConfiguration.TopologySettings {
    init(reading fields: ObjectReader) {
        self.init()
        fields.refuseFields(besides: ["preset", "levels", "nvlinkLabelKeys"])
        self.preset = fields.choice("preset", as: TopologyPreset.self) ?? .auto
        if fields.has("nvlinkLabelKeys") { self.nvlinkLabelKeys = fields.strings("nvlinkLabelKeys") }
        guard fields.has("levels") else { return }
        var levels: [TopologyLevel] = []
        for level in fields.objects("levels") {
            level.refuseFields(besides: ["name", "labelKey"])
            guard let key = level.requiredString("labelKey") else { continue }
            let name = level.string("name") ?? key
            if Self.reservedNames.contains(name) || levels.contains(where: { $0.name == name || $0.labelKey == key }) {
                level.report("name", expected: "a name and a label of its own, and not host or nvlink")
                continue
            }
            levels.append(TopologyLevel(name: name, labelKey: key))
        }
        self.levels = levels
    }

    /// Axes that every cluster has.
    private static let reservedNames = ["host", "kubernetes.io/hostname", "nvlink"]
}

extension AllReduceModel {
    /// Overrides stand before the built-in figures, so the first match is the user's.
    fileprivate init(reading fields: ObjectReader) {
        self.init()
        fields.refuseFields(besides: [
            "payloadBytes", "nvlink", "pcieBytesPerSecond", "network", "tcpBytesPerSecondPerNode",
        ])
        if let payload = fields.quantity("payloadBytes") {
            if payload.isNegative || payload.isZero {
                fields.report("payloadBytes", expected: "an amount above 0")
            } else {
                self.payloadBytes = payload.units(rounding: .up)
            }
        }
        self.nvlinkRates.insert(contentsOf: Self.rates(reading: fields.objects("nvlink"), key: "product"), at: 0)
        self.networkRates.insert(contentsOf: Self.rates(reading: fields.objects("network"), key: "resource"), at: 0)
        self.pcieBytesPerSecond = fields.positiveNumber("pcieBytesPerSecond") ?? self.pcieBytesPerSecond
        self.tcpBytesPerSecondPerNode =
            fields.positiveNumber("tcpBytesPerSecondPerNode") ?? self.tcpBytesPerSecondPerNode
    }

    private static func rates(reading entries: [ObjectReader], key: String) -> [Rate] {
        entries.compactMap { fields in
            fields.refuseFields(besides: [key, "bytesPerSecond"])
            guard let pattern = fields.requiredString(key) else { return nil }
            guard let rate = fields.positiveNumber("bytesPerSecond") else {
                if !fields.has("bytesPerSecond") { fields.report("bytesPerSecond", expected: "a number above 0") }
                return nil
            }
            return Rate(pattern, bytesPerSecond: rate)
        }
    }
}

extension ObjectReader {
    /// Reports each field that is none of `known`: a misspelt setting must not pass for its default.
    func refuseFields(besides known: Set<String>) {
        for (key, _) in self.value.members where !known.contains(key) {
            self.report(key, expected: "one of \(known.sorted().joined(separator: ", "))")
        }
    }

    fileprivate func positiveInteger(_ key: String) -> Int64? {
        guard let number = self.integer(key) else { return nil }
        guard number > 0 else {
            self.report(key, expected: "a whole number above 0")
            return nil
        }
        return number
    }

    /// - Parameter most: For what is calculated with as whole numbers later.
    func positiveNumber(_ key: String, atMost most: Int? = nil) -> Double? {
        guard let number = self.number(key) else { return nil }
        guard number > 0, number <= most.map(Double.init) ?? .greatestFiniteMagnitude else {
            self.report(key, expected: "a number above 0" + (most.map { ", at most \($0)" } ?? ""))
            return nil
        }
        return number
    }
}
