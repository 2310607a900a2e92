package import ControlLoop
package import KubernetesAPI
import KubernetesClient
import SchedulingModel

/// A claim as it is written down: a ConfigMap beside the lease, named like the launch's client token.
package enum LaunchClaimObject {
    /// Tells claims from what else is in the namespace.
    static let label = "berth.dev/launch-claim"

    /// - Parameter namespace: Nil for those of all namespaces.
    static func collection(_ namespace: String?) -> ResourcePath {
        ResourcePath(apiVersion: "v1", plural: "configmaps", namespace: namespace)
    }

    static func json(_ claim: LaunchClaim, namespace: String) -> JSONTree {
        var metadata: JSONTree = [
            "name": .string(claim.token), "namespace": .string(namespace),
            "labels": .object([.init(Self.label, "true")]),
        ]
        if claim.version > 0 { metadata["resourceVersion"] = .string(String(claim.version)) }
        var data: JSONTree = [
            "pool": .string(claim.pool), "instanceType": .string(claim.offering.instanceType),
            "zone": .string(claim.offering.zone), "capacityType": .string(claim.offering.capacityType.rawValue),
            "count": .string(String(claim.count)), "since": .string(String(claim.sinceMillis)),
            "phase": .string(claim.phase.rawValue),
            "machines": .string(Self.text(claim.machines)),
        ]
        if let group = claim.group { data["group"] = .string("\(group)") }
        if let node = claim.replaces { data["replaces"] = .string(node.rawValue) }
        if claim.restsUntilMillis > 0 { data["restsUntil"] = .string(String(claim.restsUntilMillis)) }
        return ["apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data]
    }

    /// Nil for what is no claim, or cannot be read as one: its machines are found by the provider's list then.
    package static func claim(_ object: ManifestObject) -> LaunchClaim? {
        guard object.kind == "ConfigMap", object.value["metadata"]?["labels"]?[Self.label]?.string == "true",
            let data = object.value["data"]
        else { return nil }
        func text(_ key: String) -> String? { data[key]?.string }
        guard let pool = text("pool"), let type = text("instanceType"), let zone = text("zone"),
            let capacityType = text("capacityType").flatMap(CapacityType.init(rawValue:)),
            let count = text("count").flatMap({ Int($0) }), count > 0,
            let since = text("since").flatMap({ Int64($0) }),
            let phase = text("phase").flatMap(LaunchClaim.Phase.init(rawValue:)),
            let machines = Self.machines(text("machines") ?? "")
        else { return nil }
        var claim = LaunchClaim(
            token: object.key.name, pool: pool,
            offering: OfferingKey(instanceType: type, zone: zone, capacityType: capacityType), count: count,
            group: text("group").flatMap(Self.group), sinceMillis: since, phase: phase, machines: machines,
            version: object.version)
        claim.replaces = text("replaces").map { NodeName($0) }
        claim.restsUntilMillis = text("restsUntil").flatMap { Int64($0) } ?? 0
        return claim
    }

    private static func group(_ text: String) -> PodGroupKey? {
        guard let slash = text.firstIndex(of: "/") else { return nil }
        return PodGroupKey(namespace: String(text[..<slash]), name: String(text[text.index(after: slash)...]))
    }

    /// `id=phase`, with commas between them.
    static func text(_ machines: [LaunchClaim.Machine]) -> String {
        machines.map { "\($0.id)=\($0.phase.rawValue)" }.joined(separator: ",")
    }

    private static func machines(_ text: String) -> [LaunchClaim.Machine]? {
        var machines: [LaunchClaim.Machine] = []
        for part in text.split(separator: ",") {
            guard let equals = part.lastIndex(of: "="),
                let phase = LaunchClaim.Machine.Phase(rawValue: String(part[part.index(after: equals)...]))
            else { return nil }
            machines.append(LaunchClaim.Machine(id: MachineID(String(part[..<equals])), phase: phase))
        }
        return machines.sorted { $0.id < $1.id }
    }
}
