public import ClusterImport
public import ControlLoop
import KubernetesAPI
public import SchedulingModel
import Synchronization

/// Answers kube-scheduler's questions (extender protocol v1) from the newest published plan.
///
/// Filter, prioritize and preempt are functions of the plan and the request: nothing is reserved, and the same question
/// gets the same answer until a new plan is published. "No fit" is an answer, never an error.
public final class SchedulerExtender: Sendable {
    /// Why a request gets no answer of the protocol: 400 or 503.
    public enum Refusal: Error, Sendable, Equatable {
        case unreadable(String)
        /// There is no plan yet.
        case notReady
    }

    /// What is counted, for the metrics.
    public struct Counts: Sendable, Equatable {
        /// Requests that did not offer the planned node although others were offered: the scheduler looks at a sample.
        public var sampled = 0
        /// Pods that were asked for before our own watch had brought them.
        public var unseen = 0

        public init() {}
    }

    private let importer: ClusterImporter
    private let view = Mutex<ExtenderView?>(nil)
    private let counted = Mutex(Counts())

    public init(configuration: BerthConfiguration = BerthConfiguration()) {
        self.importer = ClusterImporter(configuration: configuration)
    }

    public var counts: Counts { self.counted.withLock { $0 } }

    public func publish(_ plan: PublishedPlan, uids: [PodKey: String]) {
        let view = ExtenderView(plan, uids: uids)
        self.view.withLock { $0 = view }
    }

    // MARK: Calls

    /// - Parameter body: `ExtenderArgs`.
    /// - Returns: `ExtenderFilterResult`.
    public func filter(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        guard let state = self.podState(request) else { return request.answer(passing: { _ in true }) }
        guard var subject = try self.subject(request, state) else {
            return request.answer(failing: "another pod of this name is known")
        }
        let verdicts = subject.view.verdicts(of: subject.pod, on: request.names)
        if let planned = subject.view.plannedNode(of: subject.pod), request.names.count > 1,
            !request.names.contains(planned)
        {
            self.counted.withLock { $0.sampled += 1 }
        }
        return request.answer(verdicts)
    }

    /// - Parameter body: `ExtenderArgs`.
    /// - Returns: `HostPriorityList`, one entry per node that was asked about.
    public func prioritize(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        var scores = request.names.map { _ in 0 }
        if let state = self.podState(request), var subject = try self.subject(request, state) {
            scores = subject.view.scores(of: subject.pod, on: request.names)
        }
        let entries = zip(request.names, scores).map { name, score -> JSONTree in
            ["Host": .string(name.rawValue), "Score": .integer(Int64(score))]
        }
        return JSONTree.array(entries).bytes
    }

    /// Keeps the nodes on which the victims' leaving makes room without tearing a gang.
    ///
    /// - Parameter body: `ExtenderPreemptionArgs`.
    /// - Returns: `ExtenderPreemptionResult`.
    public func preempt(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        var kept: [(String, JSONTree)] = []
        let state = self.podState(request)
        for candidate in request.victims {
            let victims: JSONTree = [
                "Pods": .array(candidate.uids.map { ["UID": .string($0)] }),
                "NumPDBViolations": .integer(candidate.budgetViolations),
            ]
            // A pod without devices is the scheduler's own business.
            guard let state else {
                kept.append((candidate.node.rawValue, victims))
                continue
            }
            guard var subject = try self.subject(request, state) else { continue }
            if subject.view.fits(subject.pod, on: candidate.node, without: candidate.uids) {
                kept.append((candidate.node.rawValue, victims))
            }
        }
        let nodes = JSONTree.object(kept.map { .init($0.0, $0.1) })
        return (["NodeNameToMetaVictims": nodes] as JSONTree).bytes
    }

    // MARK: The pod

    /// Nil for a pod that asks for no accelerator.
    private func podState(_ request: ExtenderRequest) -> PodState? {
        guard request.mayAskForDevices else { return nil }
        let object = ManifestObject(
            apiVersion: "v1", kind: "Pod", value: request.pod, origin: ManifestOrigin(file: "extender"))
        let state = self.importer.importCluster([object]).snapshot.pods.first
        return state.flatMap { $0.deviceRequests.isEmpty ? nil : $0 }
    }

    private func subject(_ request: ExtenderRequest, _ state: PodState) throws(Refusal) -> ExtenderView.Subject? {
        guard let view = self.view.withLock({ $0 }) else { throw .notReady }
        var demand = state
        demand.standing = .pending
        let subject = view.subject(uid: request.uid, demand)
        if subject != nil, !view.knows(request.uid) {
            self.counted.withLock { $0.unseen += 1 }
        }
        return subject
    }
}
