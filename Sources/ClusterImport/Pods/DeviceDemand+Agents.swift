import SchedulingModel

extension DeviceDemand {
    /// Requests of one container by the resources of agents that share cards by declared memory.
    mutating func readAgentResources(_ container: ResourceAmounts) {
        for domain in ["nvidia.com", "amd.com"] { self.readHAMi(container, domain: domain) }
        self.readVolcano(container)
        self.readGPUShare(container)
        self.readKoordinator(container)
    }

    /// HAMi: a number of cards, and memory and compute on each. Without a number one card is meant.
    private mutating func readHAMi(_ container: ResourceAmounts, domain: String) {
        let (gpu, mem) = (ResourceName("\(domain)/gpu"), ResourceName("\(domain)/gpumem"))
        let (percentage, cores) = (ResourceName("\(domain)/gpumem-percentage"), ResourceName("\(domain)/gpucores"))
        self.recount(ResourceName("\(domain)/priority"), was: self.amounts[ResourceName("\(domain)/priority")], is: 0)
        let names = [mem, percentage, cores]
        // Beside a container that declares its part, one that does not gets whole cards from the same agent.
        let isAgents = self.facts.containers.contains { other in names.contains { other[$0] > 0 } }
        guard isAgents, names.contains(where: { container[$0] > 0 }) || container[gpu] > 0 else { return }
        if container[gpu] == 0 { self.recount(gpu, was: 0, is: 1) }
        let count = max(1, container[gpu])
        for name in names {
            self.recount(name, was: container[name], is: container[name].multipliedSaturated(by: count))
        }
        if container[mem] > 0, container[percentage] > 0 {
            self.contradict("spec.containers", found: "\(mem) beside \(percentage)", expected: "one of them")
        }
        self.appendFraction(
            gpu, count: count, memoryMiB: container[mem], memoryPercent: container[percentage],
            corePercent: container[cores], percentName: container[percentage] > 100 ? percentage : cores)
    }

    private mutating func readVolcano(_ container: ResourceAmounts) {
        let number = DevicePoolReader.volcanoNumber
        let (memory, cores) = (container[DevicePoolReader.volcanoMemory], container[DevicePoolReader.volcanoCores])
        guard container[number] > 0 || memory > 0 || cores > 0 else { return }
        self.refuseWholeGPU(in: container, beside: number)
        if container[number] == 0 { self.recount(number, was: 0, is: 1) }
        let count = max(1, container[number])
        self.recount(DevicePoolReader.volcanoMemory, was: memory, is: memory.multipliedSaturated(by: count))
        self.recount(DevicePoolReader.volcanoCores, was: cores, is: cores.multipliedSaturated(by: count))
        self.appendFraction(
            number, count: count, memoryMiB: memory, memoryPercent: 0, corePercent: cores,
            percentName: DevicePoolReader.volcanoCores)
    }

    /// Memory undeclared means all of it, as the agents read it; compute and memory share one scale of thousandths.
    private mutating func appendFraction(
        _ resource: ResourceName, count: Int64, memoryMiB: Int64, memoryPercent: Int64, corePercent: Int64,
        percentName: ResourceName
    ) {
        if max(memoryPercent, corePercent) > 100 {
            self.contradict(
                "spec.containers", found: "\(percentName): \(max(memoryPercent, corePercent))",
                expected: "a percentage up to 100")
        }
        self.refuseSecondDeclaration(beside: resource)
        let percent = memoryMiB > 0 ? corePercent : (memoryPercent > 0 ? max(memoryPercent, corePercent) : 100)
        self.append(
            DeviceRequest(
                resource: resource, kind: .fraction, count: Self.count(count),
                memoryMiBPerDevice: memoryMiB > 0 ? Self.memoryMiB(memoryMiB) : nil,
                thousandthsPerDevice: percent > 0 ? Int(min(percent, 100)) * 10 : nil))
    }

    /// gpushare: units of memory, always on one card.
    private mutating func readGPUShare(_ container: ResourceAmounts) {
        let units = container[DevicePoolReader.gpushareMemory]
        guard units > 0 else { return }
        self.refuseWholeGPU(in: container, beside: DevicePoolReader.gpushareMemory)
        self.refuseSecondDeclaration(beside: DevicePoolReader.gpushareMemory)
        self.append(
            DeviceRequest(
                resource: DevicePoolReader.gpushareMemory, kind: .fraction, count: 1,
                memoryMiBPerDevice: Self.memoryMiB(units.multipliedSaturated(by: self.facts.gpushareUnitMiB))))
    }

    /// Koordinator: hundredths of cards in all, spread over `gpu.shared` cards; whole cards above 100.
    private mutating func readKoordinator(_ container: ResourceAmounts) {
        let percent = container[DevicePoolReader.koordinatorGPU]
        let ratio = max(percent, container[DevicePoolReader.koordinatorRatio])
        let core = max(percent, container[DevicePoolReader.koordinatorCore])
        let memory = container[DevicePoolReader.koordinatorMemory]
        guard ratio > 0 || core > 0 || memory > 0 else { return }
        self.refuseWholeGPU(in: container, beside: DevicePoolReader.koordinatorGPU)
        self.refuseSecondDeclaration(beside: DevicePoolReader.koordinatorGPU)
        let largest = max(ratio, core)
        let shared = container[ResourceName("koordinator.sh/gpu.shared")]
        if shared == 0, largest > 100, largest % 100 != 0 {
            self.contradict(
                "spec.containers", found: "\(largest) % of a GPU", expected: "up to 100 or a multiple of 100")
        }
        let count = max(1, shared > 0 ? shared : largest.dividedRoundingUp(by: 100))
        let share = min(100, largest.dividedRoundingUp(by: count))
        let isWhole = share == 100 && memory == 0
        let memoryMiB = memory.dividedRoundingUp(by: count).dividedRoundingUp(by: 1 << 20)
        self.append(
            DeviceRequest(
                resource: .nvidiaGPU, kind: isWhole ? .whole : .fraction, count: Self.count(count),
                memoryMiBPerDevice: memory > 0 ? Self.memoryMiB(memoryMiB) : nil,
                thousandthsPerDevice: isWhole || share == 0 ? nil : Int(share) * 10))
    }

    private mutating func refuseWholeGPU(in container: ResourceAmounts, beside name: ResourceName) {
        guard container[.nvidiaGPU] > 0 else { return }
        self.contradict(
            "spec.containers", found: "\(ResourceName.nvidiaGPU) beside \(name) in one container",
            expected: "a whole GPU or a part of one")
    }
}
