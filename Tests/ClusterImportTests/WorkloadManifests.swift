/// Every kind of workload once, none of them applied: what a planner has to expand by itself.
enum WorkloadManifests {
    static let all = """
        apiVersion: v1
        kind: Namespace
        metadata: {name: ml}
        ---
        apiVersion: jobset.x-k8s.io/v1alpha2
        kind: JobSet
        metadata: {name: pretrain, namespace: ml}
        spec:
          replicatedJobs:
          - name: driver
            replicas: 1
            template:
              spec:
                parallelism: 1
                completions: 1
                template:
                  spec:
                    restartPolicy: Never
                    containers:
                    - name: driver
                      image: registry.invalid/driver:1
                      resources: {requests: {cpu: "4", memory: 16Gi}}
          - name: workers
            replicas: 2
            template:
              metadata:
                annotations: {alpha.jobset.sigs.k8s.io/exclusive-topology: topology.k8s.aws/network-node-layer-3}
              spec:
                completionMode: Indexed
                parallelism: 4
                completions: 4
                backoffLimit: 0
                template:
                  spec:
                    restartPolicy: Never
                    tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                    containers:
                    - name: trainer
                      image: registry.invalid/trainer:1
                      resources:
                        requests: {cpu: "80", memory: 900Gi}
                        limits: {nvidia.com/gpu: 8, vpc.amazonaws.com/efa: 4}
        ---
        apiVersion: leaderworkerset.x-k8s.io/v1
        kind: LeaderWorkerSet
        metadata: {name: llama-405b, namespace: serve}
        spec:
          replicas: 2
          startupPolicy: LeaderCreated
          leaderWorkerTemplate:
            size: 4
            restartPolicy: RecreateGroupOnPodRestart
            leaderTemplate:
              metadata: {labels: {role: leader}}
              spec:
                tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                containers:
                - name: leader
                  image: registry.invalid/serve:1
                  resources: {requests: {cpu: "32", memory: 400Gi}, limits: {nvidia.com/gpu: "8"}}
            workerTemplate:
              spec:
                tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                containers:
                - name: worker
                  image: registry.invalid/serve:1
                  resources: {requests: {cpu: "32", memory: 400Gi}, limits: {nvidia.com/gpu: "8"}}
        ---
        apiVersion: kubeflow.org/v2beta1
        kind: MPIJob
        metadata: {name: allreduce, namespace: hpc}
        spec:
          slotsPerWorker: 8
          launcherCreationPolicy: AtStartup
          runPolicy: {cleanPodPolicy: Running, schedulingPolicy: {minAvailable: 5}}
          mpiReplicaSpecs:
            Launcher:
              replicas: 1
              template:
                spec:
                  containers:
                  - name: launcher
                    image: registry.invalid/mpi:1
                    command: [mpirun, -np, "32", /opt/allreduce]
                    resources: {requests: {cpu: "1", memory: 2Gi}}
            Worker:
              replicas: 4
              template:
                spec:
                  tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                  containers:
                  - name: worker
                    image: registry.invalid/mpi:1
                    resources: {requests: {cpu: "90", memory: 1000Gi}, limits: {nvidia.com/gpu: 8, rdma/ib: 8}}
        ---
        apiVersion: kubeflow.org/v1
        kind: PyTorchJob
        metadata: {name: elastic-vit, namespace: ml}
        spec:
          nprocPerNode: "4"
          elasticPolicy: {rdzvBackend: c10d, minReplicas: 2, maxReplicas: 8, maxRestarts: 30}
          pytorchReplicaSpecs:
            Worker:
              replicas: 4
              restartPolicy: OnFailure
              template:
                spec:
                  tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                  priorityClassName: training
                  containers:
                  - name: pytorch
                    image: registry.invalid/vit:1
                    command: [torchrun, --nnodes=2:8, --nproc-per-node=4, train.py]
                    resources: {requests: {cpu: "24", memory: 200Gi}, limits: {nvidia.com/gpu: 4}}
        ---
        apiVersion: ray.io/v1
        kind: RayCluster
        metadata: {name: batch, namespace: ray}
        spec:
          enableInTreeAutoscaling: true
          headGroupSpec:
            rayStartParams: {}
            template:
              spec:
                containers:
                - name: ray-head
                  image: registry.invalid/ray:1
                  resources: {requests: {cpu: "4", memory: 16Gi}, limits: {cpu: "4", memory: 16Gi}}
          workerGroupSpecs:
          - groupName: single
            replicas: 3
            minReplicas: 1
            maxReplicas: 5
            rayStartParams: {}
            template:
              spec:
                tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                containers:
                - name: ray-worker
                  image: registry.invalid/ray:1
                  resources: {limits: {cpu: "8", memory: 64Gi, nvidia.com/gpu: 1}}
          - groupName: pair
            replicas: 2
            minReplicas: 0
            maxReplicas: 2
            numOfHosts: 2
            rayStartParams: {}
            template:
              spec:
                tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
                containers:
                - name: ray-worker
                  image: registry.invalid/ray:1
                  resources: {limits: {cpu: "64", memory: 512Gi, nvidia.com/gpu: 8}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: shard-embed, namespace: ml}
        spec:
          completionMode: Indexed
          completions: 6
          parallelism: 3
          template:
            metadata: {labels: {app: shard-embed}}
            spec:
              restartPolicy: Never
              tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
              initContainers:
              - name: fetch
                image: registry.invalid/fetch:1
                resources: {requests: {cpu: "16", memory: 4Gi}}
              containers:
              - name: embed
                image: registry.invalid/embed:1
                resources: {requests: {cpu: "4", memory: 32Gi}, limits: {nvidia.com/gpu: 2}}
        ---
        apiVersion: batch/v1
        kind: Job
        metadata: {name: not-yet, namespace: ml}
        spec:
          suspend: true
          completionMode: Indexed
          completions: 4
          parallelism: 4
          template:
            spec:
              restartPolicy: Never
              containers:
              - name: main
                image: registry.invalid/train:1
                resources: {limits: {nvidia.com/gpu: 8}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: chat, namespace: serve, labels: {app: chat}}
        spec:
          replicas: 3
          selector: {matchLabels: {app: chat}}
          template:
            metadata:
              labels: {app: chat}
              annotations: {berth.dev/gpu-memory-mib: "8000"}
            spec:
              tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
              containers:
              - name: server
                image: registry.invalid/chat:1
                resources: {requests: {cpu: "2", memory: 8Gi}, limits: {nvidia.com/gpu: 1}}
              - name: proxy
                image: registry.invalid/proxy:1
                resources: {requests: {cpu: 100m, memory: 64Mi}}
        """
}
