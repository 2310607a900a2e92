/// What kinds of pods a cluster sees, and how often: the estimate of future demand.
///
/// It counts what has arrived, whether or not it found a place. Nothing about the future goes in.
public struct DemandMix: Sendable {
    /// Pods seen, by position in `SolverState.shapes`.
    private(set) var countByShape: [Double] = []
    /// Pods seen that ask for devices.
    public private(set) var devicePodCount = 0

    public init() {}

    mutating func observe(shape: Int, asksForDevices: Bool) {
        while self.countByShape.count <= shape { self.countByShape.append(0) }
        self.countByShape[shape] += 1
        if asksForDevices { self.devicePodCount += 1 }
    }
}

extension SolverState {
    /// Counts one more pod that has arrived.
    public mutating func observe(_ pod: Int, in mix: inout DemandMix) {
        let shape = self.shape(of: pod)
        mix.observe(shape: shape, asksForDevices: !self.shapes[shape].deviceRequests.isEmpty)
    }
}
