/// Bandwidths for predicting a ring all-reduce, as data that a configuration may replace.
///
/// Orders of magnitude per GPU and direction, in bytes per second. Sources: NVIDIA's NVLink generation tables
/// (NVLink 5: 900 GB/s, 4: 450, 3: 300 per direction), 400 Gb/s NDR InfiniBand or EFA (50 GB/s), PCIe Gen 4 × 16.
public struct AllReduceModel: Hashable, Sendable {
    public var payloadBytes: Int64 = 1 << 30
    /// Per product substring, first match wins.
    public var nvlinkBytesPerSecond: [(product: String, bytesPerSecond: Double)] = [
        ("GB200", 900e9), ("GB300", 900e9), ("B200", 900e9), ("B300", 900e9),
        ("H100-PCIe", 64e9), ("H100", 450e9), ("H200", 450e9), ("GH200", 450e9), ("H800", 200e9), ("H20", 450e9),
        ("A100-PCIE", 32e9), ("A100", 300e9), ("A800", 200e9), ("V100-SXM", 150e9), ("V100", 16e9),
    ]
    /// Cards without NVLink reach their neighbours in the node over PCIe.
    public var pcieBytesPerSecond = 32e9
    /// Between nodes, per unit of an RDMA network resource that a member asks for.
    public var networkBytesPerSecond: [(resource: String, bytesPerSecond: Double)] = [
        ("vpc.amazonaws.com/efa", 12.5e9), ("rdma/", 50e9), ("nvidia.com/rdma", 50e9),
    ]
    /// Between nodes, per node, where no member asks for an RDMA resource.
    public var tcpBytesPerSecondPerNode = 12.5e9

    public init() {}

    public func nvlink(product: String?) -> Double {
        guard let product else { return self.pcieBytesPerSecond }
        return self.nvlinkBytesPerSecond.first { product.contains($0.product) }?.bytesPerSecond
            ?? self.pcieBytesPerSecond
    }

    /// Bytes per second between nodes of one member that makes these requests; nil where it asks for no RDMA network.
    public func network(requests: ResourceAmounts) -> Double? {
        var total = 0.0
        for entry in requests.entries {
            let rate = self.networkBytesPerSecond.first { entry.name.rawValue.hasPrefix($0.resource) }
            total += (rate?.bytesPerSecond ?? 0) * Double(entry.amount)
        }
        return total > 0 ? total : nil
    }

    /// Time of one ring over `gpuCount` GPUs whose slowest part moves `bytesPerSecond` for each of the ring's chunks.
    public func ringSeconds(gpuCount: Int, bytesPerSecond: Double) -> Double {
        guard gpuCount > 1, bytesPerSecond > 0 else { return 0 }
        return 2 * Double(gpuCount - 1) / Double(gpuCount) * Double(self.payloadBytes) / bytesPerSecond
    }

    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.payloadBytes == rhs.payloadBytes && lhs.pcieBytesPerSecond == rhs.pcieBytesPerSecond
            && lhs.tcpBytesPerSecondPerNode == rhs.tcpBytesPerSecondPerNode
            && lhs.nvlinkBytesPerSecond.elementsEqual(rhs.nvlinkBytesPerSecond, by: ==)
            && lhs.networkBytesPerSecond.elementsEqual(rhs.networkBytesPerSecond, by: ==)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.payloadBytes)
        hasher.combine(self.pcieBytesPerSecond)
        hasher.combine(self.tcpBytesPerSecondPerNode)
    }
}
