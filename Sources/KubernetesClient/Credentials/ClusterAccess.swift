import FoundationEssentials
public import HTTPTransport
import KubernetesAPI

/// Everything that is needed to talk to one cluster.
public struct ClusterAccess: Sendable {
    public var server: CurlConfiguration
    public var credentials: any CredentialSource
    /// The namespace that a person means who names none.
    public var namespace: String
    /// For people: the context's name, or `inClusterTitle`.
    public var title: String

    public func client(
        options: KubernetesClientOptions = KubernetesClientOptions()
    ) throws(KubernetesError)
        -> KubernetesClient
    {
        do throws(HTTPTransportError) {
            let transport = try CurlTransport(configuration: self.server)
            return KubernetesClient(transport: transport, credentials: self.credentials, options: options)
        } catch { throw .transport(error) }
    }

    // MARK: In a pod

    private static let serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The service account of the pod we run in; nil outside of one.
    public static func inCluster(
        environment: [String: String], folder: String = Self.defaultServiceAccountFolder
    ) throws(KubernetesError) -> ClusterAccess? {
        guard let host = environment["KUBERNETES_SERVICE_HOST"], let port = environment["KUBERNETES_SERVICE_PORT"],
            !host.isEmpty, !port.isEmpty
        else { return nil }
        guard let authorities = try? Data(contentsOf: URL(filePath: "\(folder)/ca.crt")) else {
            throw .credentials("\(folder)/ca.crt cannot be read")
        }
        let namespace = try? Data(contentsOf: URL(filePath: "\(folder)/namespace"))
        let address = host.contains(":") ? "[\(host)]" : host
        return ClusterAccess(
            server: CurlConfiguration(
                server: "https://\(address):\(port)", tls: CurlTLS(authorities: Array(authorities)), proxy: .none),
            credentials: TokenFile(path: "\(folder)/token"),
            namespace: namespace.map { String(decoding: $0, as: UTF8.self) } ?? "default", title: Self.inClusterTitle)
    }

    public static let defaultServiceAccountFolder = Self.serviceAccount
    public static let inClusterTitle = "in-cluster"

    /// What a person or a pod means: a kubeconfig or context that is named, else the pod's own service account, else the usual
    /// kubeconfig.
    public static func find(
        kubeconfig: String?, context: String?
    ) throws(KubernetesError) -> ClusterAccess {
        let environment = ProcessInfo.processInfo.environment
        let isNamed = kubeconfig != nil || context != nil || environment["KUBECONFIG"].map { !$0.isEmpty } ?? false
        if !isNamed, let own = try Self.inCluster(environment: environment) { return own }
        let paths = kubeconfig.map { [$0] } ?? Kubeconfig.defaultPaths(environment: environment)
        return try ClusterAccess(try Kubeconfig(readingFrom: paths), context: context, environment: environment)
    }

}

extension ClusterAccess {
    /// - Parameter context: Nil for the current one.
    public init(
        _ kubeconfig: Kubeconfig, context name: String? = nil, environment: [String: String] = [:]
    ) throws(KubernetesError) {
        let context = try kubeconfig.context(name)
        guard let server = context.cluster.text("server") else {
            throw .credentials("context \(context.name): its cluster has no server")
        }
        var tls = CurlTLS(
            authorities: try context.cluster.material("certificate-authority"),
            serverName: context.cluster.text("tls-server-name"),
            skipsVerification: context.cluster.boolean("insecure-skip-tls-verify"))
        tls.clientCertificate = try context.user?.material("client-certificate")
        tls.clientKey = try context.user?.material("client-key")
        let proxy = context.cluster.text("proxy-url").map { CurlConfiguration.Proxy.url($0) } ?? .environment
        var credentials: any CredentialSource = AnonymousCredentials()
        if let user = context.user {
            credentials = try Self.credentials(user, cluster: context.cluster, environment: environment)
            if let plugin = credentials as? ExecPlugin, let pair = try plugin.clientCertificate() {
                tls.clientCertificate = pair.certificate
                tls.clientKey = pair.key
            }
        }
        self.server = CurlConfiguration(server: server, tls: tls, proxy: proxy)
        self.credentials = credentials
        self.namespace = context.namespace ?? "default"
        self.title = context.name
    }

    private static func credentials(
        _ user: KubeconfigEntry, cluster: KubeconfigEntry, environment: [String: String]
    ) throws(KubernetesError) -> any CredentialSource {
        if let path = user.path("tokenFile") { return TokenFile(path: path) }
        if let token = user.text("token") { return StaticToken(token) }
        if let name = user.text("username") {
            let pair = Data("\(name):\(user.text("password") ?? "")".utf8).base64EncodedString()
            return FixedAuthorization("Basic \(pair)")
        }
        if let exec = user.value["exec"] {
            return try ExecPlugin(exec, folder: user.folder, cluster: cluster, environment: environment)
        }
        if user.value["auth-provider"] != nil {
            throw .credentials("found auth-provider, which Kubernetes removed in 1.26; expected an exec plugin")
        }
        return AnonymousCredentials()
    }
}

/// A value of `Authorization` that never changes.
struct FixedAuthorization: CredentialSource {
    let value: String

    init(_ value: String) { self.value = value }

    func authorization() async throws(KubernetesError) -> String? { self.value }

    func renew() async -> Bool { false }
}
