import ClusterImport
import KubernetesAPI
import SchedulingModel
import Testing

@Suite("Resolving gangs")
struct GangResolutionTests {
    @Test("a gang that its pods declare", arguments: GangConvention.declared)
    func declared(_ convention: GangConvention) {
        let world = GangWorld(convention.input)
        #expect(world.groups == convention.groups)
        #expect(world.findings.map(\.description) == [])
    }

    @Test("a gang that follows from a workload", arguments: GangConvention.inferred)
    func inferred(_ convention: GangConvention) {
        let world = GangWorld(convention.input)
        #expect(world.groups == convention.groups)
        #expect(world.findings.map(\.description) == [])
    }

    @Test("the order of the input changes nothing", arguments: GangConvention.declared + GangConvention.inferred)
    func order(_ convention: GangConvention) {
        let contents = ManifestReader.read(convention.input, file: "world.yaml")
        let worlds = [GangWorld(contents), GangWorld(contents, order: { -$0 })]
        #expect(worlds[0].resolution.memberships == worlds[1].resolution.memberships)
        #expect(worlds[0].groups == worlds[1].groups)
    }

    @Test("a PodGroup that is missing leaves the size to the job, and is told")
    func missingPodGroup() {
        let labels = "{scheduling.x-k8s.io/pod-group: g, training.kubeflow.org/job-name: t}"
        let world = GangWorld(
            """
            apiVersion: kubeflow.org/v1
            kind: PyTorchJob
            metadata: {name: t, namespace: ml}
            spec: {pytorchReplicaSpecs: {Worker: {replicas: 2, template: {spec: {}}}}}

            """ + .pod("t-worker-0", labels: labels) + .pod("t-worker-1", labels: labels))
        #expect(world.groups == ["ml/g: schedulerPlugins min 2 of 2; pods t-worker-0=0 t-worker-1=1"])
        #expect(
            world.findings.map(\.description) == [
                "world.yaml, document 2: Pod ml/t-worker-0: found PodGroup ml/g, which is not in the input, expected the PodGroup in the input; the gang is taken to need 2 of the 2 pods seen"
            ])
    }

    @Test("a PodGroup whose minMember cannot be read keeps its gang waiting")
    func brokenPodGroup() {
        let world = GangWorld(
            """
            apiVersion: scheduling.x-k8s.io/v1alpha1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {minMember: lots}

            """ + .pod("a", labels: "{scheduling.x-k8s.io/pod-group: g}"))
        #expect(
            world.groups == ["ml/g: schedulerPlugins min 1, problem: the PodGroup's minMember cannot be read; pods a=0"]
        )
        #expect(world.findings.map(\.severity) == [.error])
    }

    @Test("two gangs of one name get names of their own")
    func namesakes() {
        let world = GangWorld(
            .pod("a", annotations: "{berth.dev/pod-group: g}")
                + .pod("b", labels: "{kueue.x-k8s.io/pod-group-name: g}")
                + .pod("c", annotations: "{scheduling.k8s.io/group-name: g/x}")
                + .pod("d", annotations: "{scheduling.k8s.io/group-name: g-x}"))
        #expect(world.resolution.groups.map(\.key.name).sorted() == ["g", "g (kueue)", "g-x", "g-x (volcano)"])
        #expect(Set(world.resolution.memberships.values.map(\.group)).count == 4)
    }

    @Test("bound members count, terminal ones do not")
    func boundAndTerminal() {
        let world = GangWorld(
            .pod("a", labels: "{kueue.x-k8s.io/pod-group-name: g}", spec: "nodeName: n")
                + .pod("b", labels: "{kueue.x-k8s.io/pod-group-name: g}")
                + .pod("c", labels: "{kueue.x-k8s.io/pod-group-name: g}") + "status: {phase: Succeeded}\n")
        #expect(world.groups == ["ml/g: kueue min 2; pods a=0 b=1"])
    }

    @Test("our own min-member stands above the number of a PodGroup")
    func ownMinimumWins() {
        let world = GangWorld(
            """
            apiVersion: scheduling.x-k8s.io/v1alpha1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {minMember: 4}

            """
                + .pod(
                    "a", labels: "{scheduling.x-k8s.io/pod-group: g}", annotations: "{berth.dev/min-member: '2'}"))
        #expect(world.groups == ["ml/g: schedulerPlugins min 2; pods a=0"])
    }

    @Test("a composite group that is its own ancestor does not loop")
    func compositeCycle() {
        let world = GangWorld(
            """
            apiVersion: scheduling.k8s.io/v1alpha3
            kind: CompositePodGroup
            metadata: {name: x, namespace: ml}
            spec: {parentCompositePodGroupName: z}
            ---
            apiVersion: scheduling.k8s.io/v1alpha3
            kind: CompositePodGroup
            metadata: {name: z, namespace: ml}
            spec: {parentCompositePodGroupName: x}
            ---
            apiVersion: scheduling.k8s.io/v1beta1
            kind: PodGroup
            metadata: {name: g, namespace: ml}
            spec: {parentCompositePodGroupName: x, schedulingPolicy: {gang: {minCount: 1}}}

            """ + .pod("a", spec: "schedulingGroup: {podGroupName: g}"))
        #expect(world.resolution.memberships.count == 1)
    }

    @Test("a missing member leaves its rank free; a doubled one closes the ranks up")
    func ranks() {
        func member(_ name: String, _ index: Int) -> String {
            .pod(
                name, labels: "{kueue.x-k8s.io/pod-group-name: g}",
                annotations: "{batch.kubernetes.io/job-completion-index: '\(index)'}")
        }
        #expect(
            GangWorld(member("a", 2) + member("b", 0)).groups == ["ml/g: kueue min 2; pods b=0 a=2"])
        #expect(
            GangWorld(member("a", 2) + member("b", 0) + member("c", 2)).groups
                == ["ml/g: kueue min 3; pods b=0 a=1 c=2"])
    }
}
