import CapacityPlanner
import SchedulingCycle
import SchedulingModel

/// Pending pods of many sizes and a market of machine types, from a seed.
enum PurchaseWorld {
    /// Single pods of 0 to 8 GPUs with CPU and memory as the openb trace has them, roughly: few sizes are common.
    static func pods(_ count: Int, seed: UInt64) -> [PodState] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { number in
            let gpus = [0, 0, 1, 1, 1, 2, 4, 8][generator.int(in: 0...7)]
            var requests = ResourceAmounts([
                .cpu: Int64([1, 2, 4, 6, 8][generator.int(in: 0...4)] * max(1, gpus) * 1000),
                .memory: Int64([4, 8, 16, 24][generator.int(in: 0...3)] * max(1, gpus)) << 30,
            ])
            if gpus > 0 { requests[.nvidiaGPU] = Int64(gpus) }
            let devices = gpus > 0 ? [DeviceRequest(resource: .nvidiaGPU, kind: .whole, count: gpus)] : []
            return PodState(
                key: PodKey(namespace: "ml", name: "p\(number)"), requests: requests, deviceRequests: devices)
        }
    }

    /// Machine types of 0 to 8 GPUs; prices grow with size, with noise, so that none is the best for everything.
    static func pool(types: Int, seed: UInt64) -> NodePool {
        var generator = SeededGenerator(seed: seed)
        let offerings = (0..<types).map { number in
            let gpus = [0, 1, 1, 2, 4, 4, 8, 8][number % 8]
            let cores = max(4, gpus * [4, 8, 12, 24][generator.int(in: 0...3)]) * [1, 2][generator.int(in: 0...1)]
            let gibibytes = cores * [2, 4, 8][generator.int(in: 0...2)]
            let dollars = 0.04 * Double(cores) + 0.004 * Double(gibibytes) + 0.9 * Double(gpus)
            let pools =
                gpus > 0 ? [DevicePool(resource: .nvidiaGPU, kind: .exclusive, deviceCount: gpus)] : []
            var allocatable = ResourceAmounts([
                .cpu: Int64(cores * 1000), .memory: Int64(gibibytes) << 30, .pods: 110,
            ])
            if gpus > 0 { allocatable[.nvidiaGPU] = Int64(gpus) }
            return NodeOffering(
                pool: "any", key: OfferingKey(instanceType: "type-\(number)", zone: "a", capacityType: .onDemand),
                pricePerHourMicroUSD: Int64(dollars * (0.8 + 0.4 * generator.unit()) * 1e6),
                template: NodeState(name: NodeName("template"), allocatable: allocatable, devicePools: pools))
        }
        return NodePool(name: "any", offerings: offerings, maxNodes: 100_000)
    }

    /// As the planner leaves them in a cluster without a node.
    static func pending(_ snapshot: ClusterSnapshot) -> Plan {
        Plan(pending: snapshot.pods.map { PendingPod(pod: $0.key, reason: .noNodes) })
    }
}
