public import ClusterImport
public import KubernetesAPI
public import SchedulingModel

/// Binds pods for the extender's `bind` verb. The extender decides whether; whoever conforms talks to the API server.
public protocol PodBinder: Sendable {
    /// The pod as the API server shows it now; nil where there is none.
    func pod(_ key: PodKey) async throws(PodBindingFailure) -> ManifestObject?

    /// Posts the binding.
    ///
    /// - Parameters:
    ///   - uid: Precondition: a new pod under the same name is another one.
    ///   - devices: Written on the pod in the same call.
    func bind(
        _ key: PodKey, uid: String, to node: NodeName, devices: DeviceAnnotation?
    ) async throws(PodBindingFailure)
}

/// Why a pod was not bound, or is not known to be.
public struct PodBindingFailure: Error, Hashable, Sendable {
    public enum Code: Hashable, Sendable {
        /// The server found the pod bound already, or another one under its name.
        case conflict
        /// Everything else, lost replies among it.
        case failed
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}
