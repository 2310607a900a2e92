import SchedulingModel

extension ReasonText {
    /// Why one node will not take one pod.
    func sentence(for rejection: RejectionReason) -> String {
        switch rejection {
        case .untoleratedTaint(let taint):
            switch rejection.code {
            case .nodeUnschedulable: return "the node is cordoned"
            case .nodeNotReady: return "the node is not ready (\(Self.text(of: taint)))"
            default: return "taint \(Self.text(of: taint)) is not tolerated"
            }
        case .nodeAffinityMismatch: return "the node does not match the pod's nodeSelector or node affinity"
        case .hostPortConflict(let port):
            return "host port \(port.port)/\(port.transport) is taken"
        case .insufficient(let resource, let requested, let free, let allocatable):
            return Self.insufficient(resource, requested: requested, free: free, allocatable: allocatable)
        case .unsuitableDevices(let resource, let requested, let suitable):
            return "unsuitable \(resource): requested \(requested), "
                + "\(suitable) of the node's devices may serve such a request"
        case .insufficientDeviceMemory(let resource, let requested, let bestFree, let device):
            return Self.insufficientMemory(of: resource, requested: requested, bestFree: bestFree, device: device)
        case .volumeUnavailable(let claim, let why): return "volume claim \(claim) cannot be used: \(why)"
        case .volumeNodeAffinityMismatch: return "a volume of the pod is not reachable from the node"
        case .topologySpreadViolated(let key): return "topology spread over \(key) would be exceeded"
        case .podAffinityUnsatisfied(let key): return "no pod to be near to in the node's \(key)"
        case .podAntiAffinityViolated(let key, let isByExisting):
            return isByExisting
                ? "a pod in the node's \(key) keeps this one away" : "a pod to keep away from is in the node's \(key)"
        }
    }

    private static func insufficient(
        _ resource: ResourceName, requested: Int64, free: Int64, allocatable: Int64
    ) -> String {
        if resource == .pods { return "too many pods: free \(free) of \(allocatable) pod places" }
        func text(_ amount: Int64) -> String { AmountText.amount(amount, of: resource) }
        return "insufficient \(resource): requested \(text(requested)), "
            + "free \(text(free)), allocatable \(text(allocatable))"
    }

    private static func insufficientMemory(
        of resource: ResourceName, requested: Int64, bestFree: Int64?, device: Int64?
    ) -> String {
        guard let device else {
            return "insufficient GPU memory: requested \(requested) MiB on a \(resource) whose memory nobody states"
        }
        let free = bestFree.map { "free \($0)" } ?? "free unknown"
        return "insufficient GPU memory: requested \(requested) MiB on one \(resource), \(free), each has \(device)"
    }
}
