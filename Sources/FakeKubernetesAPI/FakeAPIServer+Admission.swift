import KubernetesAPI

/// What a new object gets that depends on other objects or on chance: addresses, ports, selectors, tokens.
extension FakeAPIServer {
    mutating func admit(_ kind: ResourceKind, _ object: inout JSONTree, _ name: String) throws(APIFailure) {
        switch kind.builtInKind {
        case "Pod":
            try self.applyRuntimeClass(&object, name)
            try self.mountToken(&object, name)
        case "PriorityClass": try self.checkOnlyDefault(object, name)
        case "PodGroup" where kind == .podGroups:
            let protection: JSONTree = "scheduling.k8s.io/podgroup-protection"
            let others = Self.finalizers(object).filter { $0 != protection }
            object[path: ["metadata", "finalizers"]] = .array(others + [protection])
        case "Service": self.allocateAddresses(&object)
        case "Job": Self.setControllerLabels(&object)
        case "DaemonSet":
            object[path: ["metadata", "annotations", "deprecated.daemonset.template.generation"]] = "1"
        default: break
        }
    }

    /// There is one default class at most.
    private func checkOnlyDefault(_ object: JSONTree, _ name: String) throws(APIFailure) {
        guard object["globalDefault"] == .boolean(true),
            let preset = self.store.objects.first(where: { key, value in
                key.kind.kind == "PriorityClass" && value["globalDefault"] == .boolean(true)
            })
        else { return }
        let kind = preset.key.kind
        let why = "PriorityClass \(preset.key.name) is already marked as default. Only one default can exist"
        throw .forbidden(kind, name, why)
    }

    /// What a class of runtime asks of the pods that run under it: that it is there, its overhead, its nodes.
    private func applyRuntimeClass(_ pod: inout JSONTree, _ name: String) throws(APIFailure) {
        guard let named = pod[path: ["spec", "runtimeClassName"]]?.string else { return }
        let found = self.store.objects.first { $0.key.kind.kind == "RuntimeClass" && $0.key.name == named }?.value
        guard let found else {
            throw .forbidden(.pods, name, "pod rejected: RuntimeClass \"\(named)\" not found")
        }
        if let overhead = found[path: ["overhead", "podFixed"]] { pod[path: ["spec", "overhead"]] = overhead }
        for label in found[path: ["scheduling", "nodeSelector"]]?.members ?? [] {
            let there = pod[path: ["spec", "nodeSelector", label.key]]
            guard there == nil || there == label.value else {
                throw .forbidden(
                    .pods, name, "conflict: runtimeClass.scheduling.nodeSelector[\(label.key)] = \(label.value.text)")
            }
            pod[path: ["spec", "nodeSelector", label.key]] = label.value
        }
        let tolerations = pod[path: ["spec", "tolerations"]]?.elements ?? []
        let further = (found[path: ["scheduling", "tolerations"]]?.elements ?? []).filter { !tolerations.contains($0) }
        if !further.isEmpty { pod[path: ["spec", "tolerations"]] = .array(tolerations + further) }
    }

    // MARK: Service accounts

    private static let tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// Pods run as an account that there is, and find its token in each container, unless they or the account say otherwise.
    private mutating func mountToken(_ pod: inout JSONTree, _ name: String) throws(APIFailure) {
        let namespace = pod["metadata"]?["namespace"]?.string ?? ""
        let accountName = pod[path: ["spec", "serviceAccountName"]]?.string ?? "default"
        let key = ObjectStore.Key(kind: .serviceAccounts, namespace: namespace, name: accountName)
        guard let account = self.store.objects[key] else {
            throw .forbidden(
                .pods, name,
                "error looking up service account \(namespace)/\(accountName): serviceaccount \"\(accountName)\" not found"
            )
        }
        let wish = pod[path: ["spec", "automountServiceAccountToken"]] ?? account["automountServiceAccountToken"]
        guard wish != .boolean(false) else { return }
        let volume = JSONTree.string("kube-api-access-\(self.makeSuffix())")
        var isMounted = false
        for list in ["containers", "initContainers"] {
            Defaults.eachElement(&pod, ["spec", list]) { container in
                let mounts = container["volumeMounts"]?.elements ?? []
                guard !mounts.contains(where: { $0["mountPath"]?.string == Self.tokenPath }) else { return }
                isMounted = true
                container["volumeMounts"] = .array(
                    mounts + [["name": volume, "readOnly": .boolean(true), "mountPath": .string(Self.tokenPath)]])
            }
        }
        guard isMounted else { return }
        let sources: JSONTree = [
            ["serviceAccountToken": ["expirationSeconds": 3607, "path": "token"]],
            ["configMap": ["name": "kube-root-ca.crt", "items": [["key": "ca.crt", "path": "ca.crt"]]]],
            [
                "downwardAPI": [
                    "items": [
                        ["path": "namespace", "fieldRef": ["apiVersion": "v1", "fieldPath": "metadata.namespace"]]
                    ]
                ]
            ],
        ]
        pod[path: ["spec", "volumes"]] = .array(
            (pod[path: ["spec", "volumes"]]?.elements ?? [])
                + [["name": volume, "projected": ["sources": sources, "defaultMode": 420]]])
    }

    /// What the service account controller does in a new namespace.
    mutating func addDefaultAccount(to namespace: String) {
        let key = ObjectStore.Key(kind: .serviceAccounts, namespace: namespace, name: "default")
        guard self.store.objects[key] == nil else { return }
        self.store.write(
            [
                "kind": "ServiceAccount", "apiVersion": "v1",
                "metadata": [
                    "name": "default", "namespace": .string(namespace), "uid": .string(self.makeUID()),
                    "creationTimestamp": self.timestamp,
                ],
            ], at: key)
    }

    // MARK: Services

    private mutating func allocateAddresses(_ service: inout JSONTree) {
        let type = service[path: ["spec", "type"]]?.string ?? ""
        guard type != "ExternalName" else { return }
        if service[path: ["spec", "clusterIP"]]?.string ?? "" == "" {
            let number = self.nextRandom()
            service[path: ["spec", "clusterIP"]] = .string(
                "10.\(96 + number % 16).\(number >> 8 % 256).\(number >> 16 % 254 + 1)")
        }
        if let address = service[path: ["spec", "clusterIP"]] { service[path: ["spec", "clusterIPs"]] = [address] }
        for (field, value) in [("ipFamilies", ["IPv4"] as JSONTree), ("ipFamilyPolicy", "SingleStack")]
        where service[path: ["spec", field]] == nil {
            service[path: ["spec", field]] = value
        }
        guard type == "NodePort" || type == "LoadBalancer" else { return }
        guard case .array(var ports)? = service[path: ["spec", "ports"]] else { return }
        for index in ports.indices where ports[index]["nodePort"] == nil {
            ports[index]["nodePort"] = .integer(30_000 + Int64(self.nextRandom() % 2_768))
        }
        service[path: ["spec", "ports"]] = .array(ports)
    }

    /// What was allocated stays where an update does not name it.
    static func keepAllocated(_ old: JSONTree, _ new: inout JSONTree) {
        guard old[path: ["spec", "type"]] == new[path: ["spec", "type"]] else { return }
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]
        where new[path: ["spec", field]] ?? "" == "" {
            new[path: ["spec", field]] = old[path: ["spec", field]]
        }
        let before = old[path: ["spec", "ports"]]?.elements ?? []
        Defaults.eachElement(&new, ["spec", "ports"]) { port in
            guard port["nodePort"] == nil else { return }
            port["nodePort"] =
                before.first { $0["port"] == port["port"] && $0["protocol"] == port["protocol"] }?["nodePort"]
        }
    }

    // MARK: Jobs

    /// A job's pods carry its uid, by which it finds them.
    private static func setControllerLabels(_ job: inout JSONTree) {
        guard job[path: ["spec", "manualSelector"]] != .boolean(true) else { return }
        let (uid, name) = (job["metadata"]?["uid"] ?? "", job["metadata"]?["name"] ?? "")
        for (label, value) in [
            ("batch.kubernetes.io/controller-uid", uid), ("batch.kubernetes.io/job-name", name),
            ("controller-uid", uid),
            ("job-name", name),
        ] where job[path: ["spec", "template", "metadata", "labels", label]] == nil {
            job[path: ["spec", "template", "metadata", "labels", label]] = value
        }
        job[path: ["spec", "selector"]] = ["matchLabels": ["batch.kubernetes.io/controller-uid": uid]]
    }
}
