import Testing

/// One convention by which pods form a gang: what is in the input, and the groups that come of it.
struct GangConvention: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let input: String
    let groups: [String]

    init(_ name: String, _ input: String, _ groups: String...) {
        self.testDescription = name
        self.input = input
        self.groups = groups
    }
}

extension GangConvention {
    static let declared: [GangConvention] = [
        GangConvention(
            "own annotation; min-member and topology",
            .pod(
                "a",
                annotations:
                    "{berth.dev/pod-group: g, berth.dev/min-member: '2', berth.dev/group-size: '4', berth.dev/topology-required: rack}"
            ) + .pod("b", annotations: "{berth.dev/pod-group: g}"),
            "ml/g: berth min 2 of 4, rack required; pods a=0 b=1"),
        GangConvention(
            "own annotation; subgroups and a level preferred by label key",
            .pod("a", annotations: "{berth.dev/pod-group: g/x, berth.dev/topology-preferred: nvidia.com/gpu.clique}")
                + .pod("b", annotations: "{berth.dev/pod-group: g/y, berth.dev/topology-preferred: nvlink}")
                + .pod("c", annotations: "{berth.dev/pod-group: g/y, berth.dev/topology-preferred: nvlink}"),
            "ml/g: berth min 2 of 2", "ml/g/x: berth min 1, nvlink preferred; pods a=0",
            "ml/g/y: berth min 2, nvlink preferred; pods b=0 c=1"),
        GangConvention(
            "own annotation stands above the label of a PodGroup",
            .pod("a", labels: "{scheduling.x-k8s.io/pod-group: other}", annotations: "{berth.dev/pod-group: g}"),
            "ml/g: berth min 1; pods a=0"),
        GangConvention(
            "coscheduling PodGroup; more needed than there are; wish on the PodGroup",
            """
            apiVersion: scheduling.x-k8s.io/v1alpha1
            kind: PodGroup
            metadata: {name: g, namespace: ml, annotations: {berth.dev/topology-required: block}}
            spec: {minMember: 4}

            """ + .pod("a", labels: "{scheduling.x-k8s.io/pod-group: g}")
                + .pod("b", labels: "{scheduling.x-k8s.io/pod-group: g}"),
            "ml/g: schedulerPlugins min 4, block required; pods a=0 b=1"),
        GangConvention(
            "Kubernetes 1.36 PodGroup; gang with a topology key",
            """
            apiVersion: scheduling.k8s.io/v1alpha2
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec:
              schedulingPolicy: {gang: {minCount: 2}}
              schedulingConstraints: {topology: [{key: topology.kubernetes.io/zone}]}

            """ + .pod("a", spec: "schedulingGroup: {podGroupName: g}")
                + .pod("b", spec: "schedulingGroup: {podGroupName: g}"),
            "ml/g: kubernetes min 2, zone required; pods a=0 b=1"),
        GangConvention(
            "Kubernetes 1.37 composite; one of two groups is enough",
            """
            apiVersion: scheduling.k8s.io/v1alpha3
            kind: CompositePodGroup
            metadata: {name: all, namespace: ml}
            spec: {schedulingPolicy: {gang: {minGroupCount: 1}}}
            ---
            apiVersion: scheduling.k8s.io/v1beta1
            kind: PodGroup
            metadata: {name: x, namespace: ml}
            spec: {parentCompositePodGroupName: all, schedulingPolicy: {gang: {minCount: 1}}}
            ---
            apiVersion: scheduling.k8s.io/v1beta1
            kind: PodGroup
            metadata: {name: z, namespace: ml}
            spec: {parentCompositePodGroupName: all, schedulingPolicy: {gang: {minCount: 1}}}

            """ + .pod("a", spec: "schedulingGroup: {podGroupName: x}")
                + .pod("b", spec: "schedulingGroup: {podGroupName: z}"),
            "ml/all: kubernetes min 1 of 2", "ml/all/x: kubernetes min 1; pods a=0",
            "ml/all/z: kubernetes min 1; pods b=0"),
        GangConvention(
            "Kubernetes basic policy; no gang",
            """
            apiVersion: scheduling.k8s.io/v1beta1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {schedulingPolicy: {basic: {}}}

            """ + .pod("a", spec: "schedulingGroup: {podGroupName: g}")),
        GangConvention(
            "Kubernetes 1.35 workloadRef",
            """
            apiVersion: scheduling.k8s.io/v1alpha1
            kind: Workload
            metadata: {name: w, namespace: ml}
            spec: {podGroups: [{name: workers, policy: {gang: {minCount: 2}}}]}

            """ + .pod("a", spec: "workloadRef: {name: w, podGroup: workers, podGroupReplicaKey: '1'}")
                + .pod("b", spec: "workloadRef: {name: w, podGroup: workers, podGroupReplicaKey: '2'}"),
            "ml/w-workers-1: workload min 2; pods a=0", "ml/w-workers-2: workload min 2; pods b=0"),
        GangConvention(
            "Volcano PodGroup; hard tier 2 is the second narrowest level",
            """
            apiVersion: scheduling.volcano.sh/v1beta1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {minMember: 2, networkTopology: {mode: hard, highestTierAllowed: 2}}

            """ + .pod("a", annotations: "{scheduling.k8s.io/group-name: g}")
                + .pod("b", annotations: "{scheduling.k8s.io/group-name: g}"),
            "ml/g: volcano min 2, block required; pods a=0 b=1"),
        GangConvention(
            "Volcano tasks with minimums of their own; soft tier by its place among HyperNodes",
            """
            apiVersion: topology.volcano.sh/v1alpha1
            kind: HyperNode
            metadata: {name: leaf}
            spec: {tier: 10}
            ---
            apiVersion: scheduling.volcano.sh/v1beta1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {minMember: 3, minTaskMember: {ps: 1, worker: 2}, networkTopology: {mode: soft, highestTierAllowed: 10}}

            """ + .pod("a", labels: "{volcano.sh/task-spec: ps}", annotations: "{scheduling.k8s.io/group-name: g}")
                + .pod("b", labels: "{volcano.sh/task-spec: worker}", annotations: "{scheduling.k8s.io/group-name: g}"),
            "ml/g: volcano min 2 of 2, rack preferred", "ml/g/ps: volcano min 1; pods a=0",
            "ml/g/worker: volcano min 2; pods b=0"),
        GangConvention(
            "Volcano subgroups by label",
            """
            apiVersion: scheduling.volcano.sh/v1beta1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec:
              minMember: 4
              subGroupPolicy: [{name: tp, subGroupSize: 2, minSubGroups: 1, matchLabelKeys: [part], networkTopology: {highestTierAllowed: 1}}]

            """ + .pod("a", labels: "{part: p0}", annotations: "{scheduling.k8s.io/group-name: g}")
                + .pod("b", labels: "{part: p0}", annotations: "{scheduling.k8s.io/group-name: g}")
                + .pod("c", labels: "{part: p1}", annotations: "{scheduling.k8s.io/group-name: g}"),
            "ml/g: volcano min 1 of 2", "ml/g/p0: volcano min 2, rack required; pods a=0 b=1",
            "ml/g/p1: volcano min 2, rack required; pods c=0"),
        GangConvention(
            "Kueue pod group; preferred level of the pod set",
            .pod(
                "a", labels: "{kueue.x-k8s.io/pod-group-name: g}",
                annotations:
                    "{kueue.x-k8s.io/pod-group-total-count: '2', kueue.x-k8s.io/podset-preferred-topology: topology.kubernetes.io/zone}"
            )
                + .pod(
                    "b", labels: "{kueue.x-k8s.io/pod-group-name: g}",
                    annotations:
                        "{kueue.x-k8s.io/pod-group-total-count: '2', kueue.x-k8s.io/podset-preferred-topology: topology.kubernetes.io/zone}"
                ),
            "ml/g: kueue min 2 of 2, zone preferred; pods a=0 b=1"),
        GangConvention(
            "Koordinator gang",
            .pod(
                "a",
                annotations:
                    "{gang.scheduling.koordinator.sh/name: g, gang.scheduling.koordinator.sh/min-available: '3', gang.scheduling.koordinator.sh/total-number: '5'}"
            ),
            "ml/g: koordinator min 3 of 5; pods a=0"),
        GangConvention(
            "Koordinator gangs that start together",
            .pod(
                "a",
                annotations:
                    "{gang.scheduling.koordinator.sh/name: x, gang.scheduling.koordinator.sh/min-available: '1', gang.scheduling.koordinator.sh/groups: '[\"ml/x\",\"ml/z\"]'}"
            )
                + .pod(
                    "b",
                    annotations:
                        "{gang.scheduling.koordinator.sh/name: z, gang.scheduling.koordinator.sh/min-available: '2', gang.scheduling.koordinator.sh/groups: '[\"ml/x\",\"ml/z\"]'}"
                ),
            "ml/x+z: koordinator min 2 of 2", "ml/x+z/x: koordinator min 1; pods a=0",
            "ml/x+z/z: koordinator min 2; pods b=0"),
        GangConvention(
            "KAI PodGroup with subgroups",
            """
            apiVersion: scheduling.run.ai/v2alpha2
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec:
              minMember: 3
              topologyConstraint: {requiredTopologyLevel: zone}
              subGroups: [{name: prefill, minMember: 1}, {name: decode, minMember: 2, topologyConstraint: {preferredTopologyLevel: rack}}]

            """ + .pod("a", labels: "{kai.scheduler/subgroup-name: prefill}", annotations: "{pod-group-name: g}")
                + .pod("b", labels: "{kai.scheduler/subgroup-name: decode}", annotations: "{pod-group-name: g}"),
            "ml/g: kai min 2 of 2, zone required", "ml/g/decode: kai min 2, rack preferred; pods b=0",
            "ml/g/prefill: kai min 1; pods a=0"),
        GangConvention(
            "YuniKorn task groups",
            .pod(
                "a", labels: "{applicationId: app}",
                annotations:
                    "{yunikorn.apache.org/task-group-name: w, yunikorn.apache.org/task-groups: '[{\"name\":\"w\",\"minMember\":4}]'}"
            ) + .pod("b", labels: "{applicationId: app}", annotations: "{yunikorn.apache.org/task-group-name: w}"),
            "ml/app: yunikorn min 4; pods a=0 b=1"),
    ]

    static let inferred: [GangConvention] = [
        GangConvention(
            "LeaderWorkerSet pods without their object",
            .pod(
                "s-0",
                labels:
                    "{leaderworkerset.sigs.k8s.io/name: s, leaderworkerset.sigs.k8s.io/group-index: '0', leaderworkerset.sigs.k8s.io/worker-index: '0'}",
                annotations: "{leaderworkerset.sigs.k8s.io/size: '3'}")
                + .pod(
                    "s-0-2",
                    labels:
                        "{leaderworkerset.sigs.k8s.io/name: s, leaderworkerset.sigs.k8s.io/group-index: '0', leaderworkerset.sigs.k8s.io/worker-index: '2'}"
                ),
            "ml/s-0: leaderWorkerSet min 3 of 3; pods s-0=0 s-0-2=2"),
        GangConvention(
            "LeaderWorkerSet with subgroups and exclusive topology",
            """
            apiVersion: leaderworkerset.x-k8s.io/v1
            kind: LeaderWorkerSet
            metadata: {name: s, namespace: ml, annotations: {leaderworkerset.sigs.k8s.io/exclusive-topology: topology.kubernetes.io/zone}}
            spec:
              replicas: 1
              leaderWorkerTemplate: {size: 5, subGroupPolicy: {subGroupSize: 2}, workerTemplate: {spec: {containers: [{name: c}]}}}
            """,
            "ml/s-0: leaderWorkerSet min 2 of 2, zone required, exclusive zone",
            "ml/s-0/0: leaderWorkerSet min 3; pods s-0=0 s-0-1=1 s-0-2=2",
            "ml/s-0/1: leaderWorkerSet min 2; pods s-0-3=3 s-0-4=4"),
        GangConvention(
            "JobSet pods without any object",
            .pod(
                "r-w-0-0",
                labels: "{jobset.sigs.k8s.io/jobset-name: r, batch.kubernetes.io/job-name: r-w-0}",
                annotations: "{batch.kubernetes.io/job-completion-index: '0'}")
                + .pod(
                    "r-w-0-1",
                    labels: "{jobset.sigs.k8s.io/jobset-name: r, batch.kubernetes.io/job-name: r-w-0}",
                    annotations: "{batch.kubernetes.io/job-completion-index: '1'}"),
            "ml/r-w-0: jobSet min 2; pods r-w-0-0=0 r-w-0-1=1"),
        GangConvention(
            "PyTorchJob; the master is rank 0, minAvailable is the minimum",
            """
            apiVersion: kubeflow.org/v1
            kind: PyTorchJob
            metadata: {name: t, namespace: ml}
            spec:
              runPolicy: {schedulingPolicy: {minAvailable: 2}}
              pytorchReplicaSpecs:
                Worker: {replicas: 2, template: {spec: {containers: [{name: c}]}}}
                Master: {replicas: 1, template: {spec: {containers: [{name: c}]}}}
            """,
            "ml/t: kubeflow min 2 of 3; pods t-master-0=0 t-worker-0=1 t-worker-1=2"),
        GangConvention(
            "MPIJob whose launcher has a GPU counts it",
            """
            apiVersion: kubeflow.org/v2beta1
            kind: MPIJob
            metadata: {name: m, namespace: ml}
            spec:
              mpiReplicaSpecs:
                Launcher: {replicas: 1, template: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
                Worker: {replicas: 1, template: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]}}}
            """,
            "ml/m: kubeflow min 2 of 2; pods m-launcher=0 m-worker-0=1"),
        GangConvention(
            "indexed Job with GPUs; the pods seen are the gang where the Job is not in the input",
            .pod("j-0-x", annotations: "{batch.kubernetes.io/job-completion-index: '0'}", owner: ("Job", "j"))
                + .pod("j-1-x", annotations: "{batch.kubernetes.io/job-completion-index: '1'}", owner: ("Job", "j")),
            "ml/j: job min 2; pods j-0-x=0 j-1-x=1"),
        GangConvention(
            "indexed Job without GPUs, and one with a single pod; no gang",
            .pod("j-0-x", annotations: "{batch.kubernetes.io/job-completion-index: '0'}", gpus: 0, owner: ("Job", "j"))
                + .pod(
                    "j-1-x", annotations: "{batch.kubernetes.io/job-completion-index: '1'}", gpus: 0,
                    owner: ("Job", "j"))
                + .pod("k-0-x", annotations: "{batch.kubernetes.io/job-completion-index: '0'}", owner: ("Job", "k"))),
        GangConvention(
            "Kueue slices; ranks in pairs, each pair in one rack",
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: j, namespace: ml}
            spec:
              completionMode: Indexed
              completions: 4
              parallelism: 4
              template:
                metadata:
                  annotations:
                    kueue.x-k8s.io/podset-required-topology: topology.kubernetes.io/zone
                    kueue.x-k8s.io/podset-slice-required-topology: topology.k8s.aws/network-node-layer-3
                    kueue.x-k8s.io/podset-slice-size: "2"
                spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 8}}}]}
            """,
            "ml/j: job min 2 of 2, zone required", "ml/j/slice-0: job min 2 of 2, rack required; pods j-0=0 j-1=1",
            "ml/j/slice-1: job min 2 of 2, rack required; pods j-2=2 j-3=3"),
        GangConvention(
            "Volcano Job without its PodGroup; partitions of a task",
            """
            apiVersion: batch.volcano.sh/v1alpha1
            kind: Job
            metadata: {name: v, namespace: ml}
            spec:
              tasks:
              - name: w
                replicas: 4
                partitionPolicy: {totalPartitions: 2, partitionSize: 2, networkTopology: {mode: hard, highestTierAllowed: 1}}
                template: {spec: {containers: [{name: c}]}}
            """,
            "ml/v: volcano min 2 of 2", "ml/v/partition-0: volcano min 2 of 2, rack required; pods v-w-0=0 v-w-1=1",
            "ml/v/partition-1: volcano min 2 of 2, rack required; pods v-w-2=2 v-w-3=3"),
        GangConvention(
            "Ray head alone, StatefulSet and plain pods; no gang",
            .pod("h", labels: "{ray.io/cluster: c, ray.io/node-type: head}")
                + .pod("db-0", labels: "{apps.kubernetes.io/pod-index: '0'}", owner: ("StatefulSet", "db"))
                + .pod("plain")),
    ]
}
