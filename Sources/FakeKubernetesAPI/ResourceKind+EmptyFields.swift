import KubernetesAPI

extension ResourceKind {
    /// What the server writes of an object of this type that has no content: the fields that are never left out.
    ///
    /// Bookmarks are such objects. Custom kinds have no type, and nothing is written of them.
    var emptyFields: JSONTree {
        if self.isCustom { return [:] }
        let emptyPodSpec: JSONTree = ["containers": .null]
        let template: JSONTree = ["metadata": [:], "spec": emptyPodSpec]
        switch self.kind {
        case "Pod": return ["spec": emptyPodSpec, "status": [:]]
        case "Node":
            var node: JSONTree = ["spec": [:]]
            node["status"] = ["daemonEndpoints": ["kubeletEndpoint": ["Port": 0]], "nodeInfo": Self.emptyNodeInfo]
            return node
        case "Namespace", "PersistentVolume": return ["spec": [:], "status": [:]]
        case "PersistentVolumeClaim": return ["spec": ["resources": [:]], "status": [:]]
        case "Deployment":
            return ["spec": ["selector": .null, "template": template, "strategy": [:]], "status": [:]]
        case "ReplicaSet": return ["spec": ["selector": .null], "status": ["replicas": 0]]
        case "StatefulSet":
            return [
                "spec": ["selector": .null, "template": template, "serviceName": "", "updateStrategy": [:]],
                "status": ["replicas": 0, "availableReplicas": 0],
            ]
        case "DaemonSet":
            let counts = ["currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"]
            return [
                "spec": ["selector": .null, "template": template, "updateStrategy": [:]],
                "status": .object(counts.map { .init($0, 0) }),
            ]
        case "Job": return ["spec": ["template": template], "status": [:]]
        case "PodDisruptionBudget":
            let counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]
            return ["spec": [:], "status": .object(counts.map { .init($0, 0) })]
        case "Lease": return ["spec": [:]]
        case "PriorityClass": return ["value": 0]
        case "StorageClass": return ["provisioner": ""]
        case "Role", "ClusterRole": return ["rules": .null]
        case "RoleBinding", "ClusterRoleBinding": return ["roleRef": ["apiGroup": "", "kind": "", "name": ""]]
        case "Event":
            return [
                "eventTime": .null, "regarding": [:], "deprecatedSource": [:], "deprecatedFirstTimestamp": .null,
                "deprecatedLastTimestamp": .null,
            ]
        case "CustomResourceDefinition":
            return [
                "spec": ["group": "", "names": ["plural": "", "kind": ""], "scope": "", "versions": .null],
                "status": ["conditions": .null, "acceptedNames": ["plural": "", "kind": ""], "storedVersions": .null],
            ]
        default: return self.otherEmptyFields
        }
    }

    private var otherEmptyFields: JSONTree {
        let template: JSONTree = ["metadata": [:], "spec": ["containers": .null]]
        switch self.kind {
        case "Service", "Ingress": return ["spec": [:], "status": ["loadBalancer": [:]]]
        case "PodGroup" where self == .podGroups:
            return ["spec": ["podGroupTemplateRef": .null, "schedulingPolicy": [:]], "status": [:]]
        case "Workload" where self == .workloadKind: return ["spec": ["podGroupTemplates": .null]]
        case "ReplicationController": return ["spec": [:], "status": ["replicas": 0]]
        case "CronJob":
            return [
                "spec": ["schedule": "", "jobTemplate": ["metadata": [:], "spec": ["template": template]]],
                "status": [:],
            ]
        case "HorizontalPodAutoscaler":
            return [
                "spec": ["scaleTargetRef": ["kind": "", "name": ""], "maxReplicas": 0],
                "status": ["desiredReplicas": 0, "currentMetrics": .null],
            ]
        case "NetworkPolicy": return ["spec": ["podSelector": [:]]]
        case "IngressClass", "DeviceClass", "CSIDriver": return ["spec": [:]]
        case "EndpointSlice": return ["addressType": "", "endpoints": .null, "ports": .null]
        case "RuntimeClass": return ["handler": ""]
        case "ResourceClaim": return ["spec": ["devices": [:]], "status": [:]]
        case "ResourceClaimTemplate": return ["spec": ["metadata": [:], "spec": ["devices": [:]]]]
        case "ResourceSlice":
            let pool: JSONTree = ["name": "", "generation": 0, "resourceSliceCount": 0]
            return ["spec": ["driver": "", "pool": pool]]
        case "CSINode": return ["spec": ["drivers": .null]]
        case "CSIStorageCapacity": return ["storageClassName": ""]
        case "VolumeAttachment":
            return ["spec": ["attacher": "", "source": [:], "nodeName": ""], "status": ["attached": .boolean(false)]]
        default: return [:]
        }
    }

    /// Facts about a node that nobody has told yet.
    static let emptyNodeInfo = JSONTree.object(
        [
            "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion",
            "kubeletVersion", "kubeProxyVersion", "operatingSystem", "architecture",
        ].map { .init($0, "") })
}
