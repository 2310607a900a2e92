import ClusterImport
import ExtenderDecisions
import KubernetesAPI
import SchedulingModel

/// `ExtenderBindingArgs`: the pod itself is not sent.
struct ExtenderBinding {
    let pod: PodKey
    let uid: String
    let node: NodeName

    init(_ body: [UInt8]) throws(SchedulerExtender.Refusal) {
        guard let document = body.withUnsafeBytes({ try? JSONDocument(parsing: $0) }), document.root.isObject else {
            throw .unreadable("body: found \(body.count) bytes that are no JSON object, expected ExtenderBindingArgs")
        }
        func text(_ key: String) throws(SchedulerExtender.Refusal) -> String {
            guard let text = document.root[key]?.string, !text.isEmpty else {
                throw .unreadable("\(key): expected a name")
            }
            return text
        }
        self.pod = PodKey(namespace: try text("PodNamespace"), name: try text("PodName"))
        self.uid = try text("PodUID")
        self.node = NodeName(try text("Node"))
    }

    /// `ExtenderBindingResult`.
    static func result(_ error: String) -> [UInt8] { (["Error": .string(error)] as JSONTree).bytes }
}

extension SchedulerExtender {
    /// Binds a pod where kube-scheduler has chosen a node for it, if the plan allows that.
    ///
    /// A member of a gang is bound to its planned node and to no other; a single pod where it fits beside all that is
    /// planned. A pod that stands on that very node already is bound: the scheduler asks again when it has missed an
    /// answer. The devices that the planner chose are written on the pod in the same call.
    ///
    /// - Parameter body: `ExtenderBindingArgs`.
    /// - Returns: `ExtenderBindingResult`, with the reason where the pod was not bound.
    public func bind(_ body: [UInt8], by binder: any PodBinder) async throws(Refusal) -> [UInt8] {
        let binding = try ExtenderBinding(body)
        do throws(PodBindingFailure) {
            switch try await self.permission(for: binding, binder) {
            case .refused(let why): return self.refusal(why)
            case .done: return ExtenderBinding.result("")
            case .allowed(let devices):
                try await binder.bind(
                    binding.pod, uid: binding.uid, to: binding.node, devices: DeviceAnnotation(devices))
                return ExtenderBinding.result("")
            }
        } catch {
            return await self.answer(to: binding, after: error, binder)
        }
    }

    private static let noPlan = "there is no plan yet"

    fileprivate enum Permission {
        case allowed([DeviceAssignment])
        case done
        case refused(String)
    }

    /// What our own watch has not brought is read from the server: whether it belongs to a gang, only the pod can say.
    private func permission(
        for binding: ExtenderBinding, _ binder: any PodBinder
    ) async throws(PodBindingFailure) -> Permission {
        switch self.known(binding) {
        case nil: return .refused(Self.noPlan)
        case .some(.known(let verdict)): return Permission(verdict)
        case .some(.stranger): break
        }
        guard let object = try await binder.pod(binding.pod), object.uid == binding.uid else {
            return .refused("pod \(binding.pod) with UID \(binding.uid) does not exist")
        }
        if let node = object.value["spec"]?["nodeName"]?.string, !node.isEmpty {
            return node == binding.node.rawValue ? .done : .refused("bound to another node already")
        }
        guard let state = self.importedPod(object), !state.deviceRequests.isEmpty else { return .allowed([]) }
        return self.seated(state, binding).map(Permission.init) ?? .refused(Self.noPlan)
    }

    /// A conflict, or a reply that was lost, says little: the pod itself tells what is so.
    private func answer(
        to binding: ExtenderBinding, after failure: PodBindingFailure, _ binder: any PodBinder
    ) async -> [UInt8] {
        guard failure.code == .conflict, let found = try? await binder.pod(binding.pod), found.uid == binding.uid,
            found.value["spec"]?["nodeName"]?.string == binding.node.rawValue
        else { return self.refusal(failure.message) }
        return ExtenderBinding.result("")
    }
}

extension SchedulerExtender.Permission {
    fileprivate init(_ verdict: ExtenderView.BindingVerdict) {
        switch verdict {
        case .allowed(let devices): self = .allowed(devices)
        case .refused(let why): self = .refused(why)
        }
    }
}
