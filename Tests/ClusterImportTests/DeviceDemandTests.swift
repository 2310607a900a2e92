import SchedulingModel
import Testing

@testable import ClusterImport

@Suite("Device requests")
struct DeviceDemandTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var containers: [[String: Int64]] = [[:]]
        var annotations: [String: String] = [:]
        var selectsShared = false
        let expected: [DeviceRequest]

        var testDescription: String { self.name }
    }

    private static func request(
        _ kind: DeviceRequest.Kind, _ count: Int = 1, of resource: String = "nvidia.com/gpu", mib: Int64? = nil,
        thousandths: Int? = nil
    ) -> DeviceRequest {
        DeviceRequest(
            resource: ResourceName(resource), kind: kind, count: count, memoryMiBPerDevice: mib,
            thousandthsPerDevice: thousandths)
    }

    static let rows: [Row] = [
        Row(name: "no devices", containers: [["cpu": 1]], expected: []),
        Row(name: "whole", containers: [["nvidia.com/gpu": 8]], expected: [request(.whole, 8)]),
        Row(
            name: "whole over two containers", containers: [["nvidia.com/gpu": 1], ["nvidia.com/gpu": 2]],
            expected: [request(.whole, 3)]),
        Row(
            name: "the .shared name is a slot", containers: [["nvidia.com/gpu.shared": 1]],
            expected: [request(.slot, of: "nvidia.com/gpu.shared")]),
        Row(
            name: "declared memory makes it a slot", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-memory-mib": "7000"], expected: [request(.slot, mib: 7000)]),
        Row(
            name: "a declared fraction makes it a slot", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-fraction": "0.25"], expected: [request(.slot, thousandths: 250)]),
        Row(
            name: "sharing allowed makes it a slot", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-sharing": "allowed"], expected: [request(.slot)]),
        Row(
            name: "a selector on shared nodes makes it a slot", containers: [["nvidia.com/gpu": 1]],
            selectsShared: true, expected: [request(.slot)]),
        Row(
            name: "MIG", containers: [["nvidia.com/mig-1g.10gb.me": 2]],
            expected: [request(.mig(profile: "1g.10gb.me"), 2, of: "nvidia.com/mig-1g.10gb.me")]),
        Row(
            name: "MIG, shared", containers: [["nvidia.com/mig-1g.5gb.shared": 1]],
            expected: [request(.mig(profile: "1g.5gb"), of: "nvidia.com/mig-1g.5gb.shared")]),
        Row(name: "AMD", containers: [["amd.com/gpu": 4]], expected: [request(.whole, 4, of: "amd.com/gpu")]),
        Row(name: "EFA is no device", containers: [["vpc.amazonaws.com/efa": 4]], expected: []),
        Row(
            name: "HAMi memory on each of two cards",
            containers: [["nvidia.com/gpu": 2, "nvidia.com/gpumem": 3000, "nvidia.com/gpucores": 30]],
            expected: [request(.fraction, 2, mib: 3000, thousandths: 300)]),
        Row(
            name: "HAMi percentage, one card where none is named", containers: [["nvidia.com/gpumem-percentage": 50]],
            expected: [request(.fraction, thousandths: 500)]),
        Row(
            name: "HAMi compute alone takes all the memory",
            containers: [["nvidia.com/gpu": 1, "nvidia.com/gpucores": 20]],
            expected: [request(.fraction, thousandths: 1000)]),
        Row(
            name: "HAMi, two containers apart",
            containers: [
                ["nvidia.com/gpu": 1, "nvidia.com/gpumem": 10], ["nvidia.com/gpu": 1, "nvidia.com/gpumem": 20],
            ],
            expected: [request(.fraction, mib: 10), request(.fraction, mib: 20)]),
        Row(
            name: "gpushare in GiB", containers: [["aliyun.com/gpu-mem": 8]],
            expected: [request(.fraction, of: "aliyun.com/gpu-mem", mib: 8192)]),
        Row(
            name: "Volcano", containers: [["volcano.sh/vgpu-number": 1, "volcano.sh/vgpu-memory": 3000]],
            expected: [request(.fraction, of: "volcano.sh/vgpu-number", mib: 3000)]),
        Row(
            name: "KAI fraction", annotations: ["gpu-fraction": "0.5"], expected: [request(.fraction, thousandths: 500)]
        ),
        Row(
            name: "KAI memory on two devices",
            annotations: ["gpu-memory": "2000", "gpu-fraction-num-devices": "2"],
            expected: [request(.fraction, 2, mib: 2000)]),
        Row(
            name: "our memory without a resource", annotations: ["berth.dev/gpu-memory-mib": "2000"],
            expected: [request(.fraction, mib: 2000)]),
        Row(
            name: "Koordinator half a card", containers: [["koordinator.sh/gpu": 50]],
            expected: [request(.fraction, thousandths: 500)]),
        Row(
            name: "Koordinator two cards", containers: [["koordinator.sh/gpu": 200]], expected: [request(.whole, 2)]),
        Row(
            name: "Koordinator core and ratio",
            containers: [["koordinator.sh/gpu-core": 30, "koordinator.sh/gpu-memory-ratio": 60]],
            expected: [request(.fraction, thousandths: 600)]),
        Row(
            name: "Koordinator spread over two cards",
            containers: [
                [
                    "koordinator.sh/gpu.shared": 2, "koordinator.sh/gpu-core": 100,
                    "koordinator.sh/gpu-memory": 16 << 30,
                ]
            ],
            expected: [request(.fraction, 2, mib: 8192, thousandths: 500)]),
        Row(
            name: "memory beyond an exbibyte is cut", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-memory-mib": "9223372036854775807"], expected: [request(.slot, mib: 1 << 40)]),
        Row(
            name: "an absurd count is cut", containers: [["nvidia.com/gpu": .max]], expected: [request(.whole, 1 << 20)]
        ),
    ]

    @Test("requests", arguments: rows)
    func requests(row: Row) {
        let demand = Self.read(row)
        #expect(demand.requests == row.expected)
        #expect(demand.contradictions.isEmpty)
    }

    private static func read(_ row: Row) -> DeviceDemand {
        var facts = DeviceDemandFacts()
        facts.containers = row.containers.map(EffectiveRequestsTests.amounts)
        for container in facts.containers { facts.effective.add(container) }
        facts.annotations = row.annotations
        facts.selectsSharedNodes = row.selectsShared
        return DeviceDemand.read(facts)
    }

    @Test("amounts per card become amounts per pod")
    func amounts() {
        let demand = Self.read(
            Row(
                name: "", containers: [["nvidia.com/gpu": 2, "nvidia.com/gpumem": 3000, "nvidia.com/priority": 1]],
                expected: []))
        #expect(demand.amounts == EffectiveRequestsTests.amounts(["nvidia.com/gpu": 2, "nvidia.com/gpumem": 6000]))
    }

    @Test("HAMi's memory without a count asks for one card")
    func injectedCount() {
        let demand = Self.read(Row(name: "", containers: [["nvidia.com/gpumem": 3000]], expected: []))
        #expect(demand.amounts == EffectiveRequestsTests.amounts(["nvidia.com/gpu": 1, "nvidia.com/gpumem": 3000]))
    }

    static let contradictory: [Row] = [
        Row(
            name: "gpumem and gpumem-percentage",
            containers: [["nvidia.com/gpu": 1, "nvidia.com/gpumem": 1, "nvidia.com/gpumem-percentage": 1]], expected: []
        ),
        Row(
            name: "gpumem-percentage above 100",
            containers: [["nvidia.com/gpu": 1, "nvidia.com/gpumem-percentage": 101]], expected: []),
        Row(
            name: "KAI's fraction beside a whole GPU", containers: [["nvidia.com/gpu": 1]],
            annotations: ["gpu-fraction": "0.5"], expected: []),
        Row(
            name: "KAI's memory beside a whole GPU", containers: [["nvidia.com/gpu": 1]],
            annotations: ["gpu-memory": "5000"], expected: []),
        Row(
            name: "KAI's fraction and memory", annotations: ["gpu-fraction": "0.5", "gpu-memory": "5000"], expected: []),
        Row(
            name: "our memory and fraction", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-fraction": "0.5", "berth.dev/gpu-memory-mib": "1"], expected: []),
        Row(
            name: "our memory beside gpushare's", containers: [["aliyun.com/gpu-mem": 8]],
            annotations: ["berth.dev/gpu-memory-mib": "1"], expected: []),
        Row(
            name: "gpushare beside a whole GPU", containers: [["aliyun.com/gpu-mem": 8, "nvidia.com/gpu": 1]],
            expected: []),
        Row(
            name: "Koordinator beside a whole GPU", containers: [["koordinator.sh/gpu": 50, "nvidia.com/gpu": 1]],
            expected: []),
        Row(name: "Koordinator: one card and a half", containers: [["koordinator.sh/gpu": 150]], expected: []),
        Row(
            name: "memory that is no number", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-memory-mib": "NaN"], expected: []),
        Row(
            name: "negative memory", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-memory-mib": "-1"], expected: []),
        Row(name: "a fraction above 1", annotations: ["gpu-fraction": "1.5"], expected: []),
        Row(
            name: "an unknown word on sharing", containers: [["nvidia.com/gpu": 1]],
            annotations: ["berth.dev/gpu-sharing": "yes"], expected: []),
    ]

    @Test("contradictions are said once or more, and a best reading is kept", arguments: contradictory)
    func contradictions(row: Row) {
        #expect(!Self.read(row).contradictions.isEmpty)
    }

    @Test(
        "fractions are read as thousandths, rounded up",
        arguments: [
            ("0.5", 500), ("1", 1000), ("1.0", 1000), (".25", 250), ("0.0001", 1), ("0.3333", 334), ("0.9999", 1000),
            ("0", nil), ("0.000", nil), ("1.001", nil), ("", nil), (".", nil), ("-0.5", nil), ("5e-1", nil),
            ("0.5.5", nil), ("NaN", nil), ("99999999999999999999", nil),
        ] as [(String, Int?)])
    func thousandths(text: String, expected: Int?) {
        #expect(DeclaredShare.thousandths(text) == expected)
    }
}
