public import ClusterImport
public import ControlLoop
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
        guard let state = self.podState(request) else { return request.answer(passing: { _ in true }) }
        let names = request.names
        let (verdicts, isSample) = try self.ask(request, state) { view, subject in
            guard case .pod(let pod) = subject else { return (names.map { _ in Self.verdict(on: subject) }, false) }
            let planned = view.plannedNode(of: pod)
            let isSample = planned.map { names.count > 1 && !names.contains($0) } ?? false
            return (view.verdicts(of: pod, on: names), isSample)
        }
        if isSample { self.counted.withLock { $0.sampled += 1 } }
        return request.answer(verdicts)
    }

    /// What holds of every node.
    private static func verdict(on subject: ExtenderView.Subject) -> ExtenderView.Verdict {
        switch subject {
        case .pod, .newGangMember: .busy(ExtenderView.waits)
        case .otherUnderItsName: .busy("another pod of this name is known")
        case .unservable: .never("no node has a resource that the pod asks for")
        }
    }

    /// - Parameter body: `ExtenderArgs`.
    /// - Returns: `HostPriorityList`, one entry per node that was asked about.
    public func prioritize(_ body: [UInt8]) throws(Refusal) -> [UInt8] {
        let request = try ExtenderRequest(body)
        var scores = request.names.map { _ in 0 }
        if let state = self.podState(request) {
            scores = try self.ask(request, state) { view, subject in
                guard case .pod(let pod) = subject else { return scores }
                return view.scores(of: pod, on: request.names)
            }
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
        var kept: [(String, JSONTree)] = []
        let state = self.podState(request)
        if let state, let planned = try self.plannedVictims(request, state) {
            let victims: JSONTree = [
                "Pods": .array(planned.uids.map { ["UID": .string($0)] }), "NumPDBViolations": 0,
            ]
            return (["NodeNameToMetaVictims": .object([.init(planned.node.rawValue, victims)])] as JSONTree).bytes
        }
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
            let fits = try self.ask(request, state) { view, subject in
                guard case .pod(let pod) = subject else { return false }
                return view.fits(pod, on: candidate.node, without: candidate.uids)
            }
            if fits { kept.append((candidate.node.rawValue, victims)) }
        }
        let nodes = JSONTree.object(kept.map { .init($0.0, $0.1) })
        return (["NodeNameToMetaVictims": nodes] as JSONTree).bytes
    }

    private func plannedVictims(
        _ request: ExtenderRequest, _ state: PodState
    ) throws(Refusal) -> (node: NodeName, uids: [String])? {
        let planned = try self.ask(request, state) { view, subject -> (node: NodeName, uids: [String])? in
            guard case .pod(let pod) = subject else { return nil }
            return view.plannedVictims(of: pod)
        }
        guard let planned, request.victims.contains(where: { $0.node == planned.node }) else { return nil }
        return planned
    }

    // MARK: The pod

    /// Nil for a pod that asks for no accelerator.
    private func podState(_ request: ExtenderRequest) -> PodState? {
        guard request.mayAskForDevices else { return nil }
        let object = ManifestObject(
            apiVersion: "v1", kind: "Pod", value: request.pod, origin: ManifestOrigin(file: "extender"))
        return self.importedPod(object).flatMap { $0.deviceRequests.isEmpty ? nil : $0 }
    }

    /// Of a pod without a node.
    func importedPod(_ object: ManifestObject) -> PodState? {
        self.importer.importCluster([object]).snapshot.pods.first
    }

    /// One question at a time: it is tried on the view itself and taken back.
    private func ask<Answer: Sendable>(
        _ request: ExtenderRequest, _ state: PodState,
        _ question: (inout ExtenderView, ExtenderView.Subject) -> Answer
    ) throws(Refusal) -> Answer {
        var demand = state
        demand.standing = .pending
        let answered = self.withView { view -> (answer: Answer, isStranger: Bool) in
            let isStranger = !view.knows(request.uid)
            let subject = view.subject(uid: request.uid, demand)
            return (question(&view, subject), isStranger)
        }
        guard let answered else { throw .notReady }
        if answered.isStranger { self.note(stranger: request.uid) }
        return answered.answer
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
