import KubernetesAPI

/// Which fields pods have: others are dropped, or refused where the caller wants that.
enum PodForm {
    private static let spec: Set<String> = [
        "volumes", "initContainers", "containers", "ephemeralContainers", "restartPolicy",
        "terminationGracePeriodSeconds",
        "activeDeadlineSeconds", "dnsPolicy", "nodeSelector", "serviceAccountName", "serviceAccount",
        "automountServiceAccountToken", "nodeName", "hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace",
        "securityContext", "imagePullSecrets", "hostname", "subdomain", "affinity", "schedulerName", "tolerations",
        "hostAliases", "priorityClassName", "priority", "dnsConfig", "readinessGates", "runtimeClassName",
        "enableServiceLinks", "preemptionPolicy", "overhead", "topologySpreadConstraints", "setHostnameAsFQDN", "os",
        "hostUsers", "schedulingGates", "resourceClaims", "resources", "workloadRef", "schedulingGroup",
    ]
    private static let container: Set<String> = [
        "name", "image", "command", "args", "workingDir", "ports", "envFrom", "env", "resources", "resizePolicy",
        "restartPolicy", "restartPolicyRules", "volumeMounts", "volumeDevices", "livenessProbe", "readinessProbe",
        "startupProbe", "lifecycle", "terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy",
        "securityContext", "stdin", "stdinOnce", "tty",
    ]

    /// Paths of the fields that no pod has.
    static func unknownFields(_ pod: JSONTree) -> [String] {
        let spec = pod["spec"] ?? [:]
        let containers = ["containers", "initContainers"].flatMap { list in
            (spec[list]?.elements ?? []).enumerated().flatMap { index, container in
                container.members.filter { !Self.container.contains($0.key) }.map { "spec.\(list)[\(index)].\($0.key)" }
            }
        }
        return containers + spec.members.filter { !Self.spec.contains($0.key) }.map { "spec.\($0.key)" }
    }

    static func dropUnknownFields(_ pod: inout JSONTree) {
        guard case .object(let members)? = pod["spec"] else { return }
        pod["spec"] = .object(members.filter { Self.spec.contains($0.key) })
        for list in ["containers", "initContainers"] {
            guard case .array(let containers)? = pod[path: ["spec", list]] else { continue }
            pod[path: ["spec", list]] = .array(
                containers.map { container in
                    .object(container.members.filter { Self.container.contains($0.key) })
                })
        }
    }

    /// What has not even the type that its field must have.
    static func unreadable(_ pod: JSONTree) -> String? {
        let spec = pod["spec"] ?? [:]
        for list in ["containers", "initContainers", "tolerations", "schedulingGates", "volumes"] {
            if let found = spec[list], found != .null {
                guard case .array = found else { return "json: cannot unmarshal into field spec.\(list)" }
            }
        }
        for field in ["restartPolicy", "schedulerName", "nodeName", "priorityClassName", "serviceAccountName"] {
            if let found = spec[field], found != .null, found.string == nil {
                return "json: cannot unmarshal into field spec.\(field)"
            }
        }
        for field in ["priority", "terminationGracePeriodSeconds", "activeDeadlineSeconds"] {
            if let found = spec[field], found != .null, found.integer == nil {
                return "json: cannot unmarshal into field spec.\(field)"
            }
        }
        let holders = [spec] + ["containers", "initContainers"].flatMap { spec[$0]?.elements ?? [] }
        for holder in holders {
            for kind in ["limits", "requests"] {
                for amount in holder[path: ["resources", kind]]?.members ?? []
                where CanonicalQuantity.text(amount.value) == nil {
                    return "quantities must match the regular expression"
                }
            }
        }
        return nil
    }
}
