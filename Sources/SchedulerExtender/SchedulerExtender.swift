public import ClusterImport
public import ControlLoop
import ExtenderDecisions
import KubernetesAPI
public import SchedulingModel
import Synchronization

/// Answers kube-scheduler's questions (extender protocol v1) from the newest published plan.
///
/// Filter, prioritize and preempt are functions of the plan and the request: nothing is reserved, and the same question
/// gets the same answer until a new plan is published, or a pod is bound through the extender elsewhere than planned.
/// "No fit" is an answer, never an error.
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
        /// Pods that were asked about and that the plan does not know, each once per plan.
        public var strangers = 0
        /// Bindings that were not made.
        public var refusedBindings = 0

        public init() {}
    }

    private let importer: ClusterImporter
    private let view = Mutex<ExtenderView?>(nil)
    /// UIDs, of the plan that is published.
    private let strangers = Mutex<Set<String>>([])
    private let counted = Mutex(Counts())

    public init(configuration: BerthConfiguration = BerthConfiguration()) {
        self.importer = ClusterImporter(configuration: configuration)
    }

    public var counts: Counts { self.counted.withLock { $0 } }

    /// Whether there is a plan to answer from.
    public var isReady: Bool { self.view.withLock { $0 != nil } }

    /// Answers from this plan from now on. One that the verifier refused is passed over: the one before stays.
    public func publish(_ plan: PublishedPlan, uids: [PodKey: String]) {
        guard plan.isAccepted else { return }
        let view = ExtenderView(plan, uids: uids)
        self.view.withLock { $0 = view }
        self.strangers.withLock { $0 = [] }
    }

    // MARK: Calls

    /// - Parameter body: `ExtenderArgs`.
    /// - Returns: `ExtenderFilterResult`.
    public func filter(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        let answer = try self.ask(request) { view, subject -> (verdicts: [ExtenderView.Verdict], isSample: Bool)? in
            guard case .pod(let pod) = subject else { return nil }
            let nodes = request.positions(in: view)
            let isSample = view.plannedPosition(of: pod).map { nodes.count > 1 && !nodes.contains($0) } ?? false
            return (view.verdicts(of: pod, on: nodes), isSample)
        }
        switch answer {
        case .passes: return request.answer(.fits)
        case .answered(let subject, nil): return request.answer(Self.verdict(on: subject))
        case .answered(_, let answer?):
            if answer.isSample { self.counted.withLock { $0.sampled += 1 } }
            return request.answer(answer.verdicts)
        }
    }

    /// What holds of every node.
    private static func verdict(on subject: ExtenderView.Subject) -> ExtenderView.Verdict {
        switch subject {
        case .pod, .newGangMember: .busy(.gangWaits)
        case .otherUnderItsName: .busy(.nameTaken)
        case .unservable: .never(.resourceUnknown)
        }
    }

    /// - Parameter body: `ExtenderArgs`.
    /// - Returns: `HostPriorityList`, one entry per node that was asked about.
    public func prioritize(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        let answer = try self.ask(request) { view, subject -> [Int]? in
            guard case .pod(let pod) = subject else { return nil }
            return view.scores(of: pod, on: request.positions(in: view))
        }
        guard case .answered(_, let scores?) = answer else {
            return request.answer(scores: [Int](repeating: 0, count: request.names.count))
        }
        return request.answer(scores: scores)
    }

    /// The plan's own victims, where it has chosen any for the pod on one of the nodes that are asked about. Else the
    /// nodes on which the victims' leaving makes room without tearing a gang.
    ///
    /// - Parameter body: `ExtenderPreemptionArgs`.
    /// - Returns: `ExtenderPreemptionResult`.
    public func preempt(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        let answer = try self.ask(request) { view, subject -> [JSONTree.Member] in
            guard case .pod(let pod) = subject else { return [] }
            if let planned = view.plannedVictims(of: pod),
                request.victims.contains(where: { $0.node == planned.node })
            {
                return [Self.member(planned.node, planned.uids, budgetViolations: 0)]
            }
            let kept = request.victims.filter { view.fits(pod, on: $0.node, without: $0.uids) }
            return kept.map { Self.member($0.node, $0.uids, budgetViolations: $0.budgetViolations) }
        }
        let kept =
            switch answer {
            case .answered(_, let kept): kept
            // A pod without devices is the scheduler's own business.
            case .passes:
                request.victims.map { Self.member($0.node, $0.uids, budgetViolations: $0.budgetViolations) }
            }
        return (["NodeNameToMetaVictims": .object(kept)] as JSONTree).bytes
    }

    private static func member(_ node: NodeName, _ uids: [String], budgetViolations: Int64) -> JSONTree.Member {
        .init(
            node.rawValue,
            ["Pods": .array(uids.map { ["UID": .string($0)] }), "NumPDBViolations": .integer(budgetViolations)])
    }

    // MARK: The pod

    private enum Asked<Answer: Sendable>: Sendable {
        /// The pod asks for no accelerator.
        case passes
        case answered(ExtenderView.Subject, Answer)
    }

    /// One question at a time: it is tried on the view itself and taken back. A pod that the plan does not know is imported from the request.
    private func ask<Answer: Sendable>(
        _ request: ExtenderRequest, _ question: (inout ExtenderView, ExtenderView.Subject) -> Answer
    ) throws(Refusal) -> Asked<Answer> {
        guard request.mayAskForDevices else { return .passes }
        let uid = request.uid
        let known = self.withView { view -> Asked<Answer>? in
            guard let pod = view.pod(ofUID: uid) else { return nil }
            return view.asksForDevices(pod) ? .answered(.pod(pod), question(&view, .pod(pod))) : .passes
        }
        if let answer = known ?? nil { return answer }
        guard let state = self.importedPod(request) else { return .passes }
        let answered = self.withView { view in
            let subject = view.subject(uid: uid, state)
            return Asked.answered(subject, question(&view, subject))
        }
        guard let answered else { throw .notReady }
        self.note(stranger: uid)
        return answered
    }

    /// As one that waits. Nil for a pod that asks for no accelerator.
    private func importedPod(_ request: ExtenderRequest) -> PodState? {
        let object = ManifestObject(
            apiVersion: "v1", kind: "Pod", value: request.pod, origin: ManifestOrigin(file: "extender"))
        guard var state = self.importedPod(object), !state.deviceRequests.isEmpty else { return nil }
        state.standing = .pending
        return state
    }

    func importedPod(_ object: ManifestObject) -> PodState? {
        self.importer.importCluster([object]).snapshot.pods.first
    }

    /// Nil before the first plan.
    private func withView<Answer: Sendable>(_ body: (inout ExtenderView) -> Answer) -> Answer? {
        self.view.withLock { published in
            // Taken out and put back, so that there is one copy at any time.
            guard var view = published.take() else { return nil }
            defer { published = view }
            return body(&view)
        }
    }

    /// More are not told apart.
    private static let strangerLimit = 100_000

    private func note(stranger uid: String) {
        let isNews = self.strangers.withLock { $0.count < Self.strangerLimit && $0.insert(uid).inserted }
        if isNews { self.counted.withLock { $0.strangers += 1 } }
    }

    // MARK: Bindings

    enum BindingSubject {
        case known(ExtenderView.BindingVerdict)
        case stranger
    }

    /// Nil before the first plan.
    func known(_ binding: ExtenderBinding) -> BindingSubject? {
        self.withView { view in
            guard let pod = view.pod(ofUID: binding.uid) else { return .stranger }
            return .known(view.bind(pod, to: binding.node))
        }
    }

    /// Nil before the first plan.
    func seated(_ state: PodState, _ binding: ExtenderBinding) -> ExtenderView.BindingVerdict? {
        var demand = state
        demand.standing = .pending
        self.note(stranger: binding.uid)
        return self.withView { view in
            view.bindStranger(view.subject(uid: binding.uid, demand), to: binding.node)
        }
    }

    func refusal(_ why: String) -> [UInt8] {
        self.counted.withLock { $0.refusedBindings += 1 }
        return ExtenderBinding.result(why)
    }
}
