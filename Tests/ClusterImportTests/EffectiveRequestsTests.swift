import SchedulingModel
import Testing

@testable import ClusterImport

@Suite("Effective requests")
struct EffectiveRequestsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        var containers: [[String: Int64]] = []
        /// A leading `true` marks a sidecar.
        var initContainers: [(Bool, [String: Int64])] = []
        var podLevel: [String: Int64] = [:]
        var podLevelLimits: [String: Int64] = [:]
        var overhead: [String: Int64] = [:]
        let expected: [String: Int64]

        var testDescription: String { self.name }
    }

    static let rows: [Row] = [
        Row(name: "nothing", expected: [:]),
        Row(
            name: "containers add up",
            containers: [["cpu": 100, "nvidia.com/gpu": 1], ["cpu": 50, "nvidia.com/gpu": 2]],
            expected: ["cpu": 150, "nvidia.com/gpu": 3]),
        Row(
            name: "a larger init container counts instead", containers: [["cpu": 4000]],
            initContainers: [(false, ["cpu": 16_000]), (false, ["cpu": 1000])], expected: ["cpu": 16_000]),
        Row(
            name: "a smaller init container does not count", containers: [["cpu": 4000]],
            initContainers: [(false, ["cpu": 3000])], expected: ["cpu": 4000]),
        Row(
            name: "each resource by its own largest", containers: [["cpu": 4000, "memory": 1]],
            initContainers: [(false, ["cpu": 1000, "memory": 9])], expected: ["cpu": 4000, "memory": 9]),
        Row(
            name: "sidecars run beside the containers", containers: [["cpu": 1000]],
            initContainers: [(true, ["cpu": 500]), (true, ["cpu": 250])], expected: ["cpu": 1750]),
        Row(
            name: "an init container runs beside the sidecars before it", containers: [["cpu": 1000]],
            initContainers: [(true, ["cpu": 500]), (false, ["cpu": 2000]), (true, ["cpu": 100])],
            expected: ["cpu": 2500]),
        Row(
            name: "sidecars after it do not count with it", containers: [["cpu": 100]],
            initContainers: [(false, ["cpu": 2000]), (true, ["cpu": 500])], expected: ["cpu": 2000]),
        Row(
            name: "overhead comes on top", containers: [["cpu": 1000]], initContainers: [(false, ["cpu": 1500])],
            overhead: ["cpu": 250, "memory": 64], expected: ["cpu": 1750, "memory": 64]),
        Row(
            name: "pod-level cpu, memory and hugepages stand above, devices do not",
            containers: [["cpu": 1000, "memory": 5, "nvidia.com/gpu": 1]],
            podLevel: ["cpu": 3000, "memory": 4, "hugepages-2Mi": 8, "nvidia.com/gpu": 9], overhead: ["cpu": 10],
            expected: ["cpu": 3010, "memory": 4, "hugepages-2Mi": 8, "nvidia.com/gpu": 1]),
        Row(
            name: "a pod-level limit counts where no container asks", containers: [["cpu": 1000]],
            podLevelLimits: ["cpu": 3000, "memory": 4], expected: ["cpu": 1000, "memory": 4]),
        Row(
            name: "sums stop at the largest number", containers: [["memory": .max], ["memory": 1]],
            expected: ["memory": .max]),
    ]

    @Test("requests", arguments: rows)
    func requests(row: Row) {
        var demand = PodDemand()
        demand.containers = row.containers.map { ContainerDemand(amounts: Self.amounts($0)) }
        demand.initContainers = row.initContainers.map {
            ContainerDemand(amounts: Self.amounts($0.1), isSidecar: $0.0)
        }
        demand.podLevelRequests = Self.amounts(row.podLevel)
        demand.podLevelLimits = Self.amounts(row.podLevelLimits)
        demand.overhead = Self.amounts(row.overhead)
        #expect(demand.effective == Self.amounts(row.expected))
    }

    static func amounts(_ amounts: [String: Int64]) -> ResourceAmounts {
        ResourceAmounts(Dictionary(uniqueKeysWithValues: amounts.map { (ResourceName($0.key), $0.value) }))
    }
}
