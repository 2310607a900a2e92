/// The checks behind `/healthz`, `/livez` and `/readyz`, by the names that kube-apiserver v1.36 gives them. All of them pass.
enum HealthChecks {
    static let probes = ["healthz", "livez", "readyz"]

    static func names(of probe: String) -> [String] {
        let hooks = Self.startHooks.map { "poststarthook/\($0)" }
        let shared = ["autoregister-completion", "log", "ping"] + hooks
        return probe == "readyz"
            ? shared + ["informer-sync", "shutdown"] : shared + ["etcd", "loopback-serving-certificate"]
    }

    private static let startHooks = [
        "apiservice-discovery-controller", "apiservice-openapi-controller", "apiservice-openapiv3-controller",
        "apiservice-registration-controller", "apiservice-status-local-available-controller",
        "apiservice-status-remote-available-controller", "apiservice-wait-for-first-sync", "bootstrap-controller",
        "crd-informer-synced", "generic-apiserver-start-informers", "kube-apiserver-autoregistration",
        "peer-endpoint-reconciler-controller", "priority-and-fairness-config-consumer",
        "priority-and-fairness-config-producer", "priority-and-fairness-filter", "rbac/bootstrap-roles",
        "scheduling/bootstrap-system-priority-classes", "start-apiextensions-controllers",
        "start-apiextensions-informers", "start-apiserver-admission-initializer",
        "start-cluster-authentication-info-controller", "start-kube-aggregator-informers",
        "start-kube-apiserver-identity-lease-controller", "start-kube-apiserver-identity-lease-garbage-collector",
        "start-kubernetes-service-cidr-controller", "start-legacy-token-tracking-controller",
        "start-service-ip-repair-controllers", "start-system-namespaces-controller",
        "storage-object-count-tracker-hook", "storage-readiness",
    ]
}
