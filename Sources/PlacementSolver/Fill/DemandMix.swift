/// What kinds of pods there are, and how many of each.
///
/// As an estimate of future demand it counts what has arrived, whether or not it found a place; nothing about the future
/// goes in.
public struct DemandMix: Sendable {
    /// Pods seen, by position in `SolverState.shapes`.
    private(set) var countByShape: [Double] = []
    /// Pods seen that ask for devices.
    public private(set) var devicePodCount = 0

    /// Pods with devices that must have been seen before the mix says anything.
    public static let leastEvidence = 12

    public init() {}

    func count(ofShape shape: Int) -> Double { shape < self.countByShape.count ? self.countByShape[shape] : 0 }

    mutating func observe(shape: Int, asksForDevices: Bool, weight: Double = 1) {
        while self.countByShape.count <= shape { self.countByShape.append(0) }
        self.countByShape[shape] += weight
        if asksForDevices { self.devicePodCount += 1 }
    }
}

extension SolverState {
    /// Counts one more pod.
    ///
    /// - Parameter weight: How many such pods it stands for.
    public mutating func observe(_ pod: Int, weight: Double = 1, in mix: inout DemandMix) {
        let shape = self.shape(of: pod)
        mix.observe(
            shape: shape, asksForDevices: !self.shapes[shape].deviceRequests.isEmpty, weight: weight)
    }
}
