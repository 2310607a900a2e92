import SchedulingModel

/// Makes device pools of a node's labels, annotations and allocatable amounts, by the conventions in use.
///
/// Agents that share devices by declared memory come first: where one runs, the plain resource name means their
/// devices. Then NVIDIA's plugin with its sharing and MIG modes, then whole devices of other vendors.
/// Each pool has a resource name of its own, and one piece of silicon is never in two pools.
struct DevicePoolReader {
    let facts: DeviceFacts
    let rules: DeviceRules
    var devices = NodeDevices()

    static func read(_ facts: DeviceFacts, rules: DeviceRules = DeviceRules()) -> NodeDevices {
        var reader = DevicePoolReader(facts: facts, rules: rules)
        reader.readHAMi()
        reader.readVolcano()
        reader.readGPUShare()
        reader.readNVIDIA()
        reader.readKoordinator()
        reader.readOtherVendors()
        reader.devices.pools.sort { $0.resource < $1.resource }
        return reader.devices
    }

    // MARK: Reading labels

    /// A label's value; an empty one says nothing.
    func label(_ key: String) -> String? { self.facts.labels[key].flatMap { $0.isEmpty ? nil : $0 } }

    /// A count or an amount in a label. Anything but a whole number from 0 is reported and not used.
    mutating func number(_ key: String) -> Int64? {
        guard let text = self.label(key) else { return nil }
        guard let number = Int64(text), number >= 0 else {
            self.devices.problems.append(
                .warning(Problem.label(key), found: "\"\(text)\"", expected: "a whole number from 0"))
            return nil
        }
        return number
    }

    /// Memory in MiB from a label; 0 says nothing.
    mutating func memoryMiB(label key: String) -> Int64? {
        self.number(key).flatMap { $0 > 0 ? min($0, NodeDevices.memoryMiBLimit) : nil }
    }

    /// Memory by the user's word, then by the label, then by what the product usually has.
    mutating func memoryMiB(product: String?, label key: String?, migProfile: String? = nil) -> Int64? {
        if let product, let override = self.rules.memoryMiBByProduct[product] { return override }
        if let memory = key.flatMap({ self.memoryMiB(label: $0) }) { return memory }
        if let migProfile { return DeviceMemoryTable.memoryMiB(migProfile: migProfile) }
        return product.flatMap(DeviceMemoryTable.memoryMiB(product:))
    }

    // MARK: Other vendors

    /// Whether devices are counted under this name: an accelerator, and no measure of a part of one.
    static func countsDevices(_ name: ResourceName) -> Bool {
        guard name.isAccelerator else { return false }
        if name.rawValue.hasPrefix("gpu.intel.com/") {
            return name.rawValue == "gpu.intel.com/i915" || name.rawValue == "gpu.intel.com/xe"
        }
        if name.rawValue.hasPrefix("koordinator.sh/") { return false }
        let parts = ["memory", "core", "cores", "vcore"]
        return !parts.contains { name.rawValue.hasSuffix("-\($0)") || name.rawValue.hasSuffix(".\($0)") }
            && !name.rawValue.hasSuffix(".vmemory")
    }

    /// Names of the same chips. Their cores (`neuroncore`) are counted as amounts only: see `HeldDevices`.
    private static let neuronNames = ["aws.amazon.com/neuron", "aws.amazon.com/neurondevice"]

    private mutating func readOtherVendors() {
        let neuron = Self.neuronNames.first { self.facts.allocatable[ResourceName($0)] > 0 }
        for entry in self.facts.allocatable.entries where Self.countsDevices(entry.name) {
            let name = entry.name.rawValue
            if name.hasPrefix("nvidia.com/") || Self.neuronNames.contains(name) && name != neuron { continue }
            let product = self.productOfOtherVendor(name)
            let pool = DevicePool(
                resource: entry.name, kind: .exclusive, product: product, deviceCount: 0,
                memoryMiBPerDevice: self.memoryOfOtherVendor(name, product: product), chooser: .pluginDistributed)
            self.devices.add(pool, healthyDevices: entry.amount)
        }
    }

    private func productOfOtherVendor(_ name: String) -> String? {
        switch name {
        case "amd.com/gpu": self.label("amd.com/gpu.product-name")
        case "google.com/tpu": self.label("cloud.google.com/gke-tpu-accelerator")
        default: nil
        }
    }

    /// AMD's labeller writes whole gibibytes as `192G`.
    private func memoryOfOtherVendor(_ name: String, product: String?) -> Int64? {
        if let product, let override = self.rules.memoryMiBByProduct[product] { return override }
        guard name == "amd.com/gpu", let text = self.label("amd.com/gpu.vram"), text.hasSuffix("G"),
            let gibibytes = Int64(text.dropLast()), gibibytes > 0
        else { return nil }
        return min(gibibytes.multipliedSaturated(by: 1024), NodeDevices.memoryMiBLimit)
    }
}

extension Int64 {
    /// The product, or the nearest representable value.
    func multipliedSaturated(by other: Int64) -> Int64 {
        let (product, overflow) = self.multipliedReportingOverflow(by: other)
        guard overflow else { return product }
        return (self < 0) == (other < 0) ? .max : .min
    }

    /// Rounded up; for amounts from 0 and divisors above it.
    func dividedRoundingUp(by divisor: Int64) -> Int64 { self / divisor + (self % divisor > 0 ? 1 : 0) }
}
