import SchedulingModel

/// A pod's containers as far as amounts go.
struct PodDemand: Hashable, Sendable {
    var containers: [ContainerDemand] = []
    /// In the order they start, sidecars among them.
    var initContainers: [ContainerDemand] = []
    /// `spec.resources`: what is named here stands above the containers' sum, cpu, memory and hugepages only.
    var podLevelRequests = ResourceAmounts()
    var podLevelLimits = ResourceAmounts()
    var overhead = ResourceAmounts()

    /// What kube-scheduler counts for the pod: the larger of the running containers with all sidecars and of each init
    /// container with the sidecars started before it; then pod-level amounts; then the overhead.
    var effective: ResourceAmounts {
        var total = ResourceAmounts()
        for container in self.containers { total.add(container.amounts) }
        var sidecars = ResourceAmounts()
        var starting = ResourceAmounts()
        for container in self.initContainers {
            if container.isSidecar {
                sidecars.add(container.amounts)
                starting.formMaximum(sidecars)
            } else {
                var during = sidecars
                during.add(container.amounts)
                starting.formMaximum(during)
            }
        }
        total.add(sidecars)
        total.formMaximum(starting)
        self.applyPodLevel(to: &total)
        total.add(self.overhead)
        return total
    }

    /// A pod-level limit without a request counts where no container asks for that resource, as the API server fills in.
    private func applyPodLevel(to total: inout ResourceAmounts) {
        for entry in self.podLevelLimits.entries where Self.isPodLevel(entry.name) && total[entry.name] == 0 {
            total[entry.name] = entry.amount
        }
        for entry in self.podLevelRequests.entries where Self.isPodLevel(entry.name) {
            total[entry.name] = entry.amount
        }
    }

    private static func isPodLevel(_ name: ResourceName) -> Bool {
        name == .cpu || name == .memory || name.rawValue.hasPrefix("hugepages-")
    }

    /// The containers whose device amounts count one by one: those that run together, or the one init container that
    /// asks for devices where none of them does.
    var deviceContainers: [ResourceAmounts] {
        let running = self.containers.map(\.amounts) + self.initContainers.filter(\.isSidecar).map(\.amounts)
        if running.contains(where: \.asksForExtendedResources) { return running }
        return self.initContainers.first { $0.amounts.asksForExtendedResources }.map { [$0.amounts] } ?? []
    }
}

extension ResourceAmounts {
    fileprivate var asksForExtendedResources: Bool { self.entries.contains { $0.name.isExtended } }
}
