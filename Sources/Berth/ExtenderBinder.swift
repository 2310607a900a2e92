import ClusterImport
import KubernetesAPI
import KubernetesClient
import SchedulerExtender
import SchedulingModel

/// Posts the bindings that kube-scheduler leaves to the extender.
///
/// No lease is asked: the scheduler has decided, and the UID is the precondition.
struct ExtenderBinder: PodBinder {
    let client: KubernetesClient

    func pod(_ key: PodKey) async throws(PodBindingFailure) -> ManifestObject? {
        let path = ResourcePath.pod(key.namespace, key.name)
        do throws(KubernetesError) {
            let document = try await self.client.get(path)
            return ManifestObject(
                apiVersion: "v1", kind: "Pod", value: document.root, origin: ManifestOrigin(file: path.target))
        } catch {
            if error.status?.code == 404 { return nil }
            throw PodBindingFailure(.failed, "reading \(key): \(error)")
        }
    }

    func bind(
        _ key: PodKey, uid: String, to node: NodeName, devices: DeviceAnnotation?
    ) async throws(PodBindingFailure) {
        let annotations = devices.map { [(DeviceAnnotation.key, $0.text)] } ?? []
        do throws(KubernetesError) {
            try await self.client.bind(
                key.namespace, key.name, uid: uid, to: node.rawValue, annotations: annotations)
        } catch {
            let code: PodBindingFailure.Code = error.status?.code == 409 ? .conflict : .failed
            throw PodBindingFailure(code, "binding \(key) to \(node): \(error)")
        }
    }
}
