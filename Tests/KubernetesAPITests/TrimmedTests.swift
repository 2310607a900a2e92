import Foundation
import Testing

@testable import KubernetesAPI

@Suite("Objects in a document of their own, with what is read of them")
struct TrimmedTests {
    private static let odd = [
        "0", "-1", "18446744073709551615", "1.5e300", "true", "null", #""""#, #""é\n\u0000\"""#, "[]", "{}",
        "[[],[{}],[[[1]]]]",
        #"{"a":{"b":[1,2.5,{"c":"d"}],"e":null},"f":[{"a":1},2,"x",[3]],"a":2}"#,
    ]

    @Test("a whole copy says the same as the document it was made of, wherever the value stood", arguments: Self.odd)
    func copy(text: String) throws {
        let document = try JSONDocument.parse(#"{"before":[1,"x"],"it":\#(text),"after":{"y":2}}"#)
        let value = try #require(document.root["it"])
        let copy = JSONDocument(copying: value, keeping: .everything)
        #expect(copy.root.text == value.text)
        #expect(copy.root.kind == value.kind)
        #expect(Array(copy.root.elements.map(\.text)) == Array(value.elements.map(\.text)))
        // And once more from the copy.
        #expect(JSONDocument(copying: copy.root, keeping: .everything).root.text == value.text)
    }

    private func kept(_ text: String, _ rule: KeptMembers) throws -> String {
        let document = try JSONDocument.parse(text)
        return String(decoding: JSONDocument(copying: document.root, keeping: rule).root.text, as: UTF8.self)
    }

    @Test("rules keep members by name, through arrays, and leave alone what is no object")
    func rules() throws {
        let only = KeptMembers.only(["a": .whole("x"), "b": .everything])
        #expect(
            try self.kept(#"{"z":[{"a":1}],"a":[{"x":1,"y":2},7,[{"y":3}]],"b":{"y":4}}"#, only)
                == #"{"a":[{"x":1},7,[{"y":3}]],"b":{"y":4}}"#)
        #expect(try self.kept(#"{"a":"text"}"#, only) == #"{"a":"text"}"#)
        #expect(try self.kept("[1,2]", only) == "[1,2]")
        let except = KeptMembers.except(["a": .nothing, "b": .except(["c": .nothing])])
        #expect(try self.kept(#"{"a":1,"b":{"c":1,"d":2},"e":3,"a":4}"#, except) == #"{"b":{"d":2},"e":3}"#)
        #expect(try self.kept("{}", except) == "{}")
        let named = KeptMembers.only(["env": .named(["A", "B"], .whole("name", "value"))])
        #expect(
            try self.kept(
                #"{"env":[{"name":"A","value":1,"x":2},{"name":"C"},{"value":3},{"name":""},{"name":4},5,{"name":"C","name":"B"}]}"#,
                named)
                == #"{"env":[{"name":"A","value":1},{"value":3},{"name":""},{"name":4},5,{"name":"C","name":"B"}]}"#)
        #expect(try self.kept(#"{"env":{"name":"C"}}"#, named) == #"{"env":{"name":"C"}}"#)
    }

    /// A cluster that was dumped with `kubectl get -o json`.
    private static func dump() throws -> ManifestContents {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("examples/eks-p4d.json"))
        return data.withUnsafeBytes { ManifestReader.read($0, file: "dump") }
    }

    private func expectSame<Object: ObjectReadable & Equatable>(
        _ object: ManifestObject, as type: Object.Type
    ) throws {
        var before: [Finding] = []
        var after: [Finding] = []
        let whole = try #require(object.read(type, into: &before))
        #expect(object.trimmed().read(type, into: &after) == whole)
        #expect(before == after)
    }

    @Test("pods and nodes of a real cluster read the same afterwards, and are smaller")
    func realCluster() throws {
        let contents = try Self.dump()
        var sizes = (before: 0, after: 0)
        for object in contents.objects {
            switch object.kind {
            case "Pod": try self.expectSame(object, as: Pod.self)
            case "Node": try self.expectSame(object, as: Node.self)
            default: continue
            }
            sizes.before += object.value.text.count
            sizes.after += object.trimmed().value.text.count
        }
        #expect(sizes.after > 0)
        // A dump shows no managedFields, which are most of what is left out.
        #expect(sizes.after * 4 < sizes.before * 3)
    }

    @Test("every field of a pod that is read is kept")
    func everyField() throws {
        let text = """
            {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: ml, uid: u, generateName: g, labels: {l: x}, \
            annotations: {k: x}, creationTimestamp: "2026-01-01T00:00:00Z", deletionTimestamp: "2026-01-01T00:00:00Z", \
            ownerReferences: [{apiVersion: v1, kind: Job, name: j, uid: u, controller: true}]}, \
            spec: {containers: [{name: c, restartPolicy: Always, env: [{name: RANK, value: "3"}], \
            ports: [{containerPort: 1, hostPort: 2, hostIP: 1.2.3.4, protocol: UDP}], \
            resources: {requests: {cpu: 1}, limits: {cpu: 1}, claims: [{name: q, request: r}]}}], \
            initContainers: [{name: i, restartPolicy: Always}], resources: {limits: {cpu: 2}}, overhead: {cpu: 1m}, \
            nodeName: n1, nodeSelector: {a: b}, affinity: {nodeAffinity: \
            {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchFields: \
            [{key: metadata.name, operator: In, values: [n1]}]}]}}}, tolerations: [{key: k, operator: Exists}], \
            topologySpreadConstraints: [{maxSkew: 1, topologyKey: t, whenUnsatisfiable: DoNotSchedule}], \
            schedulerName: s, schedulingGates: [{name: g}], priority: 7, priorityClassName: p, preemptionPolicy: Never, \
            volumes: [{name: v, persistentVolumeClaim: {claimName: c}}, {name: w, emptyDir: {}}], hostNetwork: true, \
            resourceClaims: [{name: q, resourceClaimName: r}], schedulingGroup: {podGroupName: g}, \
            workloadRef: {name: w, podGroup: g, podGroupReplicaKey: k}, runtimeClassName: r, hostname: h, subdomain: d}, \
            status: {phase: Running, nominatedNodeName: n1, conditions: [{type: Ready, status: "True", reason: r, message: m}]}}
            """
        let object = try #require(ManifestReader.read(text, file: "test").objects.first)
        try self.expectSame(object, as: Pod.self)
        var findings: [Finding] = []
        let pod = try #require(object.trimmed().read(Pod.self, into: &findings))
        // Nothing stands as it does in a pod that says nothing.
        let silent = PodSpec()
        let (said, unsaid) = (Mirror(reflecting: pod.spec).children, Mirror(reflecting: silent).children)
        for (field, empty) in zip(said, unsaid) where field.label != "hasErrors" {
            #expect("\(field.value)" != "\(empty.value)", "\(field.label ?? "")")
        }
    }
}
