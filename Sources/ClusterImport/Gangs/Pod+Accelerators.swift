import KubernetesAPI

extension PodSpec {
    /// Whether any container asks for a GPU or another accelerator, by the name of the resource.
    var requestsAccelerator: Bool {
        (self.containers + self.initContainers).contains { container in
            let resources = container.resources
            return resources.limits.keys.contains(where: Self.isAccelerator)
                || resources.requests.keys.contains(where: Self.isAccelerator)
        } || !self.resourceClaims.isEmpty
    }

    /// `nvidia.com/gpu`, `nvidia.com/mig-1g.5gb`, `amd.com/gpu`, `aws.amazon.com/neuron`, `google.com/tpu`, …
    private static func isAccelerator(_ resource: String) -> Bool {
        guard let slash = resource.firstIndex(of: "/") else { return false }
        let name = resource[resource.index(after: slash)...].lowercased()
        return ["gpu", "mig-", "neuron", "tpu", "gaudi", "npu", "xpu", "i915", "ascend", "mlu", "dcu"].contains {
            name.contains($0)
        }
    }
}

extension Pod {
    /// As its spec, or by an annotation that asks for a part of a GPU.
    var requestsAccelerator: Bool {
        self.spec.requestsAccelerator || self.metadata.annotations.keys.contains { $0.hasPrefix("berth.dev/gpu-") }
    }
}
