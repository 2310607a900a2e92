import KubernetesAPI
import Testing

@Suite("A pod")
struct PodTests {
    @Test("is read with what it asks for")
    func demand() throws {
        let text = pod(
            spec: """
                {containers: [{name: c, resources: {requests: {cpu: 500m}, limits: {nvidia.com/gpu: 8}, claims: [{name: g, request: r}]},
                  ports: [{containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1, protocol: UDP}, {containerPort: 81}],
                  env: [{name: RANK, value: "3"}, {name: FROM, valueFrom: {fieldRef: {}}}]}],
                 initContainers: [{name: s, restartPolicy: Always}, {name: i}],
                 resources: {requests: {memory: 1Gi}}, overhead: {cpu: 10m}, hostNetwork: true, runtimeClassName: kata,
                 volumes: [{name: v, persistentVolumeClaim: {claimName: data}}, {name: x, emptyDir: {}},
                  {name: e, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: fast}}}}],
                 resourceClaims: [{name: g, resourceClaimTemplateName: t}]}
                """)
        let (pod, findings) = try read(text, as: Pod.self)
        let spec = try #require(pod?.spec)
        #expect(findings == [])
        #expect(!spec.hasErrors)
        let container = try #require(spec.containers.first)
        #expect(container.resources.requests.mapValues(\.text) == ["cpu": "500m"])
        #expect(container.resources.limits.mapValues(\.text) == ["nvidia.com/gpu": "8"])
        #expect(container.resources.claims.map(\.request) == ["r"])
        #expect(container.ports.map(\.hostPort) == [8080, nil])
        #expect(container.ports.map(\.transport) == ["UDP", "TCP"])
        #expect(container.environment == ["RANK": "3"])
        #expect(spec.initContainers.map(\.isSidecar) == [true, false])
        #expect(spec.resources.requests.mapValues(\.text) == ["memory": "1Gi"])
        #expect(spec.overhead.mapValues(\.text) == ["cpu": "10m"])
        #expect(spec.usesHostNetwork)
        #expect(spec.runtimeClassName == "kata")
        #expect(
            spec.volumes.map(\.source) == [
                .persistentVolumeClaim(name: "data"), .other, .ephemeral(storageClassName: "fast"),
            ])
        #expect(spec.resourceClaims.map(\.resourceClaimTemplateName) == ["t"])
    }

    @Test("is read with what it says about scheduling")
    func scheduling() throws {
        let text = pod(
            spec: """
                {nodeName: "", schedulerName: berth, schedulingGates: [{name: g}], priority: 10, priorityClassName: high,
                 preemptionPolicy: Never, nodeSelector: {zone: a, empty: null}, schedulingGroup: {podGroupName: pg},
                 workloadRef: {name: w, podGroup: p}}
                """)
        let spec = try #require(try read(text, as: Pod.self).object?.spec)
        #expect(spec.nodeName == nil)
        #expect(spec.schedulerName == "berth")
        #expect(spec.schedulingGates == ["g"])
        #expect(spec.priority == 10)
        #expect(spec.priorityClassName == "high")
        #expect(spec.preemptionPolicy == .never)
        #expect(spec.nodeSelector == ["zone": "a", "empty": ""])
        #expect(spec.schedulingGroupName == "pg")
        #expect(spec.workloadReference?.podGroup == "p")
    }

    @Test("is read with its metadata and status")
    func metadataAndStatus() throws {
        let text = """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"ml","uid":"u","labels":{"l":"1"},
              "annotations":{"n":""},"creationTimestamp":"2026-01-02T03:04:05Z","deletionTimestamp":"2026-01-02T03:04:06Z",
              "ownerReferences":[{"kind":"X","name":"x"},{"apiVersion":"batch/v1","kind":"Job","name":"j","controller":true}]},
             "spec":{"nodeName":"n1"},
             "status":{"phase":"Failed","nominatedNodeName":"n2",
              "conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]}}
            """
        let (found, findings) = try read(text, as: Pod.self)
        let pod = try #require(found)
        #expect(findings == [])
        #expect(pod.metadata.namespace == "ml")
        #expect(pod.metadata.uid == "u")
        #expect(pod.metadata.labels == ["l": "1"])
        #expect(pod.metadata.annotations == ["n": ""])
        #expect(pod.metadata.creationSeconds == 1_767_323_045)
        #expect(pod.metadata.isTerminating)
        #expect(pod.metadata.controller?.kind == "Job")
        #expect(pod.spec.nodeName == "n1")
        #expect(pod.isTerminal)
        #expect(pod.nominatedNodeName == "n2")
        #expect(pod.condition("PodScheduled")?.reason == "Unschedulable")
    }

    @Test("keeps what is good beside a bad field, and says that something is missing")
    func badFields() throws {
        let text = pod(
            spec: """
                {containers: [{name: c, resources: {limits: {nvidia.com/gpu: many, cpu: 1}}, ports: [{hostPort: 70000}]}, 5],
                 nodeName: 7, priority: high, hostNetwork: "true", preemptionPolicy: Sometimes, nodeSelector: {a: 1},
                 overhead: [], tolerations: {}}
                """)
        let (found, findings) = try read(text, as: Pod.self)
        let pod = try #require(found)
        #expect(pod.hasErrors)
        #expect(pod.spec.containers.map(\.name) == ["c"])
        #expect(pod.spec.containers.first?.resources.limits.mapValues(\.text) == ["cpu": "1"])
        #expect(
            findings == [
                "spec.containers[0].resources.limits.nvidia.com/gpu: found \"many\", expected a quantity such as 2, 500m or 1.5Gi",
                "spec.containers[0].ports[0].hostPort: found 70000, expected a whole number from 0 to 65535",
                "spec.containers[1]: found 5, expected an object",
                "spec.overhead: found an array, expected an object",
                "spec.hostNetwork: found \"true\", expected true or false",
                "spec.nodeName: found 7, expected a string",
                "spec.nodeSelector.a: found 1, expected a string",
                "spec.tolerations: found an object, expected an array",
                "spec.priority: found \"high\", expected a whole number",
                "spec.preemptionPolicy: found \"Sometimes\", expected Never or PreemptLowerPriority",
            ])
    }

    @Test(
        "means nothing without a name and a spec",
        arguments: [
            ("{spec: {}}", "metadata: found nothing, expected an object"),
            ("{metadata: {}, spec: {}}", "metadata.name: found nothing, expected a string that is not empty"),
            (
                "{metadata: {name: ''}, spec: {}}",
                "metadata.name: found \"\", expected a string that is not empty"
            ),
            ("{metadata: {name: 5}, spec: {}}", "metadata.name: found 5, expected a string"),
            ("{metadata: {name: a}}", "spec: found nothing, expected an object"),
            ("{metadata: {name: a}, spec: []}", "spec: found an array, expected an object"),
        ])
    func required(fields: String, finding: String) throws {
        let text = "{apiVersion: v1, kind: Pod, \(fields.dropFirst())"
        let (pod, findings) = try read(text, as: Pod.self)
        #expect(pod == nil)
        #expect(findings == [finding])
    }

    @Test("with a key that stands twice is read with the last one, and a warning")
    func duplicateKeys() throws {
        let text = pod(spec: "{priority: 1, priority: 2, nodeSelector: {a: x, a: z}}")
        let (pod, findings) = try read(text, as: Pod.self)
        #expect(pod?.spec.priority == 2)
        #expect(pod?.spec.nodeSelector == ["a": "z"])
        #expect(pod?.hasErrors == false)
        #expect(
            findings == [
                "spec.nodeSelector.a: found a key that stands twice, expected one; the last counts",
                "spec.priority: found a key that stands twice, expected one; the last counts",
            ])
    }

    @Test("with very many bad fields is reported with a hundred and the count of the rest")
    func manyFindings() throws {
        let labels = (0..<150).map { "l\($0): 1" }.joined(separator: ", ")
        let (_, findings) = try read(pod(spec: "{nodeSelector: {\(labels)}}"), as: Pod.self)
        #expect(findings.count == 101)
        #expect(findings.last == "-: found 50 more problems in this object, expected none")
    }

    @Test("may be a template without a name")
    func template() throws {
        let text = "{apiVersion: v1, kind: T, metadata: {labels: {a: b}}, spec: {containers: [{name: c}]}}"
        let template = try #require(try read(text, as: PodTemplateSpec.self).object)
        #expect(template.metadata.labels == ["a": "b"])
        #expect(template.spec.containers.map(\.name) == ["c"])
    }

    @Test(
        "has times as Kubernetes writes them",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-23T22:41:29Z", 1_795_473_689),
            ("2024-02-29T12:00:00Z", 1_709_208_000),
            ("2026-01-02T03:04:05.678901Z", 1_767_323_045), ("2026-01-02T04:34:05+01:30", 1_767_323_045),
            ("1969-12-31T23:59:59Z", -1), ("2026-01-02", nil), ("2026-13-02T03:04:05Z", nil), ("now", nil),
            ("2026-01-02T03:04:05", nil), ("2026-01-02T03:04:05+0100", nil), ("2026-01-02T03:04:05.Z", nil),
        ] as [(String, Int64?)])
    func times(text: String, seconds: Int64?) throws {
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a, creationTimestamp: \"\(text)\"}, spec: {}}"
        let (found, findings) = try read(pod, as: Pod.self)
        #expect(found?.metadata.creationSeconds == seconds)
        #expect(findings.isEmpty == (seconds != nil))
    }
}
