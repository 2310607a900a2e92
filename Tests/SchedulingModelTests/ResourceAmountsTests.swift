import SchedulingModel
import Testing

@Suite("Resource amounts")
struct ResourceAmountsTests {
    @Test("amounts are sorted by name, without zeros, whatever order they came in")
    func canonicalForm() {
        var amounts = ResourceAmounts([.memory: 4, .cpu: 2, .pods: 0])
        amounts[.nvidiaGPU] = 1
        amounts[.ephemeralStorage] = 7
        #expect(amounts.entries.map(\.name.rawValue) == ["cpu", "ephemeral-storage", "memory", "nvidia.com/gpu"])
        #expect(amounts == ResourceAmounts([.nvidiaGPU: 1, .ephemeralStorage: 7, .cpu: 2, .memory: 4]))
    }

    @Test("setting zero removes the entry, and what is not listed is zero")
    func zero() {
        var amounts = ResourceAmounts([.cpu: 2])
        amounts[.cpu] = 0
        #expect(amounts.isEmpty)
        #expect(amounts[.cpu] == 0)
        #expect(amounts == ResourceAmounts())
    }

    @Test("adding and subtracting the same amounts changes nothing")
    func inverse() {
        let start = ResourceAmounts([.cpu: 2000, .nvidiaGPU: 8])
        var amounts = start
        amounts.add(ResourceAmounts([.cpu: 500, .memory: 9]))
        #expect(amounts[.cpu] == 2500)
        #expect(amounts[.memory] == 9)
        amounts.subtract(ResourceAmounts([.cpu: 500, .memory: 9]))
        #expect(amounts == start)
    }

    @Test("subtracting more than there is goes below zero: an overcommitted node shows by how much")
    func negative() {
        var amounts = ResourceAmounts([.cpu: 1])
        amounts.subtract(ResourceAmounts([.cpu: 3]))
        #expect(amounts[.cpu] == -2)
    }

    @Test("the maximum is taken per resource")
    func maximum() {
        var amounts = ResourceAmounts([.cpu: 5, .memory: 1])
        amounts.formMaximum(ResourceAmounts([.cpu: 3, .memory: 2, .nvidiaGPU: 1]))
        #expect(amounts == ResourceAmounts([.cpu: 5, .memory: 2, .nvidiaGPU: 1]))
    }

    @Test("sums and differences saturate instead of trapping")
    func saturation() {
        var amounts = ResourceAmounts([.cpu: .max, .memory: .min])
        amounts.add(ResourceAmounts([.cpu: 1, .memory: -1]))
        #expect(amounts[.cpu] == .max)
        #expect(amounts[.memory] == .min)
        amounts.subtract(ResourceAmounts([.cpu: .min, .memory: .max]))
        #expect(amounts[.cpu] == .max)
        #expect(amounts[.memory] == .min)
    }

    @Test(
        "accelerators are told by the vendors' names",
        arguments: [
            ("nvidia.com/gpu", true), ("nvidia.com/gpu.shared", true), ("nvidia.com/mig-1g.5gb", true),
            ("amd.com/gpu", true), ("habana.ai/gaudi", true), ("google.com/tpu", true),
            ("aws.amazon.com/neuron", true), ("gpu.intel.com/i915", true), ("gpu.intel.com/i915_monitoring", false),
            ("huawei.com/Ascend910", true), ("example.com/gpu", true),
            ("cpu", false), ("hugepages-2Mi", false), ("rdma/ib", false), ("vpc.amazonaws.com/efa", false),
            ("nvidia.com/gpumem", false), ("amd.com/other", false),
        ])
    func accelerators(_ name: String, _ isAccelerator: Bool) {
        #expect(ResourceName(name).isAccelerator == isAccelerator)
    }

    @Test("hugepages and Kubernetes' own names are not extended resources")
    func extended() {
        #expect(ResourceName("example.com/dongle").isExtended)
        #expect(!ResourceName("hugepages-2Mi").isExtended)
        #expect(!ResourceName("kubernetes.io/batch-cpu").isExtended)
    }
}

@Suite("Rejection reasons")
struct RejectionReasonTests {
    @Test(
        "an amount that is short gives the code of its resource",
        arguments: [
            (ResourceName.cpu, ReasonCode.insufficientCPU), (.memory, .insufficientMemory), (.pods, .tooManyPods),
            (.nvidiaGPU, .insufficientGPUs), (ResourceName("rdma/ib"), .insufficientResource),
        ])
    func codes(_ resource: ResourceName, _ code: ReasonCode) {
        #expect(RejectionReason.insufficient(resource: resource, requested: 2, free: 1, allocatable: 3).code == code)
    }

    @Test(
        "eviction can help only where the empty node would do",
        arguments: [
            (RejectionReason.insufficient(resource: .cpu, requested: 3, free: 1, allocatable: 3), true),
            (.insufficient(resource: .cpu, requested: 4, free: 1, allocatable: 3), false),
            (.unsuitableDevices(resource: .nvidiaGPU, requested: 2, suitable: 2), true),
            (.unsuitableDevices(resource: .nvidiaGPU, requested: 2, suitable: 1), false),
            (
                .insufficientDeviceMemory(resource: .nvidiaGPU, requestedMiB: 8, bestFreeMiB: 2, deviceMiB: 8), true
            ),
            (
                .insufficientDeviceMemory(resource: .nvidiaGPU, requestedMiB: 9, bestFreeMiB: 2, deviceMiB: 8), false
            ),
            (
                .insufficientDeviceMemory(resource: .nvidiaGPU, requestedMiB: 9, bestFreeMiB: nil, deviceMiB: nil),
                false
            ),
            (.hostPortConflict(HostPort(port: 80)), true), (.podAffinityUnsatisfied(topologyKey: "zone"), false),
            (.podAntiAffinityViolated(topologyKey: "zone", byExisting: true), true), (.nodeAffinityMismatch, false),
        ])
    func preemption(_ reason: RejectionReason, _ helps: Bool) {
        #expect(reason.isResolvableByPreemption == helps)
    }
}
