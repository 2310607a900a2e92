import ArgumentParser
import ClusterImport
import Controller
import FakeKubernetesAPI
import Foundation
import HTTPServing
import KubernetesAPI
import KubernetesClient
import SchedulerExtender
import SchedulingModel
import Testing

@testable import Berth

@Suite("Bindings through the extender on the fake API server")
struct ExtenderBinderTests {
    private static func cluster() async throws -> (client: KubernetesClient, uid: String) {
        let server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        let client = KubernetesClient(transport: InProcessTransport(server))
        let pods = ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default")
        let pod: JSONTree = [
            "metadata": ["name": "p"], "spec": ["containers": [["name": "main", "image": "i"]]],
        ]
        let created = try await client.create(pod, in: pods)
        return (client, created.root["metadata"]?["uid"]?.string ?? "")
    }

    private static let key = PodKey(namespace: "default", name: "p")

    @Test("post once, with the devices, and find a pod that is bound or gone")
    func binds() async throws {
        let (client, uid) = try await Self.cluster()
        let binder = ExtenderBinder(client: client)
        let devices = DeviceAnnotation(parsing: "nvidia.com/gpu=3")
        try await binder.bind(Self.key, uid: uid, to: NodeName("n1"), devices: devices)
        let pod = try #require(try await binder.pod(Self.key))
        #expect(pod.uid == uid)
        #expect(pod.value["spec"]?["nodeName"]?.string == "n1")
        #expect(pod.value["metadata"]?["annotations"]?["berth.dev/devices"]?.string == "nvidia.com/gpu=3")
        let again = await #expect(throws: PodBindingFailure.self) {
            try await binder.bind(Self.key, uid: uid, to: NodeName("n2"), devices: nil)
        }
        #expect(again?.code == .conflict)
        let other = await #expect(throws: PodBindingFailure.self) {
            try await binder.bind(Self.key, uid: "other", to: NodeName("n2"), devices: nil)
        }
        #expect(other?.code == .conflict)
        #expect(try await binder.pod(PodKey(namespace: "default", name: "q")) == nil)
    }

    @Test("is a verb only where it is asked for")
    func verb() async throws {
        let (client, _) = try await Self.cluster()
        for (binder, status) in [(nil, 404), (ExtenderBinder(client: client), 400)] as [(ExtenderBinder?, Int)] {
            let calls = ExtenderCalls(extender: SchedulerExtender(), metrics: Metrics(), binder: binder)
            #expect(await calls.answer(ServedRequest(method: "POST", target: "/x/bind")).status == status)
            #expect(await calls.answer(ServedRequest(method: "POST", target: "/x/filter")).status == 400)
        }
    }

    @Test("is refused where nothing may be written or nobody listens")
    func flags() {
        for arguments in [
            ["--extender-bind"], ["--extender-listen", ":0", "--extender-bind", "--dry-run"],
            ["--extender-listen", ":0", "--extender-any-client"],
        ] {
            #expect(throws: (any Error).self) { try ControllerCommand.parse(arguments) }
        }
    }
}
