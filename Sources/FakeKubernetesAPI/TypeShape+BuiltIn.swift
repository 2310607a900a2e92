/// The types of the built-in kinds that are kept, as their Go structs are tagged.
///
/// A line is a type and some of its fields. `s` is a string, `b` a boolean, `i` and `l` an integer of 32 and 64 bits, `q` a quantity, `t` a time, `y` bytes,
/// `x` an integer or a string, `a` anything, `-` known and never kept, `[…]` a list, `{…}` a map; other words are types. A star stands before
/// pointers, a mark of exclamation behind what is written always.
extension TypeShape {
    static let structures: [String: [String: Field]] = Self.parse(Self.table)

    private static func parse(_ table: String) -> [String: [String: Field]] {
        var found: [String: [String: Field]] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let title = words.first?.dropLast() else { continue }
            for word in words.dropFirst() {
                guard let colon = word.firstIndex(of: ":") else { continue }
                let text = word[word.index(after: colon)...]
                found[String(title), default: [:]][String(word[..<colon])] = Field(
                    shape: Self.shape(text.drop { $0 == "*" }.prefix { $0 != "!" }),
                    keepsZero: text.hasPrefix("*"), isAlwaysWritten: text.hasSuffix("!"))
            }
        }
        let general = [("kind", TypeShape.string), ("apiVersion", .string), ("metadata", .structure("ObjectMeta"))]
        for kind in ResourceKind.all where found[kind.kind] != nil {
            for (name, shape) in general {
                found[kind.kind]?[name] = Field(shape: shape, keepsZero: false, isAlwaysWritten: false)
            }
        }
        return found
    }

    private static func shape(_ text: Substring) -> TypeShape {
        switch text {
        case "a": .any
        case "-": .gated
        case "s": .string
        case "b": .boolean
        case "i": .integer32
        case "l": .integer64
        case "q": .quantity
        case "t": .time
        case "y": .bytes
        case "x": .integerOrString
        default:
            switch text.first {
            case "[": .list(Self.shape(text.dropFirst().dropLast()))
            case "{": .map(Self.shape(text.dropFirst().dropLast()))
            default: .structure(String(text))
            }
        }
    }

    private static let table = """
        ObjectMeta: name:s generateName:s namespace:s selfLink:s uid:s resourceVersion:s generation:l
        ObjectMeta: creationTimestamp:t deletionTimestamp:t
        ObjectMeta: deletionGracePeriodSeconds:*l labels:{s} annotations:{s} ownerReferences:[OwnerReference]
        ObjectMeta: finalizers:[s] managedFields:[a]
        OwnerReference: apiVersion:s! kind:s! name:s! uid:s! controller:*b blockOwnerDeletion:*b
        LabelSelector: matchLabels:{s} matchExpressions:[Requirement]
        Requirement: key:s! operator:s! values:[s]
        LocalObjectReference: name:s
        Pod: spec:PodSpec status:PodStatus
        PodTemplateSpec: metadata:ObjectMeta spec:PodSpec
        PodSpec: volumes:[Volume] initContainers:[Container] containers:[Container]!
        PodSpec: ephemeralContainers:[EphemeralContainer] restartPolicy:s
        PodSpec: terminationGracePeriodSeconds:*l activeDeadlineSeconds:*l dnsPolicy:s nodeSelector:{s}
        PodSpec: serviceAccountName:s serviceAccount:s
        PodSpec: automountServiceAccountToken:*b nodeName:s hostNetwork:b hostPID:b hostIPC:b
        PodSpec: shareProcessNamespace:*b
        PodSpec: securityContext:PodSecurityContext imagePullSecrets:[LocalObjectReference] hostname:s subdomain:s
        PodSpec: affinity:Affinity schedulerName:s
        PodSpec: tolerations:[Toleration] hostAliases:[HostAlias] priorityClassName:s priority:*i dnsConfig:a
        PodSpec: readinessGates:[ReadinessGate]
        PodSpec: runtimeClassName:*s enableServiceLinks:*b preemptionPolicy:*s overhead:{q}
        PodSpec: topologySpreadConstraints:[SpreadConstraint]
        PodSpec: setHostnameAsFQDN:*b os:Named hostUsers:*b schedulingGates:[Named]
        PodSpec: resourceClaims:[PodResourceClaim]
        PodSpec: resources:ResourceRequirements hostnameOverride:*s schedulingGroup:a
        PodSecurityContext: seLinuxOptions:a windowsOptions:a runAsUser:*l runAsGroup:*l runAsNonRoot:*b
        PodSecurityContext: supplementalGroups:[l]
        PodSecurityContext: supplementalGroupsPolicy:*s fsGroup:*l sysctls:[NameAndValue] fsGroupChangePolicy:*s
        PodSecurityContext: seccompProfile:a
        PodSecurityContext: appArmorProfile:a seLinuxChangePolicy:*s
        Named: name:s!
        NameAndValue: name:s! value:s!
        Toleration: key:s operator:s value:s effect:s tolerationSeconds:*l
        HostAlias: ip:s! hostnames:[s]
        ReadinessGate: conditionType:s!
        PodResourceClaim: name:s! resourceClaimName:*s resourceClaimTemplateName:*s
        SpreadConstraint: maxSkew:i! topologyKey:s! whenUnsatisfiable:s! labelSelector:LabelSelector minDomains:*i
        SpreadConstraint: nodeAffinityPolicy:*s
        SpreadConstraint: nodeTaintsPolicy:*s matchLabelKeys:[s]
        Affinity: nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity
        NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
        NodeAffinity: preferredDuringSchedulingIgnoredDuringExecution:[PreferredTerm]
        NodeSelector: nodeSelectorTerms:[NodeSelectorTerm]!
        NodeSelectorTerm: matchExpressions:[Requirement] matchFields:[Requirement]
        PreferredTerm: weight:i! preference:NodeSelectorTerm
        PodAffinity: requiredDuringSchedulingIgnoredDuringExecution:[PodAffinityTerm]
        PodAffinity: preferredDuringSchedulingIgnoredDuringExecution:[WeightedTerm]
        PodAffinityTerm: labelSelector:LabelSelector namespaces:[s] topologyKey:s! namespaceSelector:LabelSelector
        PodAffinityTerm: matchLabelKeys:[s]
        PodAffinityTerm: mismatchLabelKeys:[s]
        WeightedTerm: weight:i! podAffinityTerm:PodAffinityTerm
        Container: name:s! image:s command:[s] args:[s] workingDir:s ports:[ContainerPort] envFrom:[EnvFrom]
        Container: env:[EnvVar]
        Container: resources:ResourceRequirements resizePolicy:[ResizePolicy] restartPolicy:*s
        Container: restartPolicyRules:[a] volumeMounts:[VolumeMount]
        Container: volumeDevices:[VolumeDevice] livenessProbe:Probe readinessProbe:Probe startupProbe:Probe
        Container: lifecycle:Lifecycle
        Container: terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s
        Container: securityContext:SecurityContext stdin:b stdinOnce:b tty:b
        EphemeralContainer: name:s! image:s command:[s] args:[s] workingDir:s ports:[ContainerPort]
        EphemeralContainer: envFrom:[EnvFrom] env:[EnvVar]
        EphemeralContainer: resources:ResourceRequirements resizePolicy:[ResizePolicy] restartPolicy:*s
        EphemeralContainer: restartPolicyRules:[a] volumeMounts:[VolumeMount]
        EphemeralContainer: volumeDevices:[VolumeDevice] livenessProbe:Probe readinessProbe:Probe startupProbe:Probe
        EphemeralContainer: lifecycle:Lifecycle
        EphemeralContainer: terminationMessagePath:s terminationMessagePolicy:s imagePullPolicy:s
        EphemeralContainer: securityContext:SecurityContext stdin:b stdinOnce:b tty:b
        EphemeralContainer: targetContainerName:s
        ContainerPort: name:s hostPort:i containerPort:i! protocol:s hostIP:s
        EnvFrom: prefix:s configMapRef:OptionalReference secretRef:OptionalReference
        OptionalReference: name:s optional:*b
        EnvVar: name:s! value:s valueFrom:EnvVarSource
        EnvVarSource: fieldRef:FieldReference resourceFieldRef:ResourceFieldReference configMapKeyRef:KeyReference
        EnvVarSource: secretKeyRef:KeyReference
        EnvVarSource: fileKeyRef:a
        FieldReference: apiVersion:s fieldPath:s!
        ResourceFieldReference: containerName:s resource:s! divisor:q
        KeyReference: name:s key:s! optional:*b
        ResourceRequirements: limits:{q} requests:{q} claims:[ResourceClaimName]
        ResourceClaimName: name:s! request:s
        ResizePolicy: resourceName:s! restartPolicy:s!
        VolumeMount: name:s! readOnly:b recursiveReadOnly:*s mountPath:s! subPath:s mountPropagation:*s
        VolumeMount: subPathExpr:s
        VolumeDevice: name:s! devicePath:s!
        Probe: exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction grpc:a initialDelaySeconds:i
        Probe: timeoutSeconds:i periodSeconds:i
        Probe: successThreshold:i failureThreshold:i terminationGracePeriodSeconds:*l
        ExecAction: command:[s]
        HTTPGetAction: path:s port:x! host:s scheme:s httpHeaders:[NameAndValue]
        TCPSocketAction: port:x! host:s
        Lifecycle: postStart:LifecycleHandler preStop:LifecycleHandler stopSignal:*s
        LifecycleHandler: exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction sleep:a
        SecurityContext: capabilities:Capabilities privileged:*b seLinuxOptions:a windowsOptions:a runAsUser:*l
        SecurityContext: runAsGroup:*l runAsNonRoot:*b
        SecurityContext: readOnlyRootFilesystem:*b allowPrivilegeEscalation:*b procMount:*s seccompProfile:a
        SecurityContext: appArmorProfile:a
        Capabilities: add:[s] drop:[s]
        Volume: name:s! hostPath:HostPath emptyDir:EmptyDir secret:SecretVolume configMap:ConfigMapVolume
        Volume: persistentVolumeClaim:ClaimVolume
        Volume: projected:a downwardAPI:a nfs:a csi:a ephemeral:a image:a gcePersistentDisk:a awsElasticBlockStore:a
        Volume: gitRepo:a iscsi:a glusterfs:a
        Volume: rbd:a flexVolume:a cinder:a cephfs:a flocker:a fc:a azureFile:a azureDisk:a vsphereVolume:a
        Volume: quobyte:a photonPersistentDisk:a
        Volume: portworxVolume:a scaleIO:a storageos:a
        HostPath: path:s! type:*s
        EmptyDir: medium:s sizeLimit:q
        SecretVolume: secretName:s items:[KeyToPath] defaultMode:*i optional:*b
        ConfigMapVolume: name:s items:[KeyToPath] defaultMode:*i optional:*b
        KeyToPath: key:s! path:s! mode:*i
        ClaimVolume: claimName:s! readOnly:b
        PodStatus: observedGeneration:l phase:s conditions:[PodCondition] message:s reason:s nominatedNodeName:s
        PodStatus: hostIP:s hostIPs:[a] podIP:s
        PodStatus: podIPs:[a] startTime:t initContainerStatuses:[ContainerStatus]
        PodStatus: containerStatuses:[ContainerStatus] qosClass:s
        PodStatus: ephemeralContainerStatuses:[ContainerStatus] resize:s resourceClaimStatuses:[a]
        PodStatus: extendedResourceClaimStatus:a
        PodStatus: allocatedResources:{q} resources:ResourceRequirements
        PodCondition: type:s! observedGeneration:l status:s! lastProbeTime:t! lastTransitionTime:t! reason:s
        PodCondition: message:s
        ContainerStatus: name:s! state:a lastState:a ready:b! restartCount:i! image:s! imageID:s! containerID:s
        ContainerStatus: started:*b
        ContainerStatus: allocatedResources:{q} resources:ResourceRequirements volumeMounts:[a] user:a
        ContainerStatus: allocatedResourcesStatus:[a] stopSignal:*s
        Node: spec:NodeSpec status:NodeStatus
        NodeSpec: podCIDR:s podCIDRs:[s] providerID:s unschedulable:b taints:[Taint] configSource:a externalID:s
        Taint: key:s! value:s effect:s! timeAdded:t
        NodeStatus: capacity:{q} allocatable:{q} phase:s conditions:[NodeCondition] addresses:[NodeAddress]
        NodeStatus: daemonEndpoints:a nodeInfo:a
        NodeStatus: images:[ContainerImage] volumesInUse:[s] volumesAttached:[a] config:a runtimeHandlers:[a]
        NodeStatus: features:a declaredFeatures:[s]
        NodeCondition: type:s! status:s! lastHeartbeatTime:t! lastTransitionTime:t! reason:s message:s
        NodeAddress: type:s! address:s!
        ContainerImage: names:[s] sizeBytes:l
        Namespace: spec:NamespaceSpec status:NamespaceStatus
        NamespaceSpec: finalizers:[s]
        NamespaceStatus: phase:s conditions:[a]
        ConfigMap: immutable:*b data:{s} binaryData:{y}
        Secret: immutable:*b data:{y} stringData:{s} type:s
        ServiceAccount: secrets:[a] imagePullSecrets:[LocalObjectReference] automountServiceAccountToken:*b
        Service: spec:ServiceSpec status:a
        ServiceSpec: ports:[ServicePort] selector:{s} clusterIP:s clusterIPs:[s] type:s externalIPs:[s]
        ServiceSpec: sessionAffinity:s loadBalancerIP:s
        ServiceSpec: loadBalancerSourceRanges:[s] externalName:s externalTrafficPolicy:s healthCheckNodePort:i
        ServiceSpec: publishNotReadyAddresses:b
        ServiceSpec: sessionAffinityConfig:a ipFamilies:[s] ipFamilyPolicy:*s allocateLoadBalancerNodePorts:*b
        ServiceSpec: loadBalancerClass:*s
        ServiceSpec: internalTrafficPolicy:*s trafficDistribution:*s
        ServicePort: name:s protocol:s appProtocol:*s port:i! targetPort:x! nodePort:i
        Deployment: spec:DeploymentSpec status:DeploymentStatus
        DeploymentSpec: replicas:*i selector:LabelSelector! template:PodTemplateSpec strategy:UpdateStrategy
        DeploymentSpec: minReadySeconds:i
        DeploymentSpec: revisionHistoryLimit:*i paused:b progressDeadlineSeconds:*i
        UpdateStrategy: type:s rollingUpdate:RollingUpdate
        RollingUpdate: maxUnavailable:*x maxSurge:*x partition:*i
        DeploymentStatus: observedGeneration:l replicas:i updatedReplicas:i readyReplicas:i availableReplicas:i
        DeploymentStatus: unavailableReplicas:i
        DeploymentStatus: terminatingReplicas:*i conditions:[a] collisionCount:*i
        ReplicaSet: spec:ReplicaSetSpec status:ReplicaSetStatus
        ReplicaSetSpec: replicas:*i minReadySeconds:i selector:LabelSelector! template:PodTemplateSpec
        ReplicaSetStatus: replicas:i! fullyLabeledReplicas:i readyReplicas:i availableReplicas:i
        ReplicaSetStatus: terminatingReplicas:*i observedGeneration:l
        ReplicaSetStatus: conditions:[a]
        ReplicationController: spec:ReplicationControllerSpec status:ReplicaSetStatus
        ReplicationControllerSpec: replicas:*i minReadySeconds:i selector:{s} template:PodTemplateSpec
        StatefulSet: spec:StatefulSetSpec status:StatefulSetStatus
        StatefulSetSpec: replicas:*i selector:LabelSelector! template:PodTemplateSpec volumeClaimTemplates:[a]
        StatefulSetSpec: serviceName:s!
        StatefulSetSpec: podManagementPolicy:s updateStrategy:UpdateStrategy revisionHistoryLimit:*i
        StatefulSetSpec: minReadySeconds:i
        StatefulSetSpec: persistentVolumeClaimRetentionPolicy:a ordinals:a
        StatefulSetStatus: observedGeneration:l replicas:i! readyReplicas:i currentReplicas:i updatedReplicas:i
        StatefulSetStatus: currentRevision:s
        StatefulSetStatus: updateRevision:s collisionCount:*i conditions:[a] availableReplicas:i!
        DaemonSet: spec:DaemonSetSpec status:a
        DaemonSetSpec: selector:LabelSelector! template:PodTemplateSpec updateStrategy:UpdateStrategy
        DaemonSetSpec: minReadySeconds:i revisionHistoryLimit:*i
        Job: spec:JobSpec status:JobStatus
        JobSpec: parallelism:*i completions:*i activeDeadlineSeconds:*l podFailurePolicy:a successPolicy:a
        JobSpec: backoffLimit:*i
        JobSpec: backoffLimitPerIndex:*i maxFailedIndexes:*i selector:LabelSelector manualSelector:*b
        JobSpec: template:PodTemplateSpec
        JobSpec: ttlSecondsAfterFinished:*i completionMode:*s suspend:*b podReplacementPolicy:*s managedBy:*s
        JobSpec: scheduling:a
        JobStatus: conditions:[a] startTime:t completionTime:t active:i succeeded:i failed:i terminating:*i
        JobStatus: completedIndexes:s failedIndexes:*s
        JobStatus: uncountedTerminatedPods:a ready:*i
        CronJob: spec:CronJobSpec status:a
        CronJobSpec: schedule:s! timeZone:*s startingDeadlineSeconds:*l concurrencyPolicy:s suspend:*b
        CronJobSpec: jobTemplate:JobTemplateSpec
        CronJobSpec: successfulJobsHistoryLimit:*i failedJobsHistoryLimit:*i
        JobTemplateSpec: metadata:ObjectMeta spec:JobSpec
        PodDisruptionBudget: spec:BudgetSpec status:BudgetStatus
        BudgetSpec: minAvailable:*x selector:LabelSelector maxUnavailable:*x unhealthyPodEvictionPolicy:*s
        BudgetStatus: observedGeneration:l disruptedPods:{t} disruptionsAllowed:i! currentHealthy:i!
        BudgetStatus: desiredHealthy:i! expectedPods:i! conditions:[a]
        PriorityClass: value:i! globalDefault:b description:s preemptionPolicy:*s
        Lease: spec:LeaseSpec
        LeaseSpec: holderIdentity:*s leaseDurationSeconds:*i acquireTime:t renewTime:t leaseTransitions:*i
        LeaseSpec: strategy:- preferredHolder:-
        Role: rules:[PolicyRule]!
        ClusterRole: rules:[PolicyRule]! aggregationRule:a
        PolicyRule: verbs:[s]! apiGroups:[s] resources:[s] resourceNames:[s] nonResourceURLs:[s]
        RoleBinding: subjects:[Subject] roleRef:RoleReference!
        ClusterRoleBinding: subjects:[Subject] roleRef:RoleReference!
        Subject: kind:s! apiGroup:s name:s! namespace:s
        RoleReference: apiGroup:s! kind:s! name:s!
        RuntimeClass: handler:s! overhead:a scheduling:a
        StorageClass: provisioner:s! parameters:{s} reclaimPolicy:*s mountOptions:[s] allowVolumeExpansion:*b
        StorageClass: volumeBindingMode:*s
        StorageClass: allowedTopologies:[a]
        DeleteOptions: kind:s apiVersion:s gracePeriodSeconds:*l preconditions:Preconditions orphanDependents:*b
        DeleteOptions: propagationPolicy:*s dryRun:[s] ignoreStoreReadErrorWithClusterBreakingPotential:*b
        Preconditions: uid:*s resourceVersion:*s
        """
}
