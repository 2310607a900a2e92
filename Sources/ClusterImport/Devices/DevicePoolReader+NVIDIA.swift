import SchedulingModel

/// How NVIDIA's or GKE's plugin hands out a node's GPUs.
struct GPUSharing: Hashable, Sendable {
    /// Nil where each device goes to one client.
    var isolation: DevicePool.Isolation?
    /// Clients per device; nil where no label says.
    var replicas: Int64?
    /// Physical cards (slices under the single MIG strategy); nil where no label says.
    var deviceCount: Int64?
}

extension DevicePoolReader {
    static let sharedSuffix = "-SHARED"
    static let migMarker = "-MIG-"

    mutating func readNVIDIA() {
        let product = self.nvidiaProduct
        // The single strategy was asked for and the cards disagree: the plugin offers none of them.
        if product?.hasSuffix("-MIG-INVALID") == true { return }
        for entry in self.facts.allocatable.entries where entry.amount > 0 {
            let name = entry.name.rawValue
            guard name.hasPrefix("nvidia.com/"), entry.name.isAccelerator else { continue }
            // An agent that hands out the same cards by memory speaks for them.
            if entry.name == .nvidiaGPU, self.devices.pools.contains(where: { !$0.resource.isNVIDIA }) { continue }
            if let profile = Self.migProfile(resource: entry.name) {
                self.addMIG(entry.name, profile: profile, amount: entry.amount)
            } else {
                self.addGPUs(entry.name, product: product, amount: entry.amount)
            }
        }
    }

    /// The profile in `nvidia.com/mig-1g.5gb` and `nvidia.com/mig-1g.5gb.shared`.
    static func migProfile(resource: ResourceName) -> String? {
        guard resource.rawValue.hasPrefix("nvidia.com/mig-") else { return nil }
        let profile = resource.rawValue.dropFirst("nvidia.com/mig-".count)
        return String(profile.hasSuffix(".shared") ? profile.dropLast(".shared".count) : profile)
    }

    /// The product label, or what GKE's or Karpenter's label or the machine type says.
    private var nvidiaProduct: String? {
        if let product = self.label("nvidia.com/gpu.product") { return product }
        if let accelerator = self.label("cloud.google.com/gke-accelerator") {
            return DeviceMemoryTable.product(gkeAccelerator: accelerator)
        }
        if self.label("karpenter.k8s.aws/instance-gpu-manufacturer") == "nvidia",
            let name = self.label("karpenter.k8s.aws/instance-gpu-name")
        {
            return name
        }
        let type =
            self.label("node.kubernetes.io/instance-type") ?? self.label("beta.kubernetes.io/instance-type")
        return type.flatMap(DeviceMemoryTable.product(instanceType:))
    }

    /// `nvidia.com/gpu` and `nvidia.com/gpu.shared`: cards, or slices under the single MIG strategy.
    private mutating func addGPUs(_ resource: ResourceName, product: String?, amount: Int64) {
        let isRenamed = resource.rawValue.hasSuffix(".shared")
        let sharing = self.sharing(product: product, isRenamed: isRenamed)
        var bareProduct = product
        if let product, product.hasSuffix(Self.sharedSuffix) {
            bareProduct = String(product.dropLast(Self.sharedSuffix.count))
        }
        let profile =
            bareProduct.flatMap(Self.migProfile(product:)) ?? self.label("cloud.google.com/gke-gpu-partition-size")
        let hasKarpenterMemory = self.label("nvidia.com/gpu.memory") == nil && profile == nil
        let memoryLabel =
            hasKarpenterMemory ? "karpenter.k8s.aws/instance-gpu-memory" : "nvidia.com/gpu.memory"
        let pool = DevicePool(
            resource: resource, kind: .exclusive, migProfile: profile, product: bareProduct, deviceCount: 0,
            memoryMiBPerDevice: self.memoryMiB(product: bareProduct, label: memoryLabel, migProfile: profile),
            chooser: .pluginDistributed)
        self.add(pool, sharing: sharing, amount: amount)
    }

    /// The profile behind `-MIG-` in a product label.
    private static func migProfile(product: String) -> String? {
        product.firstRange(of: Self.migMarker).map { String(product[$0.upperBound...]) }
    }

    private mutating func sharing(product: String?, isRenamed: Bool) -> GPUSharing {
        if let strategy = self.label("cloud.google.com/gke-gpu-sharing-strategy"),
            self.label("nvidia.com/gpu.sharing-strategy") == nil
        {
            return GPUSharing(
                isolation: strategy == "mps" ? .mps : .timeSlicing,
                replicas: self.number("cloud.google.com/gke-max-shared-clients-per-gpu"),
                deviceCount: self.label("cloud.google.com/gke-gpu-partition-size") == nil
                    ? self.number("cloud.google.com/gke-accelerator-count") : nil)
        }
        let strategy = self.label("nvidia.com/gpu.sharing-strategy")
        let isShared =
            isRenamed || strategy == "mps" || strategy == "time-slicing"
            || product?.hasSuffix(Self.sharedSuffix) == true
        return GPUSharing(
            isolation: isShared ? (strategy == "mps" ? .mps : .timeSlicing) : nil,
            replicas: self.number("nvidia.com/gpu.replicas"), deviceCount: self.number("nvidia.com/gpu.count"))
    }

    private mutating func addMIG(_ resource: ResourceName, profile: String, amount: Int64) {
        let labels = "nvidia.com/mig-\(profile)"
        let strategy = self.label("\(labels).sharing-strategy")
        let replicas = self.number("\(labels).replicas")
        let isShared =
            resource.rawValue.hasSuffix(".shared") || strategy == "time-slicing" || strategy == "mps"
            || (replicas ?? 1) > 1
        let product = self.label("\(labels).product").map { product in
            product.hasSuffix(Self.sharedSuffix) ? String(product.dropLast(Self.sharedSuffix.count)) : product
        }
        let pool = DevicePool(
            resource: resource, kind: .exclusive, migProfile: profile, product: product, deviceCount: 0,
            memoryMiBPerDevice: self.memoryMiB(product: product, label: "\(labels).memory", migProfile: profile),
            chooser: .pluginDistributed)
        let sharing = GPUSharing(
            isolation: isShared ? .timeSlicing : nil, replicas: replicas, deviceCount: self.number("\(labels).count"))
        self.add(pool, sharing: sharing, amount: amount)
    }

    /// Books `amount` allocatable units as devices: one each, or `replicas` units for each healthy device.
    private mutating func add(_ pool: DevicePool, sharing: GPUSharing, amount: Int64) {
        guard let isolation = sharing.isolation else { return self.devices.add(pool, healthyDevices: amount) }
        let replicas = self.replicas(of: pool.resource, sharing: sharing, amount: amount)
        var pool = pool
        pool.kind = .shared(slotsPerDevice: NodeDevices.slots(replicas), isolation: isolation)
        pool.chooser = self.rules.sharedChooser
        var healthy = amount.dividedRoundingUp(by: replicas)
        if let count = sharing.deviceCount, count > 0 { healthy = min(healthy, count) }
        self.devices.add(pool, healthyDevices: healthy)
    }

    /// Clients per device. Without a word on it all units are taken to be of as few cards as the labels allow, which
    /// never promises memory that is not there.
    private mutating func replicas(of resource: ResourceName, sharing: GPUSharing, amount: Int64) -> Int64 {
        if let replicas = sharing.replicas, replicas > 1 { return replicas }
        let cards = max(1, sharing.deviceCount ?? 1)
        let derived = max(1, amount.dividedRoundingUp(by: cards))
        self.devices.problems.append(
            .warning(
                Problem.label("nvidia.com/gpu.replicas"),
                found: sharing.replicas.map { "\($0) on a node that shares \(resource)" } ?? "nothing",
                expected: "clients per device; \(derived) is assumed, \(amount) units on \(cards) devices"))
        return derived
    }
}

extension ResourceName {
    fileprivate var isNVIDIA: Bool { self.rawValue.hasPrefix("nvidia.com/") }
}
