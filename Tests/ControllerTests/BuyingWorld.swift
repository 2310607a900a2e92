import CloudProviders
import ClusterImport
import FakeKubernetesAPI
import Foundation
import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// What worlds share in which the controller buys.
enum BuyingWorld {
    /// With the controller's account and the rights that the manifests give it; the token is the account's.
    ///
    /// - Parameter components: Of `manifests/components`, each with an `rbac.yaml`.
    static func server(components: [String]) throws -> (server: FakeAPIServer, token: String) {
        var server = FakeAPIServer(now: { Int64(Date().timeIntervalSince1970) })
        server.define(group: "scheduling.x-k8s.io", version: "v1alpha1", plural: "podgroups", kind: "PodGroup")
        let manifests =
            try ["namespace.yaml", "service-account.yaml", "rbac.yaml"].flatMap { try PermissionTests.objects($0) }
            + components.flatMap { try PermissionTests.objects("rbac.yaml", in: "components/\($0)") }
        for object in manifests { _ = server.restore(object) }
        let token = server.issueToken(namespace: "berth-system", serviceAccount: "berth") ?? ""
        return (server, token)
    }

    static func offering(_ zone: String) -> OfferingKey {
        OfferingKey(instanceType: "gpu-8", zone: zone, capacityType: .spot)
    }

    /// Spot machines of eight GPUs from a simulated cloud, the first zone cheapest.
    static func configuration(zones: [String], priceStepMicroUSD: Int64) -> BerthConfiguration {
        var pool = PoolSettings(name: "gpus", instanceTypes: ["gpu-8"], zones: zones)
        pool.capacityTypes = [.spot]
        pool.provider = .simulated
        pool.machineTypes = [
            .init(
                name: "gpu-8", cpuCount: 96, memoryMiB: 1 << 20, deviceResource: .nvidiaGPU, deviceCount: 8,
                monthlyInterruptionPercent: 5)
        ]
        pool.prices = zones.enumerated().map { index, zone in
            .init(
                instanceType: "gpu-8", capacityType: .spot, zone: zone,
                microUSDPerHour: 9_000_000 + Int64(index) * priceStepMicroUSD)
        }
        var configuration = BerthConfiguration()
        configuration.pools = [pool]
        return configuration
    }
}

extension KubernetesClient {
    /// A gated pod of eight GPUs, member of the pod group `pair`.
    func addGatedMember(_ name: String) async throws {
        let amounts: JSONTree = ["cpu": "8", "nvidia.com/gpu": "8"]
        try await self.create(
            [
                "metadata": ["name": .string(name), "labels": ["scheduling.x-k8s.io/pod-group": "pair"]],
                "spec": [
                    "schedulingGates": [["name": "berth.dev/placement"]],
                    "containers": [
                        ["name": "main", "image": "i", "resources": ["requests": amounts, "limits": amounts]]
                    ],
                ],
            ], in: ResourcePath(apiVersion: "v1", plural: "pods", namespace: "default"))
    }

    /// What a kubelet does on a machine that was bought.
    func join(_ machine: LaunchedMachine) async throws {
        let name = JSONTree.string(machine.id.rawValue)
        let amounts: JSONTree = ["cpu": "96", "memory": "1000Gi", "pods": "110", "nvidia.com/gpu": "8"]
        try await self.create(
            [
                "metadata": [
                    "name": name,
                    "labels": [
                        "kubernetes.io/hostname": name, "berth.dev/pool": "gpus",
                        "topology.kubernetes.io/zone": .string(machine.offering.zone),
                    ],
                ],
                "spec": ["providerID": .string(machine.providerID ?? "")],
                "status": ["allocatable": amounts, "conditions": [["type": "Ready", "status": "True"]]],
            ], in: .nodes)
    }
}
