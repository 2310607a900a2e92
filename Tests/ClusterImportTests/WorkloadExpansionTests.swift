import ClusterImport
import Foundation
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Expanding workloads")
struct WorkloadExpansionTests {
    @Test("every workload of the sample becomes the pods its controller would make")
    func sampleBecomesItsPods() {
        let world = GangWorld(WorkloadManifests.all)
        #expect(world.findings.map(\.description) == [])
        #expect(world.pods.count == 40)
        #expect(world.gpuCount == 220)
        #expect(
            world.podNames == [
                "hpc/allreduce-launcher", "hpc/allreduce-worker-0", "hpc/allreduce-worker-1",
                "hpc/allreduce-worker-2", "hpc/allreduce-worker-3",
                "ml/elastic-vit-worker-0", "ml/elastic-vit-worker-1", "ml/elastic-vit-worker-2",
                "ml/elastic-vit-worker-3",
                "ml/pretrain-driver-0-0",
                "ml/pretrain-workers-0-0", "ml/pretrain-workers-0-1", "ml/pretrain-workers-0-2",
                "ml/pretrain-workers-0-3", "ml/pretrain-workers-1-0", "ml/pretrain-workers-1-1",
                "ml/pretrain-workers-1-2", "ml/pretrain-workers-1-3",
                "ml/shard-embed-0", "ml/shard-embed-1", "ml/shard-embed-2",
                "ray/batch-head", "ray/batch-pair-worker-0-0", "ray/batch-pair-worker-0-1",
                "ray/batch-pair-worker-1-0", "ray/batch-pair-worker-1-1", "ray/batch-single-worker-0",
                "ray/batch-single-worker-1", "ray/batch-single-worker-2",
                "serve/chat-0", "serve/chat-1", "serve/chat-2",
                "serve/llama-405b-0", "serve/llama-405b-0-1", "serve/llama-405b-0-2", "serve/llama-405b-0-3",
                "serve/llama-405b-1", "serve/llama-405b-1-1", "serve/llama-405b-1-2", "serve/llama-405b-1-3",
            ])
    }

    @Test("the gangs of the sample are those its workloads imply")
    func sampleGangs() {
        #expect(
            GangWorld(WorkloadManifests.all).groups == [
                "hpc/allreduce: kubeflow min 4 of 4; pods allreduce-worker-0=0 allreduce-worker-1=1 allreduce-worker-2=2 allreduce-worker-3=3",
                "ml/elastic-vit: kubeflow min 2 of 4; pods elastic-vit-worker-0=0 elastic-vit-worker-1=1 elastic-vit-worker-2=2 elastic-vit-worker-3=3",
                "ml/pretrain-workers-0: jobSet min 4 of 4, rack required, exclusive rack; pods pretrain-workers-0-0=0 pretrain-workers-0-1=1 pretrain-workers-0-2=2 pretrain-workers-0-3=3",
                "ml/pretrain-workers-1: jobSet min 4 of 4, rack required, exclusive rack; pods pretrain-workers-1-0=0 pretrain-workers-1-1=1 pretrain-workers-1-2=2 pretrain-workers-1-3=3",
                "ml/shard-embed: job min 3 of 3; pods shard-embed-0=0 shard-embed-1=1 shard-embed-2=2",
                "ray/batch: ray min 3 of 3",
                "ray/batch/headgroup: ray min 1; pods batch-head=0",
                "ray/batch/pair: ray min 0 of 2",
                "ray/batch/pair/0: ray min 2 of 2; pods batch-pair-worker-0-0=0 batch-pair-worker-0-1=1",
                "ray/batch/pair/1: ray min 2 of 2; pods batch-pair-worker-1-0=0 batch-pair-worker-1-1=1",
                "ray/batch/single: ray min 1 of 3; pods batch-single-worker-0=0 batch-single-worker-1=1 batch-single-worker-2=2",
                "serve/llama-405b-0: leaderWorkerSet min 4 of 4; pods llama-405b-0=0 llama-405b-0-1=1 llama-405b-0-2=2 llama-405b-0-3=3",
                "serve/llama-405b-1: leaderWorkerSet min 4 of 4; pods llama-405b-1=0 llama-405b-1-1=1 llama-405b-1-2=2 llama-405b-1-3=3",
            ])
    }

    @Test("pods and gangs do not depend on the order of the objects")
    func orderDoesNotMatter() {
        let contents = ManifestReader.read(WorkloadManifests.all, file: "world.yaml")
        let (forward, backward) = (GangWorld(contents), GangWorld(contents, order: { -$0 }))
        #expect(forward.pods == backward.pods)
        #expect(forward.groups == backward.groups)
    }

    @Test(
        "a pod carries what its controller writes on it",
        arguments: [
            ("shard-embed-1", "batch.kubernetes.io/job-completion-index", "1"),
            ("shard-embed-1", "batch.kubernetes.io/job-name", "shard-embed"),
            ("shard-embed-1", "app", "shard-embed"),
            ("pretrain-workers-1-2", "jobset.sigs.k8s.io/jobset-name", "pretrain"),
            ("pretrain-workers-1-2", "jobset.sigs.k8s.io/job-global-index", "2"),
            ("pretrain-workers-1-2", "jobset.sigs.k8s.io/replicatedjob-name", "workers"),
            ("llama-405b-1-3", "leaderworkerset.sigs.k8s.io/worker-index", "3"),
            ("llama-405b-1-3", "leaderworkerset.sigs.k8s.io/group-index", "1"),
            ("llama-405b-1", "role", "leader"),
            ("allreduce-worker-2", "training.kubeflow.org/replica-index", "2"),
            ("allreduce-launcher", "training.kubeflow.org/job-role", "launcher"),
            ("elastic-vit-worker-3", "training.kubeflow.org/operator-name", "pytorchjob-controller"),
            ("batch-pair-worker-1-0", "ray.io/worker-group-replica-index", "1"),
            ("batch-head", "ray.io/node-type", "head"),
        ])
    func labels(pod: String, label: String, value: String) throws {
        #expect(try #require(GangWorld(WorkloadManifests.all).pod(pod)).metadata.labels[label] == value)
    }

    @Test("annotations, rank variables and owners are those of the controller")
    func otherMarks() throws {
        let world = GangWorld(WorkloadManifests.all)
        let indexed = try #require(world.pod("shard-embed-2"))
        #expect(indexed.metadata.annotations["batch.kubernetes.io/job-completion-index"] == "2")
        #expect(indexed.spec.containers.first?.environment["JOB_COMPLETION_INDEX"] == "2")
        #expect(indexed.metadata.controller?.kind == "Job")
        let chat = try #require(world.pod("chat-0"))
        #expect(chat.metadata.annotations["berth.dev/gpu-memory-mib"] == "8000")
        #expect(chat.metadata.controller?.kind == "ReplicaSet")
        let worker = try #require(world.pod("llama-405b-0-2"))
        #expect(worker.spec.containers.first?.environment["LWS_WORKER_INDEX"] == "2")
        #expect(worker.metadata.annotations["leaderworkerset.sigs.k8s.io/size"] == "4")
    }

    @Test("only the pods that are missing are made, and terminal ones do not count")
    func onlyMissingPods() {
        let world = GangWorld(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: chat, namespace: ml}
            spec: {replicas: 4, template: {spec: {containers: [{name: c}]}}}
            ---
            apiVersion: apps/v1
            kind: ReplicaSet
            metadata: {name: chat-5d9f, namespace: ml, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: chat, controller: true}]}
            spec: {replicas: 4, template: {spec: {containers: [{name: c}]}}}

            """ + .pod("chat-5d9f-aaaaa", owner: ("ReplicaSet", "chat-5d9f"))
                + .pod("chat-0", owner: ("ReplicaSet", "chat-5d9f"))
                + .pod("chat-5d9f-failed", owner: ("ReplicaSet", "chat-5d9f")) + "status: {phase: Failed}\n")
        #expect(
            world.podNames == ["ml/chat-0", "ml/chat-1", "ml/chat-2", "ml/chat-5d9f-aaaaa", "ml/chat-5d9f-failed"])
    }

    @Test("an indexed Job makes the lowest indexes that are neither done nor running")
    func indexedJobInProgress() {
        let world = GangWorld(
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: embed, namespace: ml}
            spec: {completionMode: Indexed, completions: 8, parallelism: 4, template: {spec: {containers: [{name: c}]}}}
            status: {succeeded: 3, completedIndexes: "0,2-3", active: 1}

            """
                + .pod(
                    "embed-1-x", annotations: "{batch.kubernetes.io/job-completion-index: '1'}", owner: ("Job", "embed")
                ))
        #expect(world.podNames == ["ml/embed-1-x", "ml/embed-4", "ml/embed-5", "ml/embed-6"])
    }

    @Test("a Job of a JobSet that is in the input is not made a second time")
    func childJobCountsOnce() {
        let world = GangWorld(
            """
            apiVersion: jobset.x-k8s.io/v1alpha2
            kind: JobSet
            metadata: {name: run, namespace: ml}
            spec:
              replicatedJobs:
              - {name: w, replicas: 2, template: {spec: {parallelism: 2, completions: 2, template: {spec: {containers: [{name: c}]}}}}}
            ---
            apiVersion: batch/v1
            kind: Job
            metadata: {name: run-w-0, namespace: ml, ownerReferences: [{apiVersion: jobset.x-k8s.io/v1alpha2, kind: JobSet, name: run, controller: true}]}
            spec: {completionMode: Indexed, parallelism: 2, completions: 2, template: {spec: {containers: [{name: c}]}}}
            """)
        #expect(world.podNames == ["ml/run-w-0-0", "ml/run-w-0-1", "ml/run-w-1-0", "ml/run-w-1-1"])
    }

    @Test("a StatefulSet starts at its first ordinal")
    func statefulSetOrdinals() {
        let world = GangWorld(
            """
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec: {replicas: 2, ordinals: {start: 5}, template: {spec: {containers: [{name: c}]}}}
            """)
        #expect(world.podNames == ["default/db-5", "default/db-6"])
        #expect(world.pod("db-6")?.metadata.labels["apps.kubernetes.io/pod-index"] == "6")
    }

    @Test("a StatefulSet's pod mounts the claim that is there, and will make the one that is not")
    func statefulSetClaims() throws {
        let world = GangWorld(
            """
            apiVersion: v1
            kind: PersistentVolumeClaim
            metadata: {name: data-db-1}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec:
              replicas: 2
              volumeClaimTemplates: [{metadata: {name: data}}]
              template: {spec: {containers: [{name: c}]}}
            """)
        #expect(try #require(world.pod("db-0")).spec.volumes.isEmpty)
        #expect(
            try #require(world.pod("db-1")).spec.volumes.map(\.source) == [.persistentVolumeClaim(name: "data-db-1")])
    }

    @Test("a TrainJob without its JobSet is told, not planned")
    func trainJob() {
        let world = GangWorld(
            """
            apiVersion: trainer.kubeflow.org/v1alpha1
            kind: TrainJob
            metadata: {name: t, namespace: ml}
            spec: {runtimeRef: {name: torch}}
            """)
        #expect(world.pods.isEmpty)
        #expect(world.findings.map(\.severity) == [.warning])
    }

    @Test(
        "a suspended or finished workload makes no pods and no finding",
        arguments: [
            "batch/v1,Job,{suspend: true, template: {spec: {containers: []}}},{}",
            "batch/v1,Job,{template: {spec: {containers: []}}},{conditions: [{type: Complete, status: 'True'}]}",
            "jobset.x-k8s.io/v1alpha2,JobSet,{suspend: true, replicatedJobs: [{name: a, template: {spec: {template: {spec: {}}}}}]},{}",
            "kubeflow.org/v1,PyTorchJob,{runPolicy: {suspend: true}, pytorchReplicaSpecs: {Worker: {template: {spec: {}}}}},{}",
            "kubeflow.org/v1,TFJob,{tfReplicaSpecs: {Worker: {template: {spec: {}}}}},{conditions: [{type: Succeeded, status: 'True'}]}",
            "ray.io/v1,RayCluster,{suspend: true, headGroupSpec: {template: {spec: {}}}},{}",
            "batch.volcano.sh/v1alpha1,Job,{tasks: [{name: a, template: {spec: {}}}]},{state: {phase: Completed}}",
        ])
    func nothingToMake(workload: String) {
        let parts = workload.split(separator: ",", maxSplits: 2).map(String.init)
        let split = parts[2].range(of: "},{", options: .backwards)
        let spec = split.map { parts[2][..<$0.lowerBound] + "}" } ?? ""
        let status = split.map { "{" + parts[2][$0.upperBound...] } ?? ""
        let world = GangWorld(
            """
            apiVersion: \(parts[0])
            kind: \(parts[1])
            metadata: {name: idle, namespace: ml}
            spec: \(spec)
            status: \(status)
            """)
        #expect(world.podNames == [])
        #expect(world.findings.map(\.description) == [])
    }

    @Test(
        "an absurd number of pods is refused by name and costs nothing",
        arguments: [
            ("apps/v1", "Deployment", "{replicas: 1000000000, template: {spec: {}}}"),
            ("apps/v1", "StatefulSet", "{replicas: 1000000000, template: {spec: {}}}"),
            ("batch/v1", "Job", "{parallelism: 2000000000, completions: 2000000000, template: {spec: {}}}"),
            (
                "ray.io/v1", "RayCluster",
                "{headGroupSpec: {template: {spec: {}}}, workerGroupSpecs: [{groupName: a, replicas: 2000000000, numOfHosts: 2000000000, template: {spec: {}}}]}"
            ),
            (
                "jobset.x-k8s.io/v1alpha2", "JobSet",
                "{replicatedJobs: [{name: a, replicas: 2000000000, template: {spec: {parallelism: 0, template: {spec: {}}}}}]}"
            ),
            (
                "leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet",
                "{replicas: 2000000000, leaderWorkerTemplate: {size: 2000000000, workerTemplate: {spec: {}}}}"
            ),
        ])
    func absurdCounts(apiVersion: String, kind: String, spec: String) {
        let world = GangWorld(
            "apiVersion: \(apiVersion)\nkind: \(kind)\nmetadata: {name: huge, namespace: ml}\nspec: \(spec)\n")
        #expect(world.pods.isEmpty)
        #expect(world.findings.count == 1)
        #expect(world.findings.first?.severity == .error)
        #expect(world.findings.first?.expected == "at most 200000 pods of one object")
    }

    @Test("a negative count is refused by field, and the other objects are expanded")
    func negativeCount() {
        let world = GangWorld(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: bad, namespace: ml}
            spec: {replicas: -1, template: {spec: {}}}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: good, namespace: ml}
            spec: {replicas: 1, template: {spec: {}}}
            """)
        #expect(world.podNames == ["ml/good-0"])
        #expect(
            world.findings.map(\.description) == [
                "world.yaml: Deployment ml/bad: spec.replicas: found -1, expected a whole number from 0 to 2147483647"
            ])
    }

    @Test("a job that finished all but one of two billion indexes is expanded at once")
    func hugeFinishedJob() {
        let world = GangWorld(
            """
            apiVersion: batch/v1
            kind: Job
            metadata: {name: long, namespace: ml}
            spec: {completionMode: Indexed, completions: 2000000000, parallelism: 8, template: {spec: {}}}
            status: {succeeded: 1999999999, completedIndexes: "0-1999999998"}
            """)
        #expect(world.podNames == ["ml/long-1999999999"])
    }
}
