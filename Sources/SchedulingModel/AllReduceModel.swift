/// Bandwidths for predicting a ring all-reduce, as data that a configuration may replace.
///
/// Orders of magnitude per GPU and direction, in bytes per second. Sources: NVIDIA's NVLink generation tables
/// (NVLink 5: 900 GB/s, 4: 450, 3: 300 per direction), 400 Gb/s NDR InfiniBand or EFA (50 GB/s), PCIe Gen 4 × 16.
public struct AllReduceModel: Hashable, Sendable {
    /// A bandwidth for whatever a name fits.
    public struct Rate: Hashable, Sendable {
        /// A part of a GPU product's name, or the beginning of a resource name.
        public var pattern: String
        public var bytesPerSecond: Double

        public init(_ pattern: String, bytesPerSecond: Double) {
            self.pattern = pattern
            self.bytesPerSecond = bytesPerSecond
        }
    }

    public var payloadBytes: Int64 = 1 << 30
    /// Per product substring, first match wins.
    public var nvlinkRates: [Rate] = [
        Rate("B200", bytesPerSecond: 900e9), Rate("B300", bytesPerSecond: 900e9),
        Rate("H100-PCIe", bytesPerSecond: 64e9), Rate("H100", bytesPerSecond: 450e9),
        Rate("H200", bytesPerSecond: 450e9), Rate("H800", bytesPerSecond: 200e9), Rate("H20", bytesPerSecond: 450e9),
        Rate("A100-PCIE", bytesPerSecond: 32e9), Rate("A100", bytesPerSecond: 300e9),
        Rate("A800", bytesPerSecond: 200e9), Rate("V100-SXM", bytesPerSecond: 150e9),
        Rate("V100", bytesPerSecond: 16e9),
    ]
    /// Cards without NVLink reach their neighbours in the node over PCIe.
    public var pcieBytesPerSecond = 32e9
    /// Between nodes, per unit of an RDMA network resource that a member asks for.
    public var networkRates: [Rate] = [
        Rate("vpc.amazonaws.com/efa", bytesPerSecond: 12.5e9), Rate("rdma/", bytesPerSecond: 50e9),
        Rate("nvidia.com/rdma", bytesPerSecond: 50e9),
    ]
    /// Between nodes, per node, where no member asks for an RDMA resource.
    public var tcpBytesPerSecondPerNode = 12.5e9

    public init() {}

    public func nvlink(product: String?) -> Double {
        guard let product else { return self.pcieBytesPerSecond }
        return self.nvlinkRates.first { product.contains($0.pattern) }?.bytesPerSecond
            ?? self.pcieBytesPerSecond
    }

    /// Bytes per second between nodes of one member that makes these requests; nil where it asks for no RDMA network.
    public func network(requests: ResourceAmounts) -> Double? {
        var total = 0.0
        for entry in requests.entries {
            let rate = self.networkRates.first { entry.name.rawValue.hasPrefix($0.pattern) }
            total += (rate?.bytesPerSecond ?? 0) * Double(entry.amount)
        }
        return total > 0 ? total : nil
    }

    /// Time of one ring over `gpuCount` GPUs whose slowest part moves `bytesPerSecond` for each of the ring's chunks.
    public func ringSeconds(gpuCount: Int, bytesPerSecond: Double) -> Double {
        guard gpuCount > 1, bytesPerSecond > 0 else { return 0 }
        return 2 * Double(gpuCount - 1) / Double(gpuCount) * Double(self.payloadBytes) / bytesPerSecond
    }
}
