/// Labels and annotations that declare membership, by who defined them.
enum GangKeys {
    enum Berth {
        static let podGroup = "berth.dev/pod-group"
        static let minMember = "berth.dev/min-member"
        static let groupSize = "berth.dev/group-size"
        static let topologyRequired = "berth.dev/topology-required"
        static let topologyPreferred = "berth.dev/topology-preferred"
    }

    enum SchedulerPlugins {
        static let podGroup = "scheduling.x-k8s.io/pod-group"
    }

    enum Kueue {
        static let podGroup = "kueue.x-k8s.io/pod-group-name"
        static let totalCount = "kueue.x-k8s.io/pod-group-total-count"
        static let podIndex = "kueue.x-k8s.io/pod-group-pod-index"
        static let topologyRequired = "kueue.x-k8s.io/podset-required-topology"
        static let topologyPreferred = "kueue.x-k8s.io/podset-preferred-topology"
        static let sliceTopology = "kueue.x-k8s.io/podset-slice-required-topology"
        static let sliceSize = "kueue.x-k8s.io/podset-slice-size"
    }

    enum Koordinator {
        static let name = "gang.scheduling.koordinator.sh/name"
        static let minAvailable = "gang.scheduling.koordinator.sh/min-available"
        static let totalNumber = "gang.scheduling.koordinator.sh/total-number"
        static let groups = "gang.scheduling.koordinator.sh/groups"
    }

    enum KAI {
        static let podGroup = "pod-group-name"
        static let subgroup = "kai.scheduler/subgroup-name"
        static let topologyRequired = "kai.scheduler/topology-required-placement"
        static let topologyPreferred = "kai.scheduler/topology-preferred-placement"
    }

    enum YuniKorn {
        static let applicationIDs = ["yunikorn.apache.org/app-id", "applicationId"]
        static let taskGroup = "yunikorn.apache.org/task-group-name"
        static let taskGroups = "yunikorn.apache.org/task-groups"
    }

    enum Job {
        static let name = "batch.kubernetes.io/job-name"
        static let legacyName = "job-name"
    }
}
