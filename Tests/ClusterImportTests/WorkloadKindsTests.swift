import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

/// What is particular to one kind of workload.
@Suite("Expanding one kind of workload")
struct WorkloadKindsTests {
    static let cluster = """
        headGroupSpec: {template: {spec: {containers: [{name: c}]}}}
            workerGroupSpecs: [{groupName: w, replicas: 9, minReplicas: 1, maxReplicas: 2, template: {spec: {containers: [{name: c}]}}}]
        """

    @Test("a RayJob makes its cluster; replicas stay within the group's bounds")
    func rayJob() {
        let world = GangWorld(
            """
            apiVersion: ray.io/v1
            kind: RayJob
            metadata: {name: tune, namespace: ml}
            spec:
              rayClusterSpec:
                \(Self.cluster)
            """)
        #expect(world.podNames == ["ml/tune-head", "ml/tune-w-worker-0", "ml/tune-w-worker-1"])
        #expect(
            world.groups == [
                "ml/tune: ray min 2 of 2", "ml/tune/headgroup: ray min 1; pods tune-head=0",
                "ml/tune/w: ray min 1 of 2; pods tune-w-worker-0=0 tune-w-worker-1=1",
            ])
    }

    @Test("a RayJob whose cluster is in the input makes none; the cluster's own pods count")
    func rayJobWithCluster() {
        let world = GangWorld(
            """
            apiVersion: ray.io/v1
            kind: RayJob
            metadata: {name: tune, namespace: ml}
            spec:
              rayClusterSpec:
                \(Self.cluster)
            ---
            apiVersion: ray.io/v1
            kind: RayCluster
            metadata: {name: tune-x7k2p, namespace: ml, ownerReferences: [{apiVersion: ray.io/v1, kind: RayJob, name: tune, controller: true}]}
            spec: {headGroupSpec: {template: {spec: {}}}, workerGroupSpecs: [{groupName: w, replicas: 2, template: {spec: {}}}]}

            """
                + .pod("tune-x7k2p-head-abcde", labels: "{ray.io/cluster: tune-x7k2p, ray.io/node-type: head}")
                + .pod(
                    "tune-x7k2p-w-worker-fghij",
                    labels: "{ray.io/cluster: tune-x7k2p, ray.io/node-type: worker, ray.io/group: w}"))
        #expect(
            world.podNames == ["ml/tune-x7k2p-head-abcde", "ml/tune-x7k2p-w-worker-0", "ml/tune-x7k2p-w-worker-fghij"])
    }

    @Test(
        "an MPI launcher is made at the start, unless it waits for its workers",
        arguments: [("AtStartup", ["ml/m-launcher", "ml/m-worker-0"]), ("WaitForWorkersReady", ["ml/m-worker-0"])])
    func launcher(policy: String, pods: [String]) {
        let world = GangWorld(
            """
            apiVersion: kubeflow.org/v2beta1
            kind: MPIJob
            metadata: {name: m, namespace: ml}
            spec:
              launcherCreationPolicy: \(policy)
              mpiReplicaSpecs: {Launcher: {replicas: 1, template: {spec: {}}}, Worker: {replicas: 1, template: {spec: {}}}}
            """)
        #expect(world.podNames == pods)
    }

    @Test("a training job in progress gets the replicas that are missing, with their ranks")
    func trainingJobInProgress() throws {
        let world = GangWorld(
            """
            apiVersion: kubeflow.org/v1
            kind: PyTorchJob
            metadata: {name: t, namespace: ml}
            spec:
              pytorchReplicaSpecs:
                Master: {template: {spec: {containers: [{name: pytorch}]}}}
                Worker: {replicas: 3, template: {spec: {containers: [{name: pytorch}]}}}

            """ + .pod("t-worker-1"))
        #expect(world.podNames == ["ml/t-master-0", "ml/t-worker-0", "ml/t-worker-1", "ml/t-worker-2"])
        let worker = try #require(world.pod("t-worker-2"))
        #expect(worker.spec.containers.first?.environment["RANK"] == "3")
        #expect(worker.spec.containers.first?.environment["WORLD_SIZE"] == "4")
        #expect(world.pod("t-master-0")?.metadata.labels["training.kubeflow.org/job-role"] == "master")
    }

    @Test("pods of a Volcano Job name its PodGroup and its scheduler")
    func volcanoJob() throws {
        let world = GangWorld(
            """
            apiVersion: batch.volcano.sh/v1alpha1
            kind: Job
            metadata: {name: v, namespace: ml, uid: u-1}
            spec: {tasks: [{name: w, replicas: 2, template: {spec: {}}}]}
            """)
        let pod = try #require(world.pod("v-w-1"))
        #expect(pod.metadata.annotations["scheduling.k8s.io/group-name"] == "v-u-1")
        #expect(pod.spec.schedulerName == "volcano")
        #expect(world.groups == ["ml/v-u-1: volcano min 2 of 2; pods v-w-0=0 v-w-1=1"])
    }

    @Test("a wish on the workload object holds for its pods")
    func wishOnTheWorkload() {
        let world = GangWorld(
            """
            apiVersion: kubeflow.org/v1
            kind: JAXJob
            metadata: {name: j, namespace: ml, annotations: {kai.scheduler/topology-preferred-placement: rack}}
            spec: {jaxReplicaSpecs: {Worker: {replicas: 2, template: {spec: {}}}}}
            """)
        #expect(world.groups == ["ml/j: kubeflow min 2 of 2, rack preferred; pods j-worker-0=0 j-worker-1=1"])
    }

    @Test("workloads that would make pods of one name lose none")
    func namesakes() {
        func workload(_ kind: String) -> String {
            """
            ---
            apiVersion: apps/v1
            kind: \(kind)
            metadata: {name: a, namespace: ml}
            spec: {replicas: 2, template: {spec: {}}}

            """
        }
        let world = GangWorld(workload("StatefulSet") + workload("Deployment"))
        #expect(world.podNames == ["ml/a-0", "ml/a-0-0", "ml/a-1", "ml/a-1-0"])
    }

    @Test("a role whose size cannot be read refuses the whole job")
    func unreadableRole() {
        let world = GangWorld(
            """
            apiVersion: kubeflow.org/v1
            kind: TFJob
            metadata: {name: t, namespace: ml}
            spec: {tfReplicaSpecs: {PS: {replicas: many, template: {spec: {}}}, Worker: {replicas: 2, template: {spec: {}}}}}
            """)
        #expect(world.pods.isEmpty)
        #expect(
            world.findings.map(\.description) == [
                "world.yaml: TFJob ml/t: spec.tfReplicaSpecs.PS.replicas: found \"many\", expected a whole number"
            ])
    }

    @Test("a pod made from a template that cannot be read in full says so")
    func unreadableTemplate() throws {
        let world = GangWorld(
            """
            apiVersion: apps/v1
            kind: ReplicaSet
            metadata: {name: r, namespace: ml}
            spec: {replicas: 1, template: {spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: lots}}}]}}}
            """)
        #expect(try #require(world.pod("r-0")).hasErrors)
        #expect(world.findings.count == 1)
    }
}
