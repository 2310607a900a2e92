/// Plays a trace to a policy and keeps the benchmark's figures.
///
/// Pods arrive one by one, nothing that fits is refused, nothing leaves and nothing moves.
public struct Replay {
    private let trace: OpenbTrace
    private let sequence: ArrivalSequence

    public init(_ trace: OpenbTrace, _ sequence: ArrivalSequence) {
        self.trace = trace
        self.sequence = sequence
    }

    /// - Parameters:
    ///   - nanoseconds: A clock, for the time per placement.
    ///   - onPlacement: Told each arrival's number and pod, and where it went.
    /// - Throws: `ReplayFault` where the policy gives a place that does not exist or is taken.
    public func run(
        _ policy: inout some ReplayPolicy, nanoseconds: () -> Int64,
        onPlacement: (_ arrival: Int, _ pod: Int, ReplayPlacement?) -> Void = { _, _, _ in }
    ) throws(ReplayFault) -> ReplayFigures {
        var cluster = ReplayCluster(self.trace)
        var figures = ReplayFigures(clusterGPUMillis: self.trace.gpuMillisOfCluster)
        for (arrival, pod) in self.sequence.pods.enumerated() {
            let start = nanoseconds()
            policy.prepare(arrival: arrival, pod: pod)
            let prepared = nanoseconds()
            let placement = policy.place(arrival: arrival, pod: pod)
            let elapsed = nanoseconds() - prepared
            if let placement {
                guard cluster.nodes.indices.contains(placement.node),
                    cluster.fits(cluster.requests[pod], on: placement.node, gpus: placement.gpus)
                else { throw ReplayFault(arrival: arrival, pod: pod, placement: placement) }
                cluster.place(cluster.requests[pod], on: placement.node, gpus: placement.gpus)
            } else if cluster.nodes.indices.contains(where: { cluster.fits(cluster.requests[pod], on: $0) }) {
                throw ReplayFault(arrival: arrival, pod: pod, placement: nil)
            }
            figures.record(
                self.trace.pods[pod], isPlaced: placement != nil, preparation: prepared - start, placement: elapsed)
            onPlacement(arrival, pod, placement)
        }
        return figures
    }
}

/// A policy broke the rules: it over-committed a node, or refused a pod that fits. A bug of ours.
public struct ReplayFault: Error, Hashable, Sendable {
    public let arrival: Int
    public let pod: Int
    /// Nil where a pod that fits was refused.
    public let placement: ReplayPlacement?
}
