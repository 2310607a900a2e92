/// Memory of NVIDIA products in MiB, for nodes whose labels do not tell.
///
/// Typical totals as NVML reports them; drivers differ by some tens of MiB. Matched by a part of the product's name,
/// without regard to case, first match wins, so the more exact name stands first.
enum DeviceMemoryTable {
    static let products: [(part: String, memoryMiB: Int64)] = [
        ("gb300", 284_208), ("gb200", 189_471), ("b300", 275_040), ("b200", 183_359),
        ("gh200-480gb", 97_871), ("gh200", 97_871), ("h200-nvl", 143_771), ("h200", 143_771),
        ("h100-nvl", 95_830), ("h100-64gb", 65_247), ("h100-96gb", 97_871), ("h100", 81_559),
        ("h800", 81_559), ("h20-3e", 143_771), ("h20", 97_871),
        ("a100-sxm4-80gb", 81_920), ("a100-80gb", 81_920), ("a100-pcie-80gb", 81_920), ("a100-sxm-80gb", 81_920),
        ("a100-sxm-64gb", 65_536), ("a100", 40_960), ("a800-80gb", 81_920), ("a800-sxm4-80gb", 81_920),
        ("a800", 40_960), ("a30", 24_576), ("a40", 46_068), ("a16", 15_356), ("a10g", 23_028), ("a10", 23_028),
        ("a2", 15_356), ("l40s", 46_068), ("l40", 46_068), ("l20", 46_068), ("l4", 23_034), ("l2", 24_570),
        ("rtx-pro-6000", 97_887), ("rtx-6000-ada", 49_140), ("rtx-a6000", 49_140), ("rtx-a5000", 24_564),
        ("v100-sxm2-32gb", 32_768), ("v100-sxm3-32gb", 32_768), ("v100-pcie-32gb", 32_768), ("v100s", 32_768),
        ("v100", 16_384), ("p100-pcie-12gb", 12_288), ("p100", 16_384), ("p40", 23_040), ("p4", 7_680),
        ("t4g", 15_360), ("t4", 15_360), ("m60", 7_680), ("k80", 11_441),
    ]

    /// The part of a name must stand alone: `L4` is not in `L40S`, `A2` not in `A2000`.
    static func memoryMiB(product: String) -> Int64? {
        let words = product.lowercased()
        return self.products.first { Self.contains($0.part, in: words) }?.memoryMiB
    }

    private static func contains(_ part: String, in name: String) -> Bool {
        let (name, part) = (Array(name.utf8), Array(part.utf8))
        guard part.count <= name.count else { return false }
        return (0...(name.count - part.count)).contains { start in
            let end = start + part.count
            return name[start..<end].elementsEqual(part) && (start == 0 || !Self.isAlphanumeric(name[start - 1]))
                && (end == name.count || !Self.isAlphanumeric(name[end]))
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }

    /// What a MIG slice of this profile has at least: 900 MiB for each GB that its name promises.
    ///
    /// Real slices have 910 (`1g.18gb`) to 1,005 (`3g.40gb`) MiB per GB. Used only where no label tells.
    static func memoryMiB(migProfile: String) -> Int64? {
        guard let part = migProfile.split(separator: ".").first(where: { $0.hasSuffix("gb") }),
            let gigabytes = Int64(part.dropLast(2)), (1...1024).contains(gigabytes)
        else { return nil }
        return gigabytes * 900
    }

    /// The product in machines of this type, for clouds whose GPU nodes carry no product label. By prefix.
    static let instanceTypes: [(prefix: String, product: String)] = [
        ("p6-b300", "NVIDIA-B300"), ("p6-b200", "NVIDIA-B200"), ("p6e-gb200", "NVIDIA-GB200"),
        ("p5e", "NVIDIA-H200"), ("p5", "NVIDIA-H100-80GB-HBM3"), ("p4de", "NVIDIA-A100-SXM4-80GB"),
        ("p4d", "NVIDIA-A100-SXM4-40GB"), ("p3dn", "Tesla-V100-SXM2-32GB"), ("p3", "Tesla-V100-SXM2-16GB"),
        ("g4dn", "Tesla-T4"), ("g5g", "NVIDIA-T4G"), ("g5", "NVIDIA-A10G"), ("g6e", "NVIDIA-L40S"),
        ("gr6", "NVIDIA-L4"), ("g6", "NVIDIA-L4"),
        ("a4-", "NVIDIA-B200"), ("a3-ultragpu", "NVIDIA-H200"), ("a3-", "NVIDIA-H100-80GB-HBM3"),
        ("a2-ultragpu", "NVIDIA-A100-SXM4-80GB"), ("a2-", "NVIDIA-A100-SXM4-40GB"), ("g2-", "NVIDIA-L4"),
        ("Standard_ND96isr_H200", "NVIDIA-H200"), ("Standard_ND96isr_H100", "NVIDIA-H100-80GB-HBM3"),
        ("Standard_ND96amsr_A100", "NVIDIA-A100-SXM4-80GB"), ("Standard_ND96asr", "NVIDIA-A100-SXM4-40GB"),
        ("Standard_NC4as_T4", "Tesla-T4"), ("Standard_NC8as_T4", "Tesla-T4"), ("Standard_NC16as_T4", "Tesla-T4"),
        ("Standard_NC64as_T4", "Tesla-T4"), ("Standard_NC24ads_A100", "NVIDIA-A100-80GB-PCIe"),
        ("Standard_NC48ads_A100", "NVIDIA-A100-80GB-PCIe"), ("Standard_NC96ads_A100", "NVIDIA-A100-80GB-PCIe"),
    ]

    static func product(instanceType: String) -> String? {
        self.instanceTypes.first { instanceType.hasPrefix($0.prefix) }?.product
    }

    /// The product behind a value of GKE's accelerator label, spelt as GPU feature discovery would.
    static func product(gkeAccelerator: String) -> String {
        let known = [
            "nvidia-l4": "NVIDIA-L4", "nvidia-tesla-t4": "Tesla-T4", "nvidia-tesla-v100": "Tesla-V100-SXM2-16GB",
            "nvidia-tesla-p100": "Tesla-P100-PCIE-16GB", "nvidia-tesla-p4": "Tesla-P4",
            "nvidia-tesla-a100": "NVIDIA-A100-SXM4-40GB", "nvidia-a100-80gb": "NVIDIA-A100-SXM4-80GB",
            "nvidia-h100-80gb": "NVIDIA-H100-80GB-HBM3", "nvidia-h100-mega-80gb": "NVIDIA-H100-80GB-HBM3",
            "nvidia-h200-141gb": "NVIDIA-H200", "nvidia-b200": "NVIDIA-B200", "nvidia-gb200": "NVIDIA-GB200",
        ]
        return known[gkeAccelerator] ?? gkeAccelerator
    }
}
