/// The stable name of a reason, as plans, events and metrics print it.
public enum ReasonCode: String, Hashable, Sendable, CaseIterable {
    // One pod against one node.
    case nodeUnschedulable = "NodeUnschedulable"
    case nodeNotReady = "NodeNotReady"
    case untoleratedTaint = "UntoleratedTaint"
    case nodeAffinityMismatch = "NodeAffinityMismatch"
    case hostPortConflict = "HostPortConflict"
    case insufficientGPUs = "InsufficientGPUs"
    case insufficientGPUMemory = "InsufficientGPUMemory"
    case unsuitableGPUs = "UnsuitableGPUs"
    case insufficientCPU = "InsufficientCPU"
    case insufficientMemory = "InsufficientMemory"
    case insufficientResource = "InsufficientResource"
    case tooManyPods = "TooManyPods"
    case volumeUnavailable = "VolumeUnavailable"
    case volumeNodeAffinityMismatch = "VolumeNodeAffinityMismatch"
    case topologySpreadViolated = "TopologySpreadViolated"
    case podAffinityUnsatisfied = "PodAffinityUnsatisfied"
    case podAntiAffinityViolated = "PodAntiAffinityViolated"
    // A gang as a whole.
    case topologyDomainTooSmall = "TopologyDomainTooSmall"
    case domainOccupied = "DomainOccupied"
    case tooFewMembers = "TooFewMembers"
    case groupInvalid = "GroupInvalid"
    case siblingsUnplaced = "SiblingsUnplaced"
    // The pod itself, the cluster, or the search.
    case invalidRequest = "InvalidRequest"
    case noNodes = "NoNodes"
    case searchLimitReached = "SearchLimitReached"
}

/// Why one node will not take one pod now.
public enum RejectionReason: Hashable, Sendable {
    case untoleratedTaint(Taint)
    case nodeAffinityMismatch
    case hostPortConflict(HostPort)
    /// Amounts in the resource's unit: millicores, bytes, devices.
    case insufficient(resource: ResourceName, requested: Int64, free: Int64, allocatable: Int64)
    /// The node has the resource, but no device that may serve the request: shared, sliced, or too few at once.
    case unsuitableDevices(resource: ResourceName, requested: Int, suitable: Int)
    /// Enough slots, and no device with the memory. `bestFreeMiB` is nil where the device's memory is unknown.
    case insufficientDeviceMemory(resource: ResourceName, requestedMiB: Int64, bestFreeMiB: Int64?, deviceMiB: Int64?)
    case volumeUnavailable(claim: String, why: String)
    case volumeNodeAffinityMismatch
    case topologySpreadViolated(topologyKey: String)
    case podAffinityUnsatisfied(topologyKey: String)
    /// `byExisting`: a pod that runs there keeps this one away.
    case podAntiAffinityViolated(topologyKey: String, byExisting: Bool)

    /// Devices are told from other extended resources by the last part of the name.
    public var code: ReasonCode {
        switch self {
        case .untoleratedTaint(let taint):
            switch taint.key {
            case Taint.unschedulable.key: .nodeUnschedulable
            case Taint.notReady.key, Taint.unreachableKey: .nodeNotReady
            default: .untoleratedTaint
            }
        case .nodeAffinityMismatch: .nodeAffinityMismatch
        case .hostPortConflict: .hostPortConflict
        case .insufficient(.cpu, _, _, _): .insufficientCPU
        case .insufficient(.memory, _, _, _): .insufficientMemory
        case .insufficient(.pods, _, _, _): .tooManyPods
        case .insufficient(let resource, _, _, _): resource.isAccelerator ? .insufficientGPUs : .insufficientResource
        case .unsuitableDevices: .unsuitableGPUs
        case .insufficientDeviceMemory: .insufficientGPUMemory
        case .volumeUnavailable: .volumeUnavailable
        case .volumeNodeAffinityMismatch: .volumeNodeAffinityMismatch
        case .topologySpreadViolated: .topologySpreadViolated
        case .podAffinityUnsatisfied: .podAffinityUnsatisfied
        case .podAntiAffinityViolated: .podAntiAffinityViolated
        }
    }

    /// Whether evicting other pods could make the node fit.
    public var isResolvableByPreemption: Bool {
        switch self {
        case .insufficient(_, let requested, _, let allocatable): requested <= allocatable
        case .unsuitableDevices(_, let requested, let suitable): requested <= suitable
        case .insufficientDeviceMemory(_, let requested, _, let device): device.map { requested <= $0 } ?? false
        case .hostPortConflict, .topologySpreadViolated, .podAntiAffinityViolated: true
        case .untoleratedTaint, .nodeAffinityMismatch, .volumeUnavailable, .volumeNodeAffinityMismatch,
            .podAffinityUnsatisfied:
            false
        }
    }
}

extension ResourceName {
    /// Whether units of this resource are accelerators (devices, slots or slices): by the conventions of the vendors'
    /// device plugins, and by the last part of the name for vendors nobody has heard of.
    public var isAccelerator: Bool {
        guard let slash = self.rawValue.utf8.firstIndex(of: UInt8(ascii: "/")) else { return false }
        let domain = self.rawValue[..<slash]
        let suffix = self.rawValue[self.rawValue.utf8.index(after: slash)...]
        switch domain {
        case "kubernetes.io": return false
        case "nvidia.com": return suffix == "gpu" || suffix == "gpu.shared" || suffix.hasPrefix("mig-")
        case "gpu.intel.com": return !suffix.hasSuffix("_monitoring")
        case "huawei.com": return suffix.hasPrefix("Ascend")
        case "amd.com": return suffix == "gpu" || suffix.hasPrefix("cpx_") || suffix.hasPrefix("spx_")
        default: return Self.acceleratorSuffixes.contains(String(suffix)) || suffix.hasPrefix("mlu")
        }
    }

    private static let acceleratorSuffixes: Set<String> = [
        "gpu", "tpu", "gaudi", "npu", "neuron", "neurondevice", "directx", "dcu", "gpu-mem",
    ]
}
